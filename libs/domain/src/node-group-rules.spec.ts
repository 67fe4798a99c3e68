import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  assertNodeCounts,
  assertNodeLabels,
  assertNoMasterGroup,
  assertWithinLimits,
  readNodeTaints,
} from './node-group-rules.js';

describe('counts of a node group', () => {
  const counts = (nodeCount: number, minNodeCount: number, maxNodeCount: number | null) => () =>
    assertNodeCounts('g', { nodeCount, minNodeCount, maxNodeCount });

  it('agree', () => {
    counts(3, 0, null)();
    counts(3, 3, 3)();
    counts(0, 0, 5)();
    counts(9, 1, 0)();
  });
  const refused: [number, number, number | null, string][] = [
    [3, 5, 4, 'max_node_count for g is invalid (min_node_count (5) should be less or equal to max_node_count (4)).'],
    [5, 1, 4, 'max_node_count for g is invalid (node_count (5) should be less or equal to max_node_count (4)).'],
    [0, 1, null, 'min_node_count for g is invalid (min_node_count (1) should be less or equal to node_count (0)).'],
  ];
  for (const [nodeCount, min, max, message] of refused) {
    it(message, () => assert.throws(counts(nodeCount, min, max), { status: 409, message }));
  }

  it('keep a resize inside the limits; null and 0 are none', () => {
    assertWithinLimits('g', 7, 1, null);
    assertWithinLimits('g', 7, 1, 0);
    assertWithinLimits('g', 7, 7, 7);
    assert.throws(() => assertWithinLimits('g', 0, 1, null), {
      status: 400,
      message: 'Resizing g outside the allowed range: min_node_count = 1, max_node_count = None',
    });
    assert.throws(() => assertWithinLimits('g', 8, 1, 7), { message: /min_node_count = 1, max_node_count = 7$/ });
  });

  it('of masters are not for new groups', () => {
    assertNoMasterGroup('worker');
    assert.throws(() => assertNoMasterGroup('master'), { status: 400 });
  });
});

describe('Kubernetes labels of a node group', () => {
  const taken = ['disk', 'example.com/x', 'node.kubernetes.io/x', 'a.kubelet.kubernetes.io/x', 'topology.kubernetes.io/zone'];
  for (const key of taken) it(`takes ${key}`, () => assertNodeLabels('g', 'worker', { [key]: 'v' }));
  const refused: [string, string][] = [
    ['kubernetes.io/x', 'v'],
    ['node-role.kubernetes.io/worker', ''],
    ['x.k8s.io/y', 'v'],
    ['a b', 'v'],
    ['a/b/c', 'v'],
    ['a', 'v v'],
    ['a', 'x'.repeat(64)],
  ];
  for (const [key, value] of refused) {
    it(`refuses ${key}=${value}`, () =>
      assert.throws(() => assertNodeLabels('g', 'worker', { [key]: value }), { status: 409, message: /^node_labels for g is/ }));
  }
  it('are not for masters', () => {
    assertNodeLabels('g', 'master', {});
    assert.throws(() => assertNodeLabels('g', 'master', { a: 'b' }), {
      message: 'node_labels for g is invalid (node_labels may not be set on master nodegroups).',
    });
  });
});

describe('taints of a node group', () => {
  it('are kept as they are', () => {
    const taints = [
      { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
      { key: 'x.io/y', effect: 'NoExecute' },
    ];
    assert.deepEqual(readNodeTaints('g', 'worker', taints), taints);
  });
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ effect: 'NoSchedule' }, /\(node_taints\[0\]\.key is required\)\.$/],
    [{ key: 'a', effect: 'Never' }, /\(node_taints\[0\]\.effect must be one of NoSchedule, PreferNoSchedule, NoExecute\)\.$/],
    [{ key: 'a' }, /effect must be/],
    [
      { key: 'a', effect: 'NoSchedule', x: 1, y: 2 },
      /\(node_taints\[0\] contains unrecognised field\(s\) x, y; allowed fields are key, value, effect\)\.$/,
    ],
    [{ key: 'a', effect: 'NoSchedule', value: 7 }, /value is not/],
    [{ key: 'a b', effect: 'NoSchedule' }, /key is not/],
  ];
  for (const [taint, message] of refused) {
    it(`refuses ${JSON.stringify(taint)}`, () =>
      assert.throws(() => readNodeTaints('g', 'worker', [taint]), { status: 409, message }));
  }
  it('are not for masters', () => {
    assert.throws(() => readNodeTaints('g', 'master', [{ key: 'a', effect: 'NoSchedule' }]), /may not be set on master/);
  });
});
