import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeEntity, NodeGroupEntity } from '#libs/db';
import { KubernetesError, type NodeState } from '#libs/kubernetes';
import { RoleLabels, roleLabel } from './role-labels.js';

const groups = [
  { uuid: 'm', role: 'master' },
  { uuid: 'w', role: 'worker' },
] as NodeGroupEntity[];
const nodes = [
  { name: 'master-0', nodeGroupUuid: 'm' },
  { name: 'worker-0', nodeGroupUuid: 'w' },
  { name: 'worker-1', nodeGroupUuid: 'w' },
] as NodeEntity[];
const state = (name: string, labels: Record<string, string> = {}): NodeState => ({ name, labels }) as NodeState;
const { signal } = new AbortController();

describe('labels of roles', () => {
  it('are set once on the workers that lack them, and on nobody else’s node', async () => {
    const set: string[] = [];
    const client = { labelNode: async (name: string, labels: object) => void set.push(`${name} ${Object.keys(labels).join()}`) };
    const labels = new RoleLabels(client, nodes, groups, signal);
    const role = 'node-role.kubernetes.io/worker';
    for (let i = 0; i < 2; i++) labels.see([state('master-0'), state('worker-0'), state('worker-1', { [role]: '' }), state('x')]);
    await labels.done();
    assert.deepEqual(set, [`worker-0 ${role}`]);
  });

  it('that cannot be set fail what waits for them', async () => {
    const refused = new KubernetesError('no', { failure: 'answered', server: 's', method: 'PATCH', path: '/', httpStatus: 403 });
    const labels = new RoleLabels({ labelNode: () => Promise.reject(refused) }, nodes, groups, signal);
    labels.see([state('worker-0')]);
    await assert.rejects(labels.done(), refused);
  });

  it('are the role of the group, if that can be a label', () => {
    assert.equal(roleLabel({ role: 'gpu' }), 'node-role.kubernetes.io/gpu');
    assert.equal(roleLabel({ role: 'master' }), null);
    assert.equal(roleLabel({ role: 'a role' }), null);
  });
});
