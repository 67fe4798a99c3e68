import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextMove, type UpgradedNode } from './upgrade-move.js';

/** `o` old, `n` new and Ready, `.` new and not Ready yet, `x` leaving, `!` old and never Ready. */
const nodes = (states: string): UpgradedNode[] =>
  Array.from(states, (state, slot) => ({
    uuid: `u${slot}`,
    slot,
    leavingSince: state === 'x' ? new Date() : null,
    readyAt: '.!'.includes(state) ? null : new Date(),
    current: 'n.'.includes(state),
  }));
const told = (states: string, wanted: number, batch = 1): string => {
  const move = nextMove(nodes(states), wanted, batch);
  if ('nodes' in move) return `${move.kind} ${move.nodes.map((node) => node.slot).join()}`;
  return move.kind === 'add' ? `add ${move.count}` : move.kind;
};

describe('the next move of an upgrade', () => {
  it('adds, waits, takes one out for each, and is done', () => {
    assert.equal(told('ooo', 3), 'add 1');
    assert.equal(told('ooo.', 3), 'grow');
    assert.equal(told('ooon', 3), 'mark 0');
    assert.equal(told('xoon', 3), 'leave 0');
    assert.equal(told('oon', 3), 'add 1');
    assert.equal(told('nnn', 3), 'done');
    assert.equal(told('', 0), 'done');
  });

  it('goes in batches, the last one as small as what is left', () => {
    assert.equal(told('ooooo', 5, 2), 'add 2');
    assert.equal(told('ooooon.', 5, 2), 'grow');
    assert.equal(told('ooooonn', 5, 2), 'mark 0,1');
    assert.equal(told('onnnn', 5, 2), 'add 1');
  });

  it('goes on from what a broken one has left', () => {
    assert.equal(told('oxon', 3), 'leave 1');
    assert.equal(told('oon', 2), 'mark 0');
    assert.equal(told('on', 3), 'add 2', 'one that is missing comes too');
    assert.equal(told('o!', 2), 'mark 1', 'an old one that never came is not waited for');
    assert.equal(told('nnnn', 3), 'mark 3');
  });

  it('ends, whatever the state', () => {
    for (const start of ['ooo', 'o', 'oxo', 'on.', 'o!n', 'nnnnn', 'ooooo']) {
      for (const batch of [1, 2, 9]) {
        let states = start;
        for (let turn = 0; ; turn++) {
          assert.ok(turn < 60, `${start} by ${batch}`);
          const move = nextMove(nodes(states), 3, batch);
          if (move.kind === 'done') break;
          if (move.kind === 'grow') states = states.replaceAll('.', 'n');
          if (move.kind === 'add') states += '.'.repeat(move.count);
          if (move.kind === 'mark' || move.kind === 'leave') {
            const chosen = new Set(move.nodes.map((node) => node.slot));
            const becomes = move.kind === 'mark' ? 'x' : '';
            states = Array.from(states, (state, slot) => (chosen.has(slot) ? becomes : state)).join('');
          }
        }
        assert.equal(states, 'nnn');
      }
    }
  });
});
