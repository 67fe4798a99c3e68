import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Graph, GraphCycle, type Direction } from './graph.js';
import { walk, type Slot, type Walk, type WalkOptions } from './walk.js';

const graph = (edges: Record<string, string[]>): Graph => new Graph(new Map(Object.entries(edges)));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A walk whose nodes end when the test says so. */
class Driven {
  readonly begun: string[] = [];
  private readonly open = new Map<string, { done: () => void; fail: (error: Error) => void }>();
  readonly walk: Walk;

  constructor(edges: Record<string, string[]>, options: Partial<WalkOptions> = {}) {
    this.walk = walk(graph(edges), {
      direction: 'forward',
      visit: (name) => {
        this.begun.push(name);
        return new Promise<void>((done, fail) => this.open.set(name, { done, fail }));
      },
      ...options,
    });
  }

  async done(...names: string[]): Promise<void> {
    for (const name of names) this.open.get(name)?.done();
    await settled();
  }

  async fail(name: string): Promise<void> {
    this.open.get(name)?.fail(new Error(`${name} failed`));
    await settled();
  }
}

describe('a graph', () => {
  const cycles: [string, Record<string, string[]>, string][] = [
    ['two that need each other', { a: ['b'], b: ['a'] }, 'a b a'],
    ['itself', { a: ['a'] }, 'a a'],
    ['a ring behind a tail', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, 'b c d b'],
  ];
  for (const [says, edges, path] of cycles) {
    it(`names its cycle: ${says}`, () => {
      assert.throws(
        () => graph(edges),
        (error: unknown) => error instanceof GraphCycle && error.path.join(' ') === path,
      );
    });
  }

  it('takes a chain of a hundred thousand', () => {
    const chain = new Map(Array.from({ length: 100_000 }, (_, n) => [`n${n}`, n === 0 ? [] : [`n${n - 1}`]]));
    assert.equal(new Graph(chain).size, 100_000);
  });

  it('leaves out what is needed but not there', () => assert.deepEqual(graph({ a: ['gone'] }).before('a', 'forward'), []));
});

const DIAMOND = { net: [], left: ['net'], right: ['net'], top: ['left', 'right', 'left'] };

describe('a walk', () => {
  const orders: { direction: Direction; steps: string[][] }[] = [
    { direction: 'forward', steps: [['net'], ['left', 'right'], ['top']] },
    { direction: 'reverse', steps: [['top'], ['left', 'right'], ['net']] },
  ];
  for (const { direction, steps } of orders) {
    it(`goes ${direction}, all at once that can be`, async () => {
      const driven = new Driven(DIAMOND, { direction });
      for (const step of steps) {
        assert.deepEqual(driven.walk.state().underWay, step);
        await driven.done(...step);
      }
      assert.deepEqual(await driven.walk.finished, {
        completed: steps.flat(),
        failed: new Map(),
        notStarted: [],
        aborted: false,
      });
    });
  }

  it('starts a node the moment its own dependencies are done, whatever else is under way', async () => {
    const driven = new Driven({ a: [], slow: [], b: ['a'] });
    await driven.done('a');
    assert.deepEqual(driven.begun, ['a', 'slow', 'b']);
    assert.deepEqual(driven.walk.state(), { underWay: ['slow', 'b'], queued: [], completed: 1, total: 3 });
  });

  it('tells what a node waits for', async () => {
    const driven = new Driven(DIAMOND);
    await driven.done('net', 'left');
    assert.deepEqual(driven.walk.blockers('top'), ['left', 'right']);
    await driven.done('left');
    assert.deepEqual(driven.walk.blockers('top'), ['right']);
  });

  it('keeps to its bound, and lets those that only wait go out of it', async () => {
    let most = 0;
    let working = 0;
    const visit = async (_name: string, slot: Slot): Promise<void> => {
      most = Math.max(most, ++working);
      await settled();
      working--;
      await slot.rest(settled);
      most = Math.max(most, ++working);
      await settled();
      working--;
    };
    const edges = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`n${n}`, []]));
    const report = await walk(graph(edges), { direction: 'forward', visit, concurrency: 3 }).finished;
    assert.equal(report.completed.length, 20);
    assert.equal(most, 3);
  });

  it('lets every node wait at once', async () => {
    let resting = 0;
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const edges = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`n${n}`, []]));
    const visit = (_name: string, slot: Slot): Promise<void> => (resting++, slot.rest(() => gate));
    const all = walk(graph(edges), { direction: 'forward', visit, concurrency: 2 });
    await settled();
    assert.equal(resting, 5000);
    release();
    assert.equal((await all.finished).completed.length, 5000);
  });

  it('after a failure lets the siblings end, begins nothing new, and reports the root cause alone', async () => {
    const driven = new Driven({ a: [], b: [], afterA: ['a'], afterB: ['b'] });
    await driven.fail('a');
    await driven.done('b');
    const report = await driven.walk.finished;
    assert.deepEqual([...report.failed.keys()], ['a']);
    assert.deepEqual([report.completed, report.notStarted], [['b'], ['afterA', 'afterB']]);
  });

  it('reports several root causes', async () => {
    const driven = new Driven({ a: [], b: [] });
    await driven.fail('b');
    await driven.fail('a');
    assert.deepEqual([...(await driven.walk.finished).failed.keys()], ['b', 'a']);
  });

  it('goes on with what does not depend on the failure when told so', async () => {
    const driven = new Driven({ a: [], b: [], afterA: ['a'], afterB: ['b'] }, { onFailure: 'continue' });
    await driven.fail('a');
    await driven.done('b');
    await driven.done('afterB');
    const report = await driven.walk.finished;
    assert.deepEqual([report.completed, report.notStarted], [['b', 'afterB'], ['afterA']]);
  });

  it('begins nothing more once aborted, and ends when those under way have', async () => {
    const abort = new AbortController();
    const driven = new Driven(DIAMOND, { signal: abort.signal });
    abort.abort();
    await driven.done('net');
    assert.deepEqual(await driven.walk.finished, {
      completed: ['net'],
      failed: new Map(),
      notStarted: ['left', 'right', 'top'],
      aborted: true,
    });
  });

  it('of nothing is finished at once', async () => assert.equal((await new Driven({}).walk.finished).completed.length, 0));
});
