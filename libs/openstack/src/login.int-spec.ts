import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { Cloud } from './cloud.js';
import { isNotFound, isUnauthorized } from './errors.js';

it('takes a login that is answered with 404 for a refusal, not for the absence of what was asked for', async () => {
  const server = createServer((_, response) => {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 404, title: 'Not Found', message: 'Could not find trust: t.' } }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const cloud = new Cloud({ authUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  try {
    const session = cloud.session({ kind: 'trust', userId: 'u', password: 'p', trustId: 't' });
    await assert.rejects(session.compute.servers.delete('s'), (error: Error) => {
      assert.deepEqual([isUnauthorized(error), isNotFound(error)], [true, false]);
      assert.match(error.message, /^identity: Could not find trust: t\./);
      return true;
    });
  } finally {
    await cloud.close();
    server.close();
  }
});
