import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planNodes, type PresentNode } from './plan-nodes.js';

const node = (slot: number, leaving = false): PresentNode => ({
  uuid: `0000000${slot}-0000-4000-8000-000000000000`,
  name: `k1-worker-${slot}`,
  slot,
  serverId: `aaaaaaa${slot}-0000-4000-8000-000000000000`,
  leavingSince: leaving ? new Date(0) : null,
});
const rows = (...slots: number[]): PresentNode[] => slots.map((slot) => node(slot));

describe('how a group gets its count', () => {
  const cases: [string, PresentNode[], number, string[], number[], number[], string[]][] = [
    ['as many as there are', rows(0, 1), 2, [], [], [], []],
    ['more take the lowest free slots', rows(1), 3, [], [], [0, 2], []],
    ['fewer: the highest leave', rows(0, 1, 4), 1, [], [1, 4], [], []],
    ['none', rows(0, 1), 0, [], [0, 1], [], []],
    ['named by server id', rows(0, 1, 2), 2, ['aaaaaaa0-0000-4000-8000-000000000000'], [0], [], []],
    ['named by machine id', rows(0, 1, 2), 2, ['AAAAAAA0000040008000000000000000'], [0], [], []],
    ['named by the node’s uuid', rows(0, 1, 2), 2, ['00000001-0000-4000-8000-000000000000'], [1], [], []],
    ['named by name and by slot', rows(0, 1, 2), 1, ['k1-worker-0', '1'], [0, 1], [], []],
    ['too few are named: the highest follow', rows(0, 1, 2, 3), 2, ['0'], [0, 3], [], []],
    ['too many are named: others come, in slots that are free', rows(0, 1, 2), 2, ['0', '2'], [0, 2], [3], []],
    ['nobody is called so', rows(0, 1), 1, ['7', 'k2-worker-0'], [1], [], ['7', 'k2-worker-0']],
    ['a leaving node counts no more, and keeps its slot', [node(0), node(1, true)], 2, [], [], [2], []],
    ['a leaving node may be named', [node(0), node(1, true)], 1, ['1'], [], [], []],
    ['a node named twice leaves once', rows(0, 1), 1, ['0', 'k1-worker-0'], [0], [], []],
  ];
  for (const [sentence, present, wanted, named, leaving, newSlots, unknown] of cases) {
    it(sentence, () => {
      const plan = planNodes(present, wanted, named);
      assert.deepEqual([plan.leaving.map(({ slot }) => slot), plan.newSlots, plan.unknown], [leaving, newSlots, unknown]);
    });
  }
});
