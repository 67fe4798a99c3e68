import { createBootstrapAuthority, issueServerCertificate } from '#libs/pki';
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { Cloud } from './cloud.js';
import { OpenStackError } from './errors.js';

const server = createServer((_, response) => response.writeHead(401).end('{"error":{"message":"who are you"}}'));
const clouds: Cloud[] = [];
let authUrl: string;
let caPem: string;

before(async () => {
  const ca = await createBootstrapAuthority();
  const { certPem, keyPem } = await issueServerCertificate(ca, { names: [], ips: ['127.0.0.1'], days: 1 });
  caPem = ca.certPem;
  server.setSecureContext({ cert: certPem, key: keyPem });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  authUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}/v3`;
});
after(async () => {
  for (const cloud of clouds) await cloud.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function refusal(caPem?: string): Promise<OpenStackError> {
  const cloud = new Cloud({ authUrl, caPem });
  clouds.push(cloud);
  const session = cloud.session({ kind: 'application-credential', id: 'a', secret: 's' });
  const error: unknown = await session.whoAmI().catch((reason: unknown) => reason);
  assert.ok(error instanceof OpenStackError);
  return error;
}

test('a cloud with an authority of its own is believed', async () => {
  assert.equal((await refusal(caPem)).message, 'identity: who are you');
});

test('a certificate that nobody vouches for ends it at once', async () => {
  const error = await refusal();
  assert.equal(error.httpStatus, null);
  assert.ok(!error.retryable && !error.sideEffectUnknown);
});
