import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isTurn } from './turn.js';

const masters = (...joined: boolean[]): { uuid: string; joined: boolean }[] =>
  joined.map((is, place) => ({ uuid: `m${place}`, joined: is }));
const may = (state: boolean[], uuid: string, role = 'master'): boolean => isTurn(masters(...state), { uuid, role });

it('lets the first master go at once, further ones one by one, workers after the first', () => {
  assert.ok(may([false, false, false], 'm0'));
  assert.ok(!may([false, false, false], 'm1'));
  assert.ok(!may([false, false, false], 'w', 'worker'));
  assert.ok(may([true, false, false], 'm1'));
  assert.ok(!may([true, false, false], 'm2'));
  assert.ok(may([true, false, false], 'w', 'worker'));
  assert.ok(may([true, true, false], 'm2'));
  assert.ok(may([true, true, true], 'm0'));
  assert.ok(!may([], 'w', 'worker'));
  assert.ok(!may([true], 'stranger'));
});
