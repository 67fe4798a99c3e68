import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { createOperationWorker, migrateQueue, OperationQueue } from './index.js';
import type { JobOutcome, JobsSettings, OperationWorker } from './index.js';

const redisUrl = process.env['TEST_REDIS_URL'] || undefined;
const backends = redisUrl ? (['postgres', 'redis'] as const) : (['postgres'] as const);
console.log(
  `queue backends under test: ${backends.join(', ')}${redisUrl ? '' : ' (TEST_REDIS_URL is not set: Redis is NOT tested)'}`,
);

const log = { warn: (): void => undefined };

for (const backend of backends) {
  describe(`operation jobs on ${backend}`, () => {
    let database: TestDatabase;
    let settings: JobsSettings;
    let queue: OperationQueue;
    const workers: OperationWorker[] = [];

    before(async () => {
      database = await testDatabase();
      settings = { databaseUrl: database.url, redisUrl: backend === 'redis' ? redisUrl : undefined, prefix: randomUUID() };
      await Promise.all([migrateQueue(settings), migrateQueue(settings)]);
      queue = new OperationQueue(settings, log);
      assert.equal(await queue.open(), true);
    });
    after(async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
      await database.close();
    });

    async function work(handler: (id: string) => Promise<JobOutcome>): Promise<OperationWorker> {
      const worker = createOperationWorker({ settings, concurrency: 4, handler, log });
      workers.push(worker);
      await worker.start();
      return worker;
    }

    it('swallows the double of a job that waits, and delivers an operation again after it was done', async () => {
      const id = randomUUID();
      await queue.add(id);
      await queue.add(id);
      assert.deepEqual(await queue.health(), { backend, ok: true, waiting: 1 });
      const seen = collector();
      const worker = await work(async (operationId) => (seen.push(operationId), { kind: 'done' }));
      await seen.reach(1);
      await until(async () => (await queue.health()).waiting === 0);
      // The finished job is removed a moment after its handler returned; before that an add is swallowed.
      await until(async () => (await queue.add(id), seen.items.length >= 2));
      await worker.close();
    });

    it('puts a job back when it is not its time, and keeps it when the handler throws nothing', async () => {
      const id = randomUUID();
      const seen = collector();
      const worker = await work(async (operationId) => {
        if (operationId !== id) return { kind: 'done' };
        seen.push(operationId);
        return seen.items.length < 3 ? { kind: 'again', afterMs: 20 } : { kind: 'done' };
      });
      await queue.add(id);
      await seen.reach(3);
      await worker.close();
    });

    it('hands a job that was put back on to another worker while the first one closes', async () => {
      const id = randomUUID();
      const order = collector();
      let stop = (): void => undefined;
      const stopping = new Promise<void>((resolve) => (stop = resolve));
      const first = await work(async (operationId) => {
        if (operationId !== id) return { kind: 'done' };
        order.push('first');
        await stopping;
        return { kind: 'again', afterMs: 0 };
      });
      await queue.add(id);
      await order.reach(1);
      const closing = first.close();
      const second = await work(async () => (order.push('second'), { kind: 'done' }));
      stop();
      await order.reach(2);
      await closing;
      assert.deepEqual(order.items, ['first', 'second']);
      await second.close();
    });
  });
}

describe('a queue that is away', () => {
  const nowhere = { databaseUrl: 'postgres://nobody@127.0.0.1:1/none' };
  for (const settings of [nowhere, { ...nowhere, redisUrl: 'redis://127.0.0.1:1' }]) {
    it(`is told as false and never thrown (${settings === nowhere ? 'postgres' : 'redis'})`, async () => {
      const queue = new OperationQueue(settings, log, 300);
      assert.equal(await queue.add(randomUUID()), false);
      assert.equal((await queue.health()).ok, false);
      await queue.close();
    });
  }
});

function collector(): { items: string[]; push: (item: string) => void; reach: (count: number) => Promise<void> } {
  const items: string[] = [];
  let wake: (() => void) | undefined;
  return {
    items,
    push: (item) => {
      items.push(item);
      wake?.();
    },
    reach: async (count) => {
      while (items.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
