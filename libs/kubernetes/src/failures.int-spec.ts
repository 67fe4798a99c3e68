import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createAuthority, issueClientCertificate } from '#libs/pki';
import {
  clusterClient,
  isConflict,
  isForbidden,
  isNotFound,
  isRetryable,
  isUnauthorized,
  isUnreachable,
  isUntrusted,
  KubernetesError,
} from './index.js';
import { ApiServer, failure } from './test/api-server.js';

const failed = async (work: Promise<unknown>): Promise<KubernetesError> => {
  const error = await work.then(
    () => assert.fail('it worked'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KubernetesError, String(error));
  return error;
};

describe('when the API', () => {
  let api: ApiServer;
  before(async () => {
    api = await ApiServer.start();
  });
  after(() => api.close());

  for (const [status, reason, predicate, retryable] of [
    [401, 'Unauthorized', isUnauthorized, false],
    [403, 'Forbidden', isForbidden, false],
    [404, 'NotFound', isNotFound, false],
    [409, 'AlreadyExists', isConflict, false],
    [422, 'Invalid', () => true, false],
    [429, 'TooManyRequests', () => true, true],
    [500, 'InternalError', () => true, true],
    [503, 'ServiceUnavailable', () => true, true],
  ] as const) {
    it(`answers ${status}, tells ${reason}`, async () => {
      const kube = api.on('GET /version', { ...failure(status, reason, 'its words'), headers: { 'retry-after': '2' } }).kube();
      const error = await failed(kube.version());
      assert.deepEqual([error.httpStatus, error.reason, error.message], [status, reason, 'kubernetes: its words']);
      assert.deepEqual([error.retryAfterMs, isRetryable(error), predicate(error)], [2000, retryable, true]);
      assert.equal(isUnreachable(error), false);
      await kube.close();
    });
  }

  it('is not ready, tells the failed checks', async () => {
    const text = '[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/x failed\nreadyz check failed';
    const kube = api.on('GET /readyz', { status: 500, text }).kube();
    const error = await failed(kube.ready());
    assert.equal(error.message, 'kubernetes: not ready: etcd failed: reason withheld; poststarthook/x failed');
    await kube.close();
  });

  it('is a proxy with a page of its own, tells no markup', async () => {
    const kube = api.on('GET /version', { status: 503, text: '<html>Bad\nGateway</html>' }).kube();
    assert.equal((await failed(kube.version())).message, 'kubernetes: GET /version was answered with 503');
    api.on('GET /version', { text: '<html>hello</html>' });
    const error = await failed(kube.version());
    assert.deepEqual([error.failure, isRetryable(error)], ['malformed', true]);
    await kube.close();
  });

  it('hangs, gives up in time and leaves no connection', async () => {
    const kube = api.on('GET /version', () => undefined).kube(60);
    const error = await failed(kube.version());
    assert.equal(error.failure, 'timeout');
    assert.equal(isUnreachable(error), true);
    assert.match(error.message, /did not answer GET \/version in 60 ms/);
    await kube.close();
  });

  it('hangs in the middle of its answer, gives up in time', async () => {
    const kube = api
      .on('GET /version', (_, response) => {
        response.writeHead(200).write('{"gitVersion":');
        return undefined;
      })
      .kube(60);
    assert.equal((await failed(kube.version())).failure, 'timeout');
    await kube.close();
  });

  it('hangs, is left at once when the signal is aborted', async () => {
    const arrived = withResolvers();
    const kube = api
      .on('GET /version', () => {
        arrived.resolve(undefined);
        return undefined;
      })
      .kube();
    const controller = new AbortController();
    const call = kube.version({ signal: controller.signal });
    await arrived.promise;
    const why = new Error('delete came');
    controller.abort(why);
    await assert.rejects(call, (error) => error === why);
    await assert.rejects(kube.version({ signal: controller.signal }), (error) => error === why);
    await kube.close();
  });

  it('is not there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const kube = clusterClient({ server: `https://127.0.0.1:${port}`, caPem: api.ca.certPem, ...api.client });
    const error = await failed(kube.version());
    assert.deepEqual([error.failure, error.reason, error.httpStatus], ['unreachable', 'ECONNREFUSED', null]);
    assert.equal(isUnreachable(error) && isRetryable(error), true);
    await kube.close();
  });

  it('breaks the connection off, or speaks no TLS', async () => {
    const hangUp = (socket: Socket): void => void socket.destroy();
    const otherProtocol = (socket: Socket): void => void socket.resume().end('SSH-2.0-x\r\n');
    for (const rude of [hangUp, otherProtocol]) {
      const server = createServer(rude);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const kube = clusterClient({ server: `https://127.0.0.1:${port}`, caPem: api.ca.certPem, ...api.client });
      assert.equal((await failed(kube.version())).failure, 'unreachable');
      await kube.close();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('has a certificate of another authority, sends it nothing', async () => {
    const other = await createAuthority('k1', 'ecdsa-p256');
    const kube = clusterClient({ server: api.url, caPem: other.certPem, ...api.client });
    const before = api.seen.length;
    const error = await failed(kube.version());
    assert.equal(isUntrusted(error), true);
    assert.equal(isUnreachable(error) || isRetryable(error), false);
    assert.match(error.message, /is not one of the cluster's/);
    assert.equal(api.seen.length, before);
    await kube.close();
  });

  it('has a certificate for another address, also when the environment waves it through', async () => {
    const elsewhere = await ApiServer.start({ certificateFor: '127.0.0.9' });
    const kept = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const kube = elsewhere.kube();
    try {
      assert.equal((await failed(kube.version())).failure, 'untrusted');
    } finally {
      if (kept === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = kept;
      await kube.close();
      await elsewhere.close();
    }
  });

  it('does not know our client certificate', async () => {
    const other = await createAuthority('k1', 'ecdsa-p256');
    const client = await issueClientCertificate(other, { commonName: 'c', organizations: ['system:masters'], minutes: 1 });
    const kube = clusterClient({ server: api.url, caPem: api.ca.certPem, ...client });
    const error = await failed(kube.version());
    assert.deepEqual([error.failure, error.httpStatus], ['unreachable', null]);
    await kube.close();
  });
});

function withResolvers(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
