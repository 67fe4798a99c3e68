import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedTaints } from './taints.js';

const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: 'then' };
const gpu = { key: 'gpu', value: 'a', effect: 'NoSchedule' };

describe('taints', () => {
  it('of others stay as they are', () => {
    assert.deepEqual(changedTaints([cordon, gpu], { set: [], remove: [gpu] }), [cordon]);
    assert.deepEqual(changedTaints([cordon], { set: [gpu], remove: [] }), [cordon, gpu]);
  });
  it('are known by key and effect: another value is a change, another effect another taint', () => {
    const b = { ...gpu, value: 'b' };
    const evicting = { ...gpu, effect: 'NoExecute' };
    assert.deepEqual(changedTaints([gpu, cordon], { set: [b], remove: [] }), [b, cordon]);
    assert.deepEqual(changedTaints([gpu], { set: [evicting], remove: [gpu] }), [evicting]);
    assert.deepEqual(changedTaints([gpu], { set: [gpu], remove: [gpu] }), [gpu]);
  });
});
