import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adopt } from './adopt.js';

const object = (id: string, created_at: string, ok = true): { id: string; created_at: string; ok: boolean } => ({
  id,
  created_at,
  ok,
});

const cases: [sentence: string, ours: ReturnType<typeof object>[], kept: string | null, removed: string[]][] = [
  ['nothing of ours: nothing', [], null, []],
  ['one: that one, whatever its state', [object('a', '1', false)], 'a', []],
  ['several: the oldest', [object('b', '2'), object('a', '1'), object('c', '3')], 'a', ['b', 'c']],
  ['several: the oldest that can be used', [object('a', '1', false), object('b', '2')], 'b', ['a']],
  ['none can be used: the oldest', [object('b', '2', false), object('a', '1', false)], 'a', ['b']],
  ['of one second: always the same', [object('z', '1'), object('y', '1')], 'y', ['z']],
];
for (const [sentence, ours, kept, removed] of cases) {
  test(sentence, async () => {
    const gone: string[] = [];
    const id = await adopt(
      ours,
      ({ ok }) => ok,
      async (one) => void gone.push(one.id),
    );
    assert.deepEqual([id, gone.sort()], [kept, removed]);
  });
}
