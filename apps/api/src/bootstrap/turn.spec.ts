import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MasterTurn } from '#libs/db';
import { isFirstMaster, isTurn } from './turn.js';

type State = 'waits' | 'joined' | 'leaves' | 'joined, leaves' | 'failed';
const masters = (...states: State[]): MasterTurn[] =>
  states.map((state, place) => ({
    uuid: `m${place}`,
    joined: state.startsWith('joined'),
    leaving: state.endsWith('leaves'),
    failed: state === 'failed',
  }));
const may = (states: State[], uuid: string, role = 'master'): boolean => isTurn(masters(...states), { uuid, role });

describe('whose turn it is', () => {
  it('is the first master at once, further ones one by one, workers after the first', () => {
    assert.ok(may(['waits', 'waits', 'waits'], 'm0'));
    assert.ok(!may(['waits', 'waits', 'waits'], 'm1'));
    assert.ok(!may(['waits', 'waits', 'waits'], 'w', 'worker'));
    assert.ok(may(['joined', 'waits', 'waits'], 'm1'));
    assert.ok(!may(['joined', 'waits', 'waits'], 'm2'));
    assert.ok(may(['joined', 'waits', 'waits'], 'w', 'worker'));
    assert.ok(may(['joined', 'joined', 'waits'], 'm2'));
    assert.ok(may(['joined', 'joined', 'joined'], 'm0'));
    assert.ok(!may([], 'w', 'worker'));
    assert.ok(!may(['joined'], 'stranger'));
  });

  it('is not held up by masters that leave or have given up', () => {
    assert.ok(may(['leaves', 'joined', 'waits'], 'm2'));
    assert.ok(may(['failed', 'joined', 'waits'], 'm2'));
    assert.ok(may(['joined, leaves', 'waits'], 'm1'));
    assert.ok(may(['waits', 'joined', 'joined'], 'm0'), 'a new master may have the lowest slot');
    assert.ok(!may(['waits', 'joined', 'waits'], 'm2'));
  });

  it('never is that of a master that leaves', () => {
    assert.ok(!may(['joined', 'leaves'], 'm1'));
    assert.ok(!may(['leaves', 'waits'], 'm0'));
  });

  it('stays that of a master that tries again', () => {
    assert.ok(may(['joined', 'failed', 'waits'], 'm1'));
  });
});

it('lets one master make the control plane, once', () => {
  const first = (states: State[], uuid: string): boolean => isFirstMaster(masters(...states), { uuid });
  assert.ok(first(['waits', 'waits'], 'm0'));
  assert.ok(!first(['waits', 'waits'], 'm1'));
  assert.ok(first(['leaves', 'waits'], 'm1'));
  assert.ok(!first(['joined', 'waits'], 'm1'));
  assert.ok(!first(['waits', 'joined'], 'm0'), 'the lowest slot of an upgraded cluster joins like all others');
  assert.ok(!first(['waits', 'joined, leaves'], 'm0'));
});
