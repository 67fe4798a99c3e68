import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LedgerNode } from '#libs/db';
import { chooseNodes, pauseMs, type HealedGroup } from './heal-plan.js';

const nodes = (group: string, role: 'master' | 'worker', count: number): LedgerNode[] =>
  Array.from({ length: count }, (_, slot) => ({
    uuid: `${group}${slot}`,
    nodeGroupUuid: group,
    name: `${group}-${String(slot).padStart(2, '0')}`,
    role,
    leaving: false,
    ready: true,
    unhealthyReason: null,
  }));
const group = (uuid: string, role: string, nodeCount: number): HealedGroup => ({ uuid, role, nodeCount });

describe('what heals by itself', () => {
  const cases: readonly [string, HealedGroup, string[], string[]][] = [
    ['a worker', group('w', 'worker', 3), ['w1'], ['w1']],
    ['one of a small group at a time', group('w', 'worker', 3), ['w0', 'w1', 'w2'], ['w0']],
    ['three of ten at a time', group('w', 'worker', 10), ['w0', 'w1', 'w2', 'w3', 'w4'], ['w0', 'w1', 'w2']],
    ['a master of three', group('m', 'master', 3), ['m2'], ['m2']],
    ['no master where most are lost', group('m', 'master', 3), ['m0', 'm2'], []],
    ['one master of five', group('m', 'master', 5), ['m0', 'm2'], ['m0']],
    ['never the only master', group('m', 'master', 1), ['m0'], []],
  ];
  for (const [name, one, unwell, expected] of cases) {
    it(name, () => {
      const own = nodes(one.uuid, one.role === 'master' ? 'master' : 'worker', one.nodeCount);
      assert.deepEqual(chooseNodes([one], own, new Set(unwell)), expected);
    });
  }

  it('waits twice as long after each repair that did not help, a day at most', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 50].map((repairs) => pauseMs(repairs) / 60_000),
      [0, 10, 20, 40, 1440],
    );
  });
});
