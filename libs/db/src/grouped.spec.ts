import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Grouped } from './grouped.js';

it('answers those who ask together with one piece of work, each with his own answer', async () => {
  const groups: string[][] = [];
  const grouped = new Grouped<string, string>(async (items) => {
    groups.push([...items]);
    await Promise.resolve();
    return items.map((item) => item.toUpperCase());
  });
  assert.equal(await grouped.run('alone'), 'ALONE');
  assert.deepEqual(await Promise.all(['a', 'b', 'a'].map((item) => grouped.run(item))), ['A', 'B', 'A']);
  assert.deepEqual(groups, [['alone'], ['a', 'b', 'a']]);
});

it('begins nothing for those who come while it works before that is done', async () => {
  const groups: number[] = [];
  let late: Promise<number> | undefined;
  const grouped: Grouped<number, number> = new Grouped<number, number>(async (items) => {
    groups.push(items.length);
    late ??= grouped.run(3);
    await new Promise((resolve) => setImmediate(resolve));
    return items;
  });
  await Promise.all([grouped.run(1), grouped.run(2)]);
  assert.equal(await late, 3);
  assert.deepEqual(groups, [2, 1]);
});

it('never takes two of the same key together, and keeps their order', async () => {
  const groups: string[][] = [];
  const grouped = new Grouped<string, string>(
    async (items) => (groups.push([...items]), items),
    (item) => item[0] ?? '',
  );
  await Promise.all(['a1', 'b1', 'a2', 'a3'].map((item) => grouped.run(item)));
  assert.deepEqual(groups, [['a1', 'b1'], ['a2'], ['a3']]);
});

it('fails for those who went together, not for those who come after', async () => {
  let runs = 0;
  const grouped = new Grouped<number, number>(async (items) => {
    if (++runs === 1) throw new Error('away');
    return items;
  });
  const together = await Promise.allSettled([grouped.run(1), grouped.run(2)]);
  assert.ok(together.every((result) => result.status === 'rejected'));
  assert.equal(await grouped.run(3), 3);
});
