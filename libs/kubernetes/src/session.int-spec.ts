import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { it } from 'node:test';
import { createAuthority, issueClientCertificate, issueServerCertificate } from '#libs/pki';
import { clusterClient } from './index.js';

it('one line for several calls, and a short handshake for the next client that knows the session', async () => {
  const ca = await createAuthority('k1', 'ecdsa-p256');
  const { certPem: cert, keyPem: key } = await issueServerCertificate(ca, { names: [], ips: ['127.0.0.1'], days: 1 });
  const lines: boolean[] = [];
  const server = createServer({ cert, key, ca: ca.certPem, requestCert: true }, (_request, response) => {
    response.end('{"items":[]}');
  });
  server.on('secureConnection', (socket: TLSSocket) => lines.push(socket.isSessionReused()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = await issueClientCertificate(ca, { commonName: 'c', organizations: ['system:masters'], minutes: 5 });
  const endpoint = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: ca.certPem,
    ...client,
    connections: 1,
    session: { ticket: null },
  };
  for (let look = 0; look < 3; look++) {
    const kube = clusterClient(endpoint);
    await kube.ready();
    assert.deepEqual(await kube.rememberedNodes(), []);
    await kube.close();
  }
  server.closeAllConnections();
  server.close();
  assert.deepEqual(lines, [false, true, true]);
});
