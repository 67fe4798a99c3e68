import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextRepair, type RepairedNode } from './repair-move.js';

const sound: RepairedNode = { uuid: '', slot: 0, leavingSince: null, readyAt: new Date(0), broken: false, down: false };
const nodes = (...kinds: Partial<RepairedNode>[]): RepairedNode[] =>
  kinds.map((kind, slot) => ({ ...sound, uuid: `n${slot}`, slot, ...kind }));
const broken = { broken: true };
const down = { broken: true, down: true };

/** Plays the moves out. @returns what was done, and the most and the fewest nodes that did something */
function play(start: RepairedNode[], wanted: number, atOnce: number): { moves: string[]; fewest: number; end: RepairedNode[] } {
  let rows = start;
  const moves: string[] = [];
  const working = (): number => rows.filter((one) => !one.down && one.readyAt !== null).length;
  let fewest = working();
  for (;;) {
    const move = nextRepair(rows, wanted, atOnce);
    if (move.kind === 'done') return { moves, fewest, end: rows };
    assert.ok(moves.length < 100, moves.join(' '));
    const named = 'nodes' in move ? move.nodes.map((one) => one.uuid) : [];
    moves.push('count' in move ? `add ${move.count}` : `${move.kind} ${named.join('+')}`.trim());
    if (move.kind === 'mark') rows = rows.map((one) => (named.includes(one.uuid) ? { ...one, leavingSince: new Date(0) } : one));
    else if (move.kind === 'leave') rows = rows.filter((one) => one.leavingSince === null);
    else if (move.kind === 'grow') rows = rows.map((one) => ({ ...one, readyAt: one.readyAt ?? new Date(0) }));
    else
      for (let count = move.count, slot = 0; count > 0; slot++) {
        if (rows.some((one) => one.slot === slot)) continue;
        rows = [...rows, { ...sound, uuid: `new${slot}`, slot, readyAt: null }];
        count--;
      }
    fewest = Math.min(fewest, working());
  }
}

describe('the moves of a repair', () => {
  const cases: readonly [string, RepairedNode[], number, number, string[]][] = [
    ['nothing is wrong', nodes({}, {}), 2, 9, []],
    ['a node that works: a new one comes first', nodes({}, broken), 2, 9, ['add 1', 'grow', 'mark n1', 'leave n1']],
    ['a node that is gone: its place is used again', nodes({}, down), 2, 9, ['mark n1', 'leave n1', 'add 1', 'grow']],
    [
      'one that never was Ready counts as gone',
      nodes({}, { ...broken, readyAt: null }),
      2,
      9,
      ['mark n1', 'leave n1', 'add 1', 'grow'],
    ],
    ['both kinds together', nodes(down, broken, {}), 3, 9, ['mark n0', 'leave n0', 'add 2', 'grow', 'mark n1', 'leave n1']],
    ['fewer than there should be', nodes({}), 3, 9, ['add 2', 'grow']],
    [
      'one at a time: masters',
      nodes(down, down, {}, {}, {}),
      5,
      1,
      ['mark n0', 'leave n0', 'mark n1', 'leave n1', 'add 1', 'grow', 'add 1', 'grow'],
    ],
    ['more than there should be: the broken one is not made again', nodes({}, broken, {}), 2, 1, ['mark n1', 'leave n1']],
  ];
  for (const [name, start, wanted, atOnce, expected] of cases) {
    it(name, () => assert.deepEqual(play(start, wanted, atOnce).moves, expected));
  }

  it('ends with the wanted number of sound nodes from any state, and never takes one that works before another is Ready', () => {
    const kinds = [{}, broken, down, { readyAt: null }, { leavingSince: new Date(0) }];
    for (let code = 0; code < kinds.length ** 4; code++) {
      const rows = nodes(...[0, 1, 2, 3].map((at) => kinds[Math.floor(code / kinds.length ** at) % kinds.length] ?? {}));
      for (const atOnce of [1, Infinity]) {
        const { fewest, end } = play(rows, 4, atOnce);
        assert.equal(end.length, 4);
        assert.ok(end.every((one) => !one.broken && one.readyAt !== null && one.leavingSince === null));
        const working = rows.filter((one) => !one.down && one.readyAt !== null && one.leavingSince === null).length;
        assert.ok(fewest >= working, JSON.stringify(rows));
      }
    }
  });
});
