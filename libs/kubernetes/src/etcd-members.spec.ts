import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubernetesError } from './errors.js';
import { etcdMembers } from './etcd.js';
import type { Transport } from './transport.js';

const pods = ['etcd-a', 'etcd-b'].map((name) => ({ metadata: { name }, spec: { nodeName: name }, status: {} }));
const list = '{"members":[{"ID":1,"name":"a","clientURLs":[]},{"ID":2,"name":"b","clientURLs":[]}]}';
const said = (stream: number, text: string): Event =>
  Object.assign(new Event('message'), { data: new Uint8Array([stream, ...Buffer.from(text)]).buffer });

/** Pods whose etcdctl answers, but for those that are cut off. */
function transport(cutOff: readonly string[], asked: string[]): Transport {
  return {
    server: 'https://k',
    json: async () => ({ items: pods }),
    webSocket: (path: string, query: URLSearchParams) => {
      const socket = Object.assign(new EventTarget(), { readyState: 1, binaryType: '', close: () => undefined });
      const pod = /pods\/([^/]+)/.exec(path)?.[1] ?? '';
      asked.push(pod);
      queueMicrotask(() => {
        if (cutOff.includes(pod)) {
          socket.dispatchEvent(said(2, 'Error: context deadline exceeded\n'));
          const details = { causes: [{ reason: 'ExitCode', message: '1' }] };
          socket.dispatchEvent(said(3, JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details })));
          return;
        }
        socket.dispatchEvent(said(1, query.getAll('command').includes('list') ? list : '[]'));
        socket.dispatchEvent(said(3, '{"status":"Success"}'));
      });
      return socket;
    },
  } as unknown as Transport;
}

it('asks the next member when one is cut off from the others', async () => {
  const asked: string[] = [];
  const members = await etcdMembers(transport(['etcd-a'], asked));
  assert.deepEqual(
    members.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.ok(asked.includes('etcd-b'));
});

it('says in its own words what etcd did not do, when none of them does it', async () => {
  await assert.rejects(etcdMembers(transport(['etcd-a', 'etcd-b'], [])), (error: unknown) => {
    assert.ok(error instanceof KubernetesError);
    assert.equal(error.reason, 'EtcdctlFailed');
    assert.match(error.message, /context deadline exceeded/);
    return true;
  });
});
