import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from './store.js';

interface Thing {
  readonly id: string;
  readonly owner: string;
  readonly size: number;
}

const things = (): { store: Store; table: ReturnType<typeof Store.prototype.table<Thing>> } => {
  const store = new Store();
  return { store, table: store.table<Thing>('things', ['owner']) };
};

test('a unit that throws takes back everything, indexes included', () => {
  const { store, table } = things();
  store.unit(() => table.insert({ id: '1', owner: 'a', size: 1 }));
  assert.throws(() =>
    store.unit(() => {
      table.patch('1', { owner: 'b' });
      table.insert({ id: '2', owner: 'b', size: 2 });
      table.remove('1');
      throw new Error('no');
    }),
  );
  assert.deepEqual(table.by('owner', 'a'), [{ id: '1', owner: 'a', size: 1 }]);
  assert.equal(table.count('owner', 'b'), 0);
});

test('nothing is written outside of a unit', () => {
  const { table } = things();
  assert.throws(() => table.insert({ id: '1', owner: 'a', size: 1 }), /outside of a unit/);
  assert.equal(table.size, 0);
});

test('a listener hears of each unit once, with the tables it touched', () => {
  const { store, table } = things();
  const heard: string[][] = [];
  const stop = store.onChange((names) => heard.push([...names]));
  store.unit(() => {
    table.insert({ id: '1', owner: 'a', size: 1 });
    table.patch('1', { size: 2 });
  });
  store.unit(() => undefined);
  stop();
  store.unit(() => table.remove('1'));
  assert.deepEqual(heard, [['things']]);
});
