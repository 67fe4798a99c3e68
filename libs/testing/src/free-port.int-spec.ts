import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from './free-port.js';

test('a free port is none that was given before, none in use, and none the kernel gives away by itself', async () => {
  const ports = [];
  for (let n = 0; n < 50; n++) ports.push(await freePort());
  assert.equal(new Set(ports).size, ports.length);
  for (const port of ports) assert.ok(port >= 20_000 && port < 30_000, String(port));

  const taken = createServer();
  const last = ports.at(-1) ?? 0;
  await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(last + 1, '127.0.0.1', resolve));
  try {
    assert.notEqual(await freePort(), last + 1);
  } finally {
    taken.close();
  }
});
