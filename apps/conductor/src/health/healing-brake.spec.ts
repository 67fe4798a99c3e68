import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brakeHealing } from './healing-brake.js';

const groups = [
  { uuid: 'm', name: 'default-master', role: 'master' },
  { uuid: 'w', name: 'default-worker', role: 'worker' },
  { uuid: 'x', name: 'extra', role: 'gpu' },
];
/** `m3 w4 x2`: so many nodes of each group, called m0, m1, ... */
function brake(sizes: string, ...notReady: string[]): { free: string[]; held: string | null } {
  const standing = sizes.split(' ').flatMap((size) => {
    const group = size.charAt(0);
    return Array.from({ length: Number(size.slice(1)) }, (_, i) => ({ uuid: `${group}${i}`, nodeGroupUuid: group }));
  });
  const { free, held } = brakeHealing(groups, standing, new Set(notReady), 50);
  return { free: [...free].toSorted(), held };
}

describe('the brake of healing', () => {
  it('lets single nodes go, and half of a group', () => {
    assert.deepEqual(brake('m1 w1', 'w0'), { free: ['w0'], held: null });
    assert.deepEqual(brake('m1 w4', 'w1', 'w3'), { free: ['w1', 'w3'], held: null });
    assert.deepEqual(brake('m3 w4', 'm0', 'w3'), { free: ['m0', 'w3'], held: null });
    assert.deepEqual(brake('m1 w2'), { free: [], held: null });
  });

  it('holds a group of which more is lost, and says how much; others go on', () => {
    const { free, held } = brake('m1 w4 x2', 'w0', 'w1', 'w2', 'x0');
    assert.deepEqual(free, ['x0']);
    assert.match(held ?? '', /3 of 4 nodes of group default-worker are NotReady at once \(more than 50 %\): none of them/);
  });

  it('suspects the network when every node is lost', () => {
    assert.match(brake('m1 w2', 'm0', 'w0', 'w1').held ?? '', /all 3 nodes are NotReady at once.*network/);
    assert.deepEqual(brake('m1 w2', 'm0', 'w0', 'w1').free, []);
    assert.deepEqual(brake('m1', 'm0').free, []);
  });

  it('replaces nothing while most masters are lost', () => {
    const { free, held } = brake('m3 w4', 'm0', 'm1', 'w0');
    assert.deepEqual(free, []);
    assert.match(held ?? '', /2 of 3 nodes of group default-master .*: nothing is replaced/);
  });
});
