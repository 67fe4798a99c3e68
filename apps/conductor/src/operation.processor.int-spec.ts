import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';
import {
  type ClusterWorkRepository,
  EventEntity,
  NodeGroupEntity,
  type OperationsRepository,
  operationOwner,
  type ClusterEntity,
  type OperationEntity,
} from '#libs/db';
import { OperationFailure, Transient } from '#libs/domain';
import type { TestDatabase } from '#libs/testing';
import { ProcessorRig, silent } from '../test/processor-rig.js';
import { insertCluster, insertOperation } from '../test/rows.js';
import { OperationProcessor } from './operation.processor.js';
import type { OperationContext } from './operations/operation.js';
import { SERVICE } from './operations/service-scope.js';
import { sendLostOperations } from './sweeps/sweeps.js';

const NOBODY = { step: 'one', fixableBy: 'user' } as const;

describe('the operation processor', () => {
  let rig: ProcessorRig;
  let database: TestDatabase;
  let operations: OperationsRepository;
  let clusters: ClusterWorkRepository;
  let cluster: ClusterEntity;

  before(async () => {
    rig = await ProcessorRig.start();
    ({ database, operations, clusters } = rig);
  });
  beforeEach(async () => {
    cluster = await insertCluster(database);
  });
  afterEach(() => rig.stopKeepers());
  after(() => rig.close());

  const operation = async (uuid: string): Promise<OperationEntity> => {
    const found = await operations.find(SERVICE, uuid);
    assert.ok(found);
    return found;
  };
  const state = async (): Promise<[string | undefined, string | null | undefined]> => {
    const found = await clusters.find(SERVICE, cluster.uuid);
    return [found?.status, found?.statusReason];
  };

  it('leaves what it does not know to a newer conductor, and lets it be superseded', async () => {
    const { processor } = rig.conductor('old', {});
    const uuid = await insertOperation(database, cluster.uuid, 'rotate-ca');
    assert.deepEqual(await processor.handle(uuid), { kind: 'again', afterMs: 5000 });
    const left = await operation(uuid);
    assert.deepEqual([left.status, left.attempts, left.error], ['pending', 0, null]);
    await rig.uow.run((tx) => operations.requestAbort(tx, cluster.uuid));
    await insertOperation(database, cluster.uuid, 'delete');
    assert.deepEqual(await processor.handle(uuid), { kind: 'done' });
    assert.equal((await operation(uuid)).status, 'superseded');
    assert.deepEqual(await state(), [undefined, undefined]);
  });

  it('runs the steps in order, tells them as events, erases the token, and ends complete', async () => {
    const ran: string[] = [];
    const { processor } = rig.conductor('a', { one: async () => void ran.push('one'), two: async () => void ran.push('two') });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    await rig.uow.run((tx) => rig.secrets.put(tx, operationOwner(uuid), 'user-token', 'gAAA'));
    assert.deepEqual(await processor.handle(uuid), { kind: 'done' });
    assert.deepEqual(ran, ['one', 'two']);
    const done = await operation(uuid);
    assert.deepEqual([done.status, done.progress, done.attempts, done.error], ['complete', 100, 1, null]);
    assert.deepEqual(
      (await operations.steps(SERVICE, uuid)).map((step) => [step.name, step.status]),
      [
        ['one', 'complete'],
        ['two', 'complete'],
      ],
    );
    const events = await database.source.manager.find(EventEntity, { where: { operationUuid: uuid }, order: { id: 'ASC' } });
    assert.deepEqual(
      events.map((event) => event.type),
      ['operation.started', 'operation.step', 'operation.step', 'operation.complete'],
    );
    assert.equal(await rig.secrets.find(operationOwner(uuid), 'user-token'), null);
    assert.deepEqual(await processor.handle(uuid), { kind: 'done' });
    assert.deepEqual(await state(), ['CREATE_COMPLETE', null]);
  });

  it('writes a failure once, whole in the operation and its step, in one line for cluster and groups', async () => {
    const { processor } = rig.conductor('a', {
      one: async () => undefined,
      two: async () => {
        throw new OperationFailure('node-step-failed', 'kubernetes: node n: kubeadm-join exited 1: no', {
          step: 'two',
          object: 'node n',
        });
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    await processor.handle(uuid);
    const { status, error } = await operation(uuid);
    const failure = {
      code: 'node-step-failed',
      message: 'kubernetes: node n: kubeadm-join exited 1: no',
      step: 'two',
      object: 'node n',
      fixableBy: 'user',
      hint: 'the events of the cluster have the whole report of the node',
      docs: 'docs/errors.md#node-step-failed',
    };
    assert.deepEqual([status, error], ['failed', failure]);
    assert.deepEqual((await operations.steps(SERVICE, uuid))[1]?.error, failure);
    assert.deepEqual(await state(), ['CREATE_FAILED', failure.message]);
    const groups = await database.source.manager.findBy(NodeGroupEntity, { clusterUuid: cluster.uuid });
    assert.ok(groups.every((group) => group.status === 'CREATE_FAILED' && group.statusReason === failure.message));
  });

  it('tries a step again after a passing trouble, and hides the words of what nobody foresaw', async () => {
    let tries = 0;
    const { processor } = rig.conductor('a', {
      one: async (ctx) => {
        tries++;
        assert.equal(ctx.attempt, tries);
        if (tries < 3) throw new Transient('busy', 1);
        throw new TypeError('secret gAAAA is undefined');
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    await processor.handle(uuid);
    assert.equal(tries, 3);
    assert.equal((await operation(uuid)).error?.code, 'internal-error');
    assert.doesNotMatch((await state())[1] ?? '', /gAAAA/);
  });

  it('fails at the deadline and says in which step, and what was awaited then', async () => {
    const { processor } = rig.conductor('a', {
      one: async (ctx) => {
        ctx.awaiting(() => 'OS::Nova::Server k1-master-0 (creating)');
        await aborted(ctx);
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create', new Date(Date.now() + 500));
    await database.source.query(`UPDATE operations SET created_at = deadline_at - interval '7 minutes' WHERE uuid = $1`, [uuid]);
    await processor.handle(uuid);
    assert.deepEqual(await state(), [
      'CREATE_FAILED',
      'create_timeout of 7 minutes exceeded in step one: waiting for OS::Nova::Server k1-master-0 (creating)',
    ]);
  });

  it('lets a delete take over a running create at once, and the delete follows under the same wake-up', async () => {
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const { processor } = rig.conductor('a', {
      one: async (ctx) => {
        begun();
        await aborted(ctx);
      },
    });
    const create = await insertOperation(database, cluster.uuid, 'create');
    const work = processor.handle(create);
    await running;
    await rig.uow.run(async (tx) => {
      await operations.requestAbort(tx, cluster.uuid);
      await rig.signals.notify(tx, 'operations', cluster.uuid);
    });
    const remove = await insertOperation(database, cluster.uuid, 'delete');
    assert.deepEqual(await processor.handle(remove), { kind: 'done' });
    await work;
    assert.equal((await operation(create)).status, 'superseded');
    assert.equal((await operation(remove)).status, 'complete');
    assert.equal(await clusters.find(SERVICE, cluster.uuid), null);
  });

  it('does not write a create’s end over a delete that was asked for in its last moment', async () => {
    for (const last of [
      async () => undefined,
      () => Promise.reject(new OperationFailure('trust-refused', 'one: no', { step: 'one' })),
    ]) {
      cluster = await insertCluster(database);
      const { processor } = rig.conductor('a', {
        one: async () => {
          await rig.uow.run(async (tx) => {
            await operations.requestAbort(tx, cluster.uuid);
            await clusters.set(tx, cluster.uuid, { status: 'DELETE_IN_PROGRESS' });
          });
          await last();
        },
      });
      const create = await insertOperation(database, cluster.uuid, 'create');
      await processor.handle(create);
      assert.equal((await operation(create)).status, 'superseded');
      assert.deepEqual(await state(), ['DELETE_IN_PROGRESS', null]);
    }
  });

  it('ends an operation whose end somebody asks for, running or waiting, and goes on with it when it is opened again', async () => {
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const attempts: number[] = [];
    const { processor } = rig.conductor('a', {
      one: async () => undefined,
      two: async (ctx) => {
        attempts.push(ctx.attempt);
        begun();
        if (ctx.attempt === 1) await aborted(ctx);
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    const work = processor.handle(uuid);
    await running;
    const abort = (): Promise<void> =>
      rig.uow.run(async (tx) => {
        await operations.abort(tx, uuid, 'u2');
        await rig.signals.notify(tx, 'operations', cluster.uuid);
      });
    await abort();
    await work;
    const ended = await operation(uuid);
    assert.deepEqual([ended.status, ended.abortedBy, ended.error?.code], ['aborted', 'u2', 'aborted']);
    assert.deepEqual(await state(), ['CREATE_FAILED', 'two: aborted by request']);
    assert.deepEqual(
      (await operations.steps(SERVICE, uuid)).map((step) => [step.name, step.status, step.error?.code]),
      [
        ['one', 'complete', undefined],
        ['two', 'failed', 'aborted'],
      ],
    );
    await rig.uow.run((tx) => operations.reopen(tx, uuid, 60));
    await abort();
    await processor.handle(uuid);
    assert.deepEqual(await state(), ['CREATE_FAILED', 'two: aborted by request'], 'also before it is taken up');
    await rig.uow.run((tx) => operations.reopen(tx, uuid, 60));
    await processor.handle(uuid);
    assert.deepEqual(attempts, [1, 2]);
    assert.deepEqual(await state(), ['CREATE_COMPLETE', null]);
    assert.equal((await operation(uuid)).attempts, 2);
  });

  it('ends as failed also when the kind’s own end cannot be written', async () => {
    const { processor } = rig.conductor('a', {
      one: () => Promise.reject(new OperationFailure('internal-error', 'one: no', NOBODY)),
    });
    let tries = 0;
    rig.broken = () => {
      tries++;
      throw new TypeError('the handler is broken');
    };
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    assert.deepEqual(await processor.handle(uuid), { kind: 'done' });
    rig.broken = undefined;
    assert.equal(tries, 3);
    assert.deepEqual([(await operation(uuid)).status, (await operation(uuid)).error?.code], ['failed', 'internal-error']);
    assert.deepEqual(await state(), ['CREATE_FAILED', 'one: no']);
    const groups = await database.source.manager.findBy(NodeGroupEntity, { clusterUuid: cluster.uuid });
    assert.ok(groups.every((group) => group.status === 'CREATE_FAILED' && group.statusReason === 'one: no'));
  });

  it('does not begin a create that was asked to stop before its turn', async () => {
    const { processor } = rig.conductor('a', { one: () => assert.fail('must not run') });
    const create = await insertOperation(database, cluster.uuid, 'create');
    await rig.uow.run((tx) => operations.requestAbort(tx, cluster.uuid));
    const remove = await insertOperation(database, cluster.uuid, 'delete');
    await processor.handle(create);
    assert.deepEqual([(await operation(create)).status, (await operation(remove)).status], ['superseded', 'complete']);
  });

  it('hands on when it shuts down, and the next conductor goes on with the same step', async () => {
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const first = rig.conductor('a', {
      one: async () => undefined,
      two: async (ctx) => {
        begun();
        await aborted(ctx);
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    const work = first.processor.handle(uuid);
    await running;
    first.processor.shutDown();
    assert.deepEqual(await work, { kind: 'again', afterMs: 0 });
    assert.equal((await operation(uuid)).status, 'running');
    const attempts: number[] = [];
    const second = rig.conductor('b', { one: async () => undefined, two: async (ctx) => void attempts.push(ctx.attempt) });
    assert.deepEqual(await second.processor.handle(uuid), { kind: 'done' });
    assert.deepEqual(attempts, [2]);
    assert.deepEqual([(await operation(uuid)).status, (await operation(uuid)).attempts], ['complete', 2]);
  });

  it('takes over from a conductor that fell silent, which then writes nothing more', async () => {
    let wakeUp = (): void => undefined;
    const asleep = new Promise<void>((resolve) => (wakeUp = resolve));
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const zombie = rig.conductor('zombie', {
      one: async (ctx) => {
        begun();
        await asleep;
        await ctx.write((tx) => clusters.set(tx, ctx.cluster.uuid, { coeVersion: 'by the zombie' }));
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    const zombieWork = zombie.processor.handle(uuid);
    await running;
    const heir = rig.conductor('heir', {
      one: async (ctx) => ctx.write((tx) => clusters.set(tx, ctx.cluster.uuid, { coeVersion: 'v1' })),
    });
    assert.deepEqual(await heir.processor.handle(uuid), { kind: 'done' });
    assert.equal((await operation(uuid)).status, 'running', 'while the lease lives the job is dropped');
    await database.source.query(`UPDATE leases SET expires_at = now() - interval '1 second'`);
    await database.source.query(`UPDATE operations SET sent_at = now() - interval '1 minute' WHERE uuid = $1`, [uuid]);
    const sent: string[] = [];
    const queue = { add: async (id: string) => sent.push(id) > 0 } as unknown as Parameters<
      typeof sendLostOperations
    >[0]['queue'];
    assert.equal(await sendLostOperations({ operations, queue, log: silent, sweepMs: 1000 }), 1);
    assert.deepEqual(sent, [uuid]);
    await heir.processor.handle(uuid);
    wakeUp();
    assert.deepEqual(await zombieWork, { kind: 'done' });
    assert.equal((await clusters.find(SERVICE, cluster.uuid))?.coeVersion, 'v1');
    assert.equal((await operation(uuid)).status, 'complete');
  });

  it('stops a run whose lease another one took, at the next renewal', async () => {
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const { processor, keeper } = rig.conductor('a', {
      one: async (ctx) => {
        begun();
        await aborted(ctx);
      },
    });
    const uuid = await insertOperation(database, cluster.uuid, 'create');
    const work = processor.handle(uuid);
    await running;
    await database.source.query(`UPDATE leases SET owner = 'somebody', epoch = epoch + 1`);
    await keeper.renew();
    assert.deepEqual(await work, { kind: 'done' });
    assert.equal((await operation(uuid)).status, 'running');
  });

  it('does not start with a kind of operation that nobody handles', () => {
    assert.throws(
      () =>
        new OperationProcessor(
          { handlers: [], signals: rig.signals } as unknown as ConstructorParameters<typeof OperationProcessor>[0],
          ['create', 'delete'],
        ),
      /no handler for operations of kind create, delete/,
    );
  });
});

/** A step that waits for ever, as a walk over a stack would: until it is told to stop. */
function aborted({ signal }: OperationContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
