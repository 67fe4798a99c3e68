import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { Graph } from '../graph/graph.js';
import { defineResource, type AnyResourceType } from '../resource.js';
import { isNothing, nextStep, removalGraph, rowsToAdd, rowsToRemove } from './plan.js';
import { nextPhysicalName, retiredName } from './row-names.js';
import type { WantedResource } from './wanted-stack.js';

const never = (): never => {
  throw new Error('a plan asks for nothing');
};
const type: AnyResourceType = defineResource({
  type: 'Test::Thing',
  properties: z.strictObject({
    fixed: z.string().optional(),
    size: z.union([z.number(), z.string().transform(Number)]).optional(),
    words: z.string().optional(),
    mode: z.string().default('plain'),
  }),
  updatable: ['size', 'words'],
  defaults: { words: '' },
  attributes: [],
  find: never,
  create: never,
  poll: never,
  update: never,
  remove: never,
  read: never,
});
const wanted = (properties: Record<string, unknown>): WantedResource => ({
  name: 'thing',
  type,
  definition: { properties },
  requires: [],
  properties: never,
});

interface TestRow {
  readonly name: string;
  readonly type: string;
  readonly action: 'INIT' | 'CREATE' | 'UPDATE' | 'DELETE';
  readonly status: 'IN_PROGRESS' | 'COMPLETE' | 'FAILED';
  readonly physicalId: string | null;
  readonly definition: Record<string, unknown> | null;
}
function row(state: string, properties: object | null, more: Partial<TestRow> & { unsure?: string[] } = {}): TestRow {
  const [action, status] = state.split(' ') as [TestRow['action'], TestRow['status']];
  const { unsure, ...rest } = more;
  const definition = properties && { properties, ...(unsure ? { unsure } : {}) };
  return { name: 'thing', type: 'Test::Thing', action, status, physicalId: 'id', definition, ...rest };
}
const next = (current: TestRow, properties: Record<string, unknown>, retired: TestRow[] = []): string => {
  const step = nextStep(current, () => retired, wanted(properties));
  if (step.kind === 'update') return `update ${step.changed.join(' ')}`.trim();
  return step.kind === 'restore' ? `restore ${step.row.name}` : step.kind;
};

describe('the next step of a resource', () => {
  const cases: [sentence: string, row: TestRow, properties: Record<string, unknown>, step: string][] = [
    ['nothing is there: make', row('INIT COMPLETE', null, { physicalId: null }), { size: 1 }, 'make'],
    ['it was removed: make', row('DELETE COMPLETE', { size: 1 }, { physicalId: null }), { size: 1 }, 'make'],
    ['it is half removed: finish that first', row('DELETE IN_PROGRESS', { size: 1 }), { size: 1 }, 'remove'],
    ['a removal has failed: again', row('DELETE FAILED', { size: 1 }), { size: 1 }, 'remove'],
    ['it is as wanted: keep', row('CREATE COMPLETE', { size: 1 }), { size: 1 }, 'keep'],
    ['spelt otherwise it is the same', row('UPDATE COMPLETE', { size: 1, mode: 'plain' }), { size: '1' }, 'keep'],
    ['in place', row('CREATE COMPLETE', { size: 1 }), { size: 2 }, 'update size'],
    ['gone, with a default: in place', row('CREATE COMPLETE', { words: 'a' }), {}, 'update words'],
    ['gone, and without a default: another object', row('CREATE COMPLETE', { size: 1 }), {}, 'replace'],
    ['not in place', row('CREATE COMPLETE', { fixed: 'a', size: 1 }), { fixed: 'b', size: 2 }, 'replace'],
    ['of another type', row('CREATE COMPLETE', { size: 1 }, { type: 'Test::Other' }), { size: 1 }, 'replace'],
    ['half made, as wanted: go on', row('CREATE IN_PROGRESS', { size: 1 }), { size: 1 }, 'make'],
    [
      'half made, otherwise in what can be changed: go on, then change',
      row('CREATE IN_PROGRESS', { size: 1 }),
      { size: 2 },
      'make',
    ],
    ['half made otherwise: take it away', row('CREATE FAILED', { fixed: 'a' }), { fixed: 'b' }, 'remove'],
    [
      'perhaps made, and otherwise: look for it and take it away',
      row('CREATE IN_PROGRESS', { size: 1 }, { physicalId: null }),
      { size: 2 },
      'remove',
    ],
    ['a change not seen to its end', row('UPDATE FAILED', { size: 1 }, { unsure: ['size'] }), { size: 2 }, 'update size'],
    [
      'and then taken back: is asked for too',
      row('UPDATE FAILED', { size: 1 }, { unsure: ['size'] }),
      { size: 1 },
      'update size',
    ],
    ['a change of which nothing is unsure: look at it', row('UPDATE IN_PROGRESS', { size: 1 }), { size: 1 }, 'update'],
    ['made before definitions were kept: as it is', row('CREATE COMPLETE', null), { size: 1 }, 'keep'],
  ];
  for (const [sentence, current, properties, step] of cases) {
    it(sentence, () => assert.equal(next(current, properties), step));
  }

  const old = row('CREATE COMPLETE', { fixed: 'a', size: 1 }, { name: 'thing~1' });
  it('takes back what was put aside', () => {
    assert.equal(next(row('CREATE COMPLETE', { fixed: 'b' }), { fixed: 'a', size: 1 }, [old]), 'restore thing~1');
    assert.equal(next(row('INIT COMPLETE', null), { fixed: 'a', size: 1 }, [old]), 'restore thing~1');
    assert.equal(next(row('CREATE FAILED', { fixed: 'b' }), { fixed: 'a', size: 2 }, [old]), 'restore thing~1');
  });
  it('rather the one that needs no change', () => {
    const other = row('CREATE COMPLETE', { fixed: 'a', size: 2 }, { name: 'thing~2' });
    assert.equal(next(row('INIT COMPLETE', null), { fixed: 'a', size: 2 }, [old, other]), 'restore thing~2');
  });
  it('but not one whose removal has begun, and not when it need not', () => {
    const leaving = { ...old, action: 'DELETE' as const, status: 'IN_PROGRESS' as const };
    assert.equal(next(row('INIT COMPLETE', null), { fixed: 'a', size: 1 }, [leaving]), 'make');
    assert.equal(next(row('CREATE IN_PROGRESS', { fixed: 'a' }), { fixed: 'a' }, [old]), 'make');
  });
});

describe('the rows of a plan', () => {
  const graph = new Graph(
    new Map([
      ['network', []],
      ['subnet', ['network']],
    ]),
  );
  const stack = { graph, has: (name: string) => graph.names.includes(name), typeNameOf: () => 'Test::Thing' };

  it('are added for what has none, with edges to what there is', () => {
    const added = rowsToAdd(
      [{ name: 'network', uuid: 'n', physicalName: 'k1-network' }],
      stack,
      () => 'new',
      (name) => `k1-${name}`,
    );
    assert.deepEqual(added, [{ uuid: 'new', name: 'subnet', type: 'Test::Thing', physicalName: 'k1-subnet', requires: ['n'] }]);
  });

  it('never share a physical name with an object that still stands', () => {
    const rows = [{ name: 'network~1', uuid: 'old', physicalName: 'k1-network' }];
    const [network] = rowsToAdd(
      rows,
      stack,
      () => 'new',
      (name) => `k1-${name}`,
    );
    assert.equal(network?.physicalName, 'k1-network-r2');
    assert.equal(nextPhysicalName('a', new Set(['a', 'a-r2'])), 'a-r3');
    assert.equal(retiredName('a', new Set(['a', 'a~1'])), 'a~2');
  });

  it('go when nothing is called so, or another has the place', () => {
    const rows = ['network', 'network~1', 'router', 'router~2'].map((name) => ({ name }));
    assert.deepEqual(
      rowsToRemove(rows, stack).map(({ name }) => name),
      ['network~1', 'router', 'router~2'],
    );
  });

  it('go in the order of what they were made from, not of who has the name now', () => {
    const rows = [
      { name: 'network~1', uuid: 'n1', requires: [] },
      { name: 'network', uuid: 'n2', requires: [] },
      { name: 'subnet~1', uuid: 's1', requires: ['n1'] },
    ];
    const order = removalGraph(rows);
    assert.deepEqual(order.before('network~1', 'reverse'), ['subnet~1']);
    assert.deepEqual(order.before('network', 'reverse'), []);
  });

  it('know when nothing is in the cloud', () => {
    assert.deepEqual(
      ['INIT COMPLETE', 'DELETE COMPLETE', 'DELETE FAILED', 'CREATE COMPLETE'].map((state) => isNothing(row(state, null))),
      [true, true, false, false],
    );
  });
});
