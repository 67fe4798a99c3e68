import assert from 'node:assert/strict';
import { it } from 'node:test';
import { dig, type Json } from '../kubernetes/kube-object.js';
import { SimulatedEtcd } from '../kubernetes/simulated-etcd.js';
import { postNodeStatus } from './simulated-kubelet.js';

const readyOf = (etcd: SimulatedEtcd): unknown => {
  const conditions = dig(etcd.get('/nodes', '', 'k1-worker-0')?.object, 'status', 'conditions') as Json[];
  return conditions.find((condition) => condition['type'] === 'Ready')?.['status'];
};

it('a machine that has gone does not speak for the one that has its name now', () => {
  const etcd = new SimulatedEtcd();
  const node = (serverId: string): void => {
    etcd.put('/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'k1-worker-0' },
      status: { nodeInfo: { systemUUID: serverId }, conditions: [] },
    });
  };
  node('old');
  postNodeStatus(etcd, { name: 'k1-worker-0', serverId: 'old' }, true);
  assert.equal(readyOf(etcd), 'True');
  node('new');
  postNodeStatus(etcd, { name: 'k1-worker-0', serverId: 'new' }, true);
  postNodeStatus(etcd, { name: 'k1-worker-0', serverId: 'old' }, 'unknown');
  assert.equal(readyOf(etcd), 'True');
  postNodeStatus(etcd, { name: 'k1-worker-0', serverId: 'new' }, 'unknown');
  assert.equal(readyOf(etcd), 'Unknown');
});
