import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Transient } from '#libs/domain';
import { StackFailed } from '../errors.js';
import { CLUSTER_NAMES, Scenario } from './test/scenario.js';
import { cloudError, type Fault } from './test/things.js';

const failed = async (work: Promise<unknown>): Promise<StackFailed> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StackFailed, String(error));
  return error;
};

describe('a failure in the middle of a create', () => {
  const broken = (): Scenario => {
    const scenario = new Scenario();
    scenario.cloud.fault('create', 'port-1', { when: 'before', error: cloudError(403, 'Quota exceeded for resources: port') });
    return scenario;
  };

  it('tells the root cause in the cloud’s own words', async () => {
    const scenario = broken();
    const error = await failed(scenario.create());
    const { logicalName, type, reason } = error.failures[0]!;
    assert.deepEqual([error.failures.length, logicalName, type], [1, 'port-1', 'Test::Instant']);
    assert.match(reason, /^Test::Instant k1-[0-9a-f]{12}-port-1: compute: Quota exceeded for resources: port$/);
    assert.equal(scenario.store.row(scenario.ref.uuid, 'port-1')?.statusReason, reason);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'CREATE FAILED');
  });

  it('lets siblings under way end and begins nothing else', async () => {
    const scenario = broken();
    await failed(scenario.create());
    const states = scenario.store.rowStates(scenario.ref.uuid);
    assert.deepEqual([states['port-0'], states['port-1']], ['CREATE COMPLETE', 'CREATE FAILED']);
    assert.deepEqual([states['server-1'], states['top']], ['INIT COMPLETE', 'INIT COMPLETE']);
  });

  it('can be followed by a create that goes on', async () => {
    const scenario = broken();
    await failed(scenario.create());
    await scenario.create();
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
  });

  it('can be followed by a delete that leaves nothing', async () => {
    const scenario = broken();
    await failed(scenario.create());
    await scenario.delete();
    assert.deepEqual(scenario.cloud.names(), []);
    assert.equal(scenario.store.rowStates(scenario.ref.uuid)['top'], 'INIT COMPLETE');
  });

  it('of several resources tells all root causes', async () => {
    const scenario = broken();
    scenario.cloud.fault('create', 'port-0', { when: 'before', error: cloudError(403, 'Quota exceeded') });
    const error = await failed(scenario.create());
    assert.deepEqual(
      error.failures.map(({ logicalName }) => logicalName),
      ['port-0', 'port-1'],
    );
    assert.match(error.message, /\(and 1 more\)$/);
  });
});

describe('an object that the cloud gives up', () => {
  it('is a failure with the reason; the next create removes it and makes another one', async () => {
    const scenario = new Scenario();
    scenario.cloud.broken.add('server-0');
    const error = await failed(scenario.create());
    assert.match(error.message, /server-0: no valid host was found/);
    const first = scenario.store.row(scenario.ref.uuid, 'server-0')?.physicalId;
    assert.ok(first);

    scenario.cloud.fault('find', 'server-0');
    const work = scenario.engine().apply(scenario.ref, scenario.run());
    await scenario.clock.until(scenario.clock.sleep(100));
    scenario.cloud.broken.clear();
    await scenario.clock.until(work);
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    assert.notEqual(scenario.store.row(scenario.ref.uuid, 'server-0')?.physicalId, first);
  });

  it('but has recovered since is kept', async () => {
    const scenario = new Scenario();
    scenario.cloud.broken.add('server-0');
    await failed(scenario.create());
    const first = scenario.store.row(scenario.ref.uuid, 'server-0')?.physicalId;
    scenario.cloud.broken.clear();
    await scenario.create();
    assert.equal(scenario.store.row(scenario.ref.uuid, 'server-0')?.physicalId, first);
    assert.equal(scenario.cloud.count('create', 'server-0'), 1);
  });
});

describe('a create call that throws', () => {
  const cases: { says: string; fault: Fault; creates: number; finds: number }[] = [
    {
      says: 'after the work was done, unheard: is found again',
      fault: { when: 'after', error: cloudError(null, 'socket hang up') },
      creates: 1,
      finds: 1,
    },
    {
      says: '500 after the work was done: is found again',
      fault: { when: 'after', error: cloudError(500, 'oops') },
      creates: 1,
      finds: 1,
    },
    {
      says: 'unheard before anything was done: is looked for, then made',
      fault: { when: 'before', error: cloudError(null, 'timeout') },
      creates: 2,
      finds: 1,
    },
    {
      says: '429: is made again without looking, it has done nothing',
      fault: { when: 'before', error: cloudError(429, 'slow down') },
      creates: 2,
      finds: 0,
    },
    {
      says: 'busy, later: is made again without looking',
      fault: { when: 'before', error: new Transient('busy', 700) },
      creates: 2,
      finds: 0,
    },
  ];
  for (const { says, fault, creates, finds } of cases) {
    it(says, async () => {
      const scenario = new Scenario();
      scenario.cloud.fault('create', 'server-1', fault);
      await scenario.create();
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
      assert.deepEqual([scenario.cloud.count('create', 'server-1'), scenario.cloud.count('find', 'server-1')], [creates, finds]);
      assert.equal(scenario.store.row(scenario.ref.uuid, 'server-1')?.attempts, 2);
    });
  }

  it('waits as long as the cloud asks', async () => {
    const scenario = new Scenario();
    scenario.cloud.fault('create', 'network', { when: 'before', error: cloudError(429, 'slow down', { retryAfterMs: 60_000 }) });
    const begun = scenario.clock.now();
    await scenario.create();
    assert.ok(scenario.clock.now() - begun > 60_000);
  });

  it('again and again: fails at the deadline with the last reason, and a delete leaves nothing', async () => {
    const scenario = new Scenario();
    const faults = Array.from({ length: 500 }, (): Fault => ({ when: 'after', error: cloudError(503, 'under maintenance') }));
    scenario.cloud.fault('create', 'network', ...faults);
    scenario.cloud.fault('find', 'network', ...faults);
    const deadline = new Date(scenario.clock.now() + 600_000);
    const error = await failed(scenario.create(undefined, scenario.run({ deadline })));
    assert.match(error.message, /network: timed out while .*; last: compute: under maintenance$/);
    assert.ok(scenario.clock.now() >= deadline.getTime() && scenario.clock.now() < deadline.getTime() + 1_000);
    assert.equal(scenario.cloud.count('create', 'network'), 1);
    scenario.cloud.fault('find', 'network');
    await scenario.delete();
    assert.deepEqual(scenario.cloud.names(), []);
  });
});

describe('the deadline', () => {
  it('ends the waiting for an object that never becomes ready', async () => {
    const scenario = new Scenario();
    scenario.cloud.stuck.add('server-1');
    const deadline = new Date(scenario.clock.now() + 60_000);
    const error = await failed(scenario.create(undefined, scenario.run({ deadline })));
    assert.match(error.message, /server-1: timed out while waiting until it is ready$/);
    assert.ok(scenario.clock.now() - deadline.getTime() < 1_000);
    // From a quarter of a second to two seconds: no hot loop.
    assert.ok(scenario.cloud.count('poll', 'server-1') < 60);
  });
});

describe('a poll of a fresh object', () => {
  it('may be answered 404 for a moment by a cloud of several cells', async () => {
    const scenario = new Scenario();
    scenario.cloud.fault(
      'poll',
      'server-0',
      ...Array.from({ length: 3 }, (): Fault => ({ when: 'before', error: cloudError(404, 'not found') })),
    );
    await scenario.create();
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
  });
});

describe('a delete', () => {
  it('goes in reverse, meets no conflict, looks for nothing, and is complete', async () => {
    const scenario = new Scenario();
    await scenario.create();
    await scenario.delete();
    assert.deepEqual(scenario.cloud.names(), []);
    assert.equal(scenario.cloud.count('find'), 0);
    assert.equal(scenario.cloud.count('remove'), CLUSTER_NAMES.length);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE COMPLETE');
  });

  it('of what is deleted, or never was, is done at once', async () => {
    const scenario = new Scenario();
    await scenario.delete();
    await scenario.create();
    await scenario.delete();
    const calls = scenario.cloud.calls.length;
    await scenario.delete();
    assert.equal(scenario.cloud.calls.length, calls);
  });

  it('waits for what still uses an object, and keeps the reason while it waits', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const foreign = {
      id: 'foreign',
      name: 'foreign',
      uses: [scenario.store.row(scenario.ref.uuid, 'subnet')?.physicalId ?? ''],
      readyAt: 0,
    };
    scenario.cloud.things.set('foreign', foreign);
    const work = scenario.engine().delete(scenario.ref, scenario.run());
    await scenario.clock.until(scenario.clock.sleep(60_000));
    const row = scenario.store.row(scenario.ref.uuid, 'subnet');
    assert.deepEqual(
      [row?.action, row?.status, row?.statusReason],
      ['DELETE', 'IN_PROGRESS', 'compute: subnet is in use by foreign'],
    );
    scenario.cloud.things.delete('foreign');
    await scenario.clock.until(work);
    assert.deepEqual(scenario.cloud.names(), []);
  });

  it('fails at the deadline with that reason, removes all else, and can be followed by another one', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const group = scenario.store.row(scenario.ref.uuid, 'group')?.physicalId ?? '';
    scenario.cloud.things.set('foreign', { id: 'foreign', name: 'foreign', uses: [group], readyAt: 0 });
    const deadline = new Date(scenario.clock.now() + 120_000);
    const error = await failed(scenario.delete(undefined, scenario.run({ deadline })));
    assert.match(error.message, /group: timed out while removing; last: compute: group is in use by foreign$/);
    assert.deepEqual(scenario.cloud.names(), ['foreign', 'group']);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE FAILED');
    scenario.cloud.things.delete('foreign');
    await scenario.delete();
    assert.deepEqual(scenario.cloud.names(), []);
  });

  it('forbids a create afterwards', async () => {
    const scenario = new Scenario();
    await scenario.create();
    await scenario.delete();
    await assert.rejects(scenario.create(), { code: 'stack-deleted', status: 409 });
  });
});

describe('a database that does not answer', () => {
  it('ends the walk with its own error; another engine goes on', async () => {
    for (const broken of [1, 2, 4, 7]) {
      const scenario = new Scenario();
      const write = scenario.store.write.bind(scenario.store);
      let writes = 0;
      scenario.store.write = async (...checkpoint) => {
        if (++writes >= broken) throw new Error('connection terminated');
        return write(...checkpoint);
      };
      await assert.rejects(scenario.create(), { message: 'connection terminated' });
      scenario.store.write = write;
      await scenario.create();
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    }
  });
});
