import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { allProjects, projectScope, Superseded, type OperationKind } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { clusterLease, LeasesRepository } from './leases.repository.js';
import type { OperationEntity } from './entities/index.js';
import { OperationStepsRepository, type StepTurn } from './operation-steps.repository.js';
import { askedFor, OperationsRepository } from './operations.repository.js';
import { UnitOfWork, type Lease } from './unit-of-work.js';

const everything = allProjects('test');

describe('leases', () => {
  let database: TestDatabase;
  let leases: LeasesRepository;
  let uow: UnitOfWork;
  before(async () => {
    database = await testDatabase();
    leases = new LeasesRepository(database.source);
    uow = new UnitOfWork(database.source);
  });
  after(() => database.close());

  const expire = (name: string): Promise<unknown> =>
    database.source.query(`UPDATE leases SET expires_at = now() - interval '1 second' WHERE name = $1`, [name]);

  it('go to one of many that ask at once', async () => {
    const name = clusterLease(randomUUID());
    const asked = await Promise.all(Array.from({ length: 8 }, (_, i) => leases.acquire(name, `owner-${i}`, 60_000)));
    assert.equal(asked.filter((lease) => lease !== null).length, 1);
  });

  it('pass on when they expire, with a higher epoch, and the old holder writes nothing and renews nothing', async () => {
    const name = clusterLease(randomUUID());
    const old = await leases.acquire(name, 'old', 60_000);
    assert.ok(old);
    await expire(name);
    const heir = await leases.acquire(name, 'new', 60_000);
    assert.ok(heir);
    assert.ok(BigInt(heir.epoch) > BigInt(old.epoch));
    await assert.rejects(
      uow.fenced(old, async () => undefined),
      Superseded,
    );
    assert.deepEqual(await leases.renew([old, heir], 60_000), new Set(['new']));
    assert.equal(await leases.acquire(name, 'third', 60_000), null);
    await leases.renew([old], 60_000);
    await leases.release(old);
    assert.equal(await leases.acquire(name, 'third', 60_000), null);
  });

  it('may be renewed late as long as nobody else took them', async () => {
    const name = clusterLease(randomUUID());
    const lease = await leases.acquire(name, 'slow', 60_000);
    assert.ok(lease);
    await expire(name);
    assert.equal((await leases.renew([lease], 60_000)).size, 1);
    assert.equal(await leases.acquire(name, 'other', 60_000), null);
  });

  it('are free at once when released, and then refuse their old holder', async () => {
    const name = clusterLease(randomUUID());
    const lease = await leases.acquire(name, 'one', 60_000);
    assert.ok(lease);
    await leases.release(lease);
    await assert.rejects(
      uow.fenced(lease, async () => undefined),
      Superseded,
    );
    assert.ok(await leases.acquire(name, 'two', 60_000));
  });

  it('are renewed at once, however many write under them', async () => {
    const name = clusterLease(randomUUID());
    const lease = await leases.acquire(name, 'busy', 60_000);
    assert.ok(lease);
    let renewed = false;
    await uow.fenced(lease, async () => {
      // Inside of a write: a renewal that waited for it would wait for ever.
      renewed = (await leases.renew([lease], 60_000)).has('busy');
    });
    assert.ok(renewed);
  });

  it('wait for a write under way before they pass on', async () => {
    const name = clusterLease(randomUUID());
    const lease = await leases.acquire(name, 'one', 60_000);
    assert.ok(lease);
    await expire(name);
    const order: string[] = [];
    let taking: Promise<unknown> = Promise.resolve();
    await uow.fenced(lease, async (tx) => {
      taking = leases.acquire(name, 'two', 60_000).then((taken) => order.push(taken ? 'taken' : 'refused'));
      await tx.manager.query('SELECT pg_sleep(0.1)');
      order.push('written');
    });
    await taking;
    assert.deepEqual(order, ['written', 'taken']);
  });
});

describe('the operations that nobody works on', () => {
  let database: TestDatabase;
  let leases: LeasesRepository;
  let operations: OperationsRepository;
  let uow: UnitOfWork;
  let steps: OperationStepsRepository;
  before(async () => {
    database = await testDatabase();
    leases = new LeasesRepository(database.source);
    operations = new OperationsRepository(database.source);
    uow = new UnitOfWork(database.source);
    steps = new OperationStepsRepository(uow);
  });
  after(() => database.close());

  async function operation(clusterUuid = randomUUID()): Promise<{ uuid: string; clusterUuid: string }> {
    const uuid = randomUUID();
    await uow.run((tx) =>
      operations.insert(tx, {
        uuid,
        clusterUuid,
        projectId: 'p',
        userId: 'u',
        requestId: 'req-1',
        kind: 'create',
        request: {},
        deadlineMinutes: null,
      }),
    );
    return { uuid, clusterUuid };
  }

  const turn = (operationUuid: string, clusterUuid: string, name: string, before: string | null): StepTurn => ({
    operationUuid,
    before,
    name,
    position: 0,
    progress: 5,
    event: { clusterUuid, projectId: 'p', operationUuid, type: 'operation.step', message: `create: ${name}` },
  });

  it('are claimed once their job is old, once, and not while somebody has the lease', async () => {
    const lost = await operation();
    const worked = await operation();
    const fresh = await operation();
    const lease = await leases.acquire(clusterLease(worked.clusterUuid), 'busy', 60_000);
    assert.ok(lease);
    await database.source.query(`UPDATE operations SET sent_at = now() - interval '1 minute' WHERE uuid <> $1`, [fresh.uuid]);
    const [one, two] = await Promise.all([
      operations.claimLost(everything, 3000, 10),
      operations.claimLost(everything, 3000, 10),
    ]);
    assert.deepEqual([...one, ...two], [lost.uuid]);
    await leases.release(lease);
    assert.deepEqual(await operations.claimLost(everything, 3000, 10), [worked.uuid]);
  });

  it('are not claimed before their time, nor when they are finished', async () => {
    const later = await operation();
    const finished = await operation();
    await uow.run(async (tx) => {
      await operations.postpone(tx, later.uuid, 60_000);
      await operations.finish(tx, finished.uuid, 'failed', { code: 'internal-error', message: 'y' });
    });
    await database.source.query(`UPDATE operations SET sent_at = NULL WHERE uuid = ANY ($1)`, [[later.uuid, finished.uuid]]);
    assert.deepEqual(
      await operations.claimLost(everything, 0, 10).then((ids) => ids.filter((id) => id === later.uuid || id === finished.uuid)),
      [],
    );
  });

  it('count attempts of operation and steps, and belong to their project alone', async () => {
    const { uuid, clusterUuid } = await operation();
    const lease = (await leases.acquire(clusterLease(clusterUuid), 'one', 60_000)) as Lease;
    for (let i = 0; i < 2; i++) {
      await uow.run((tx) => operations.start(tx, uuid));
      assert.equal(await steps.turn(lease, turn(uuid, clusterUuid, 'trust', null)), i + 1);
      await uow.run((tx) => steps.end(tx, uuid, 'trust', null));
    }
    const found = await operations.find(projectScope('p'), uuid);
    assert.deepEqual([found?.attempts, found?.step, found?.status, found?.progress], [2, 'trust', 'running', 5]);
    assert.equal(await operations.find(projectScope('other'), uuid), null);
    assert.deepEqual(await operations.steps(projectScope('other'), uuid), []);
    assert.equal((await operations.steps(projectScope('p'), uuid))[0]?.status, 'complete');
    assert.equal((await operations.open(everything, clusterUuid)).length, 1);
    assert.equal(await uow.run((tx) => operations.requestAbort(tx, clusterUuid)), 1);
    const asked = (): Promise<[string, string | null][]> =>
      operations
        .stopRequested(everything, [uuid])
        .then((rows) => rows.map((row): [string, string | null] => [row.uuid, row.abortedBy]));
    assert.deepEqual(await asked(), [[uuid, null]]);
    await uow.run((tx) => operations.abort(tx, uuid, 'u2'));
    assert.deepEqual(await asked(), [[uuid, null]], 'who takes over counts more');
    assert.equal(await uow.run((tx) => operations.finish(tx, uuid, 'complete')), false);
    assert.equal(await uow.run((tx) => operations.finish(tx, uuid, 'superseded')), true);
    assert.equal(await uow.run((tx) => operations.abort(tx, uuid, 'u2')), false, 'it has ended');
  });

  it('turn from a step to the next, and tell of it once', async () => {
    const { uuid, clusterUuid } = await operation();
    const lease = (await leases.acquire(clusterLease(clusterUuid), 'one', 60_000)) as Lease;
    const seen = async (): Promise<unknown> => ({
      steps: (await operations.steps(everything, uuid)).map((step) => [step.name, step.status, step.attempts]),
      told: (
        await database.source.query<{ message: string }[]>('SELECT message FROM events WHERE operation_uuid = $1 ORDER BY id', [
          uuid,
        ])
      ).map(({ message }) => message),
    });
    await steps.turn(lease, turn(uuid, clusterUuid, 'trust', null));
    await steps.turn(lease, turn(uuid, clusterUuid, 'network', 'trust'));
    await steps.turn(lease, turn(uuid, clusterUuid, 'network', 'trust'));
    const before = {
      steps: [
        ['trust', 'complete', 1],
        ['network', 'running', 2],
      ],
      told: ['create: trust', 'create: network'],
    };
    assert.deepEqual(await seen(), before);

    await leases.release(lease);
    await leases.acquire(clusterLease(clusterUuid), 'two', 60_000);
    await assert.rejects(steps.turn(lease, turn(uuid, clusterUuid, 'nodes', 'network')), Superseded);
    assert.deepEqual(await seen(), before, 'a zombie writes nothing');
    assert.equal((await operations.find(everything, uuid))?.step, 'network');
  });

  it('end because a user asks, are opened again without their plans, and are outdated by newer ones about the same', async () => {
    const clusterUuid = randomUUID();
    const [group, other] = [randomUUID(), randomUUID()];
    const add = async (kind: OperationKind, request: Record<string, unknown>): Promise<OperationEntity> => {
      const uuid = randomUUID();
      const common = { uuid, clusterUuid, projectId: 'p', userId: 'u', requestId: 'r', deadlineMinutes: 5 };
      await uow.run((tx) => operations.insert(tx, { ...common, kind, request }));
      return (await operations.find(everything, uuid)) as OperationEntity;
    };
    const resize = await add('resize', { nodeGroupUuid: group, nodeCount: 3, own: {}, draining: [], resolved: { a: 1 } });
    await uow.run(async (tx) => {
      await operations.abort(tx, resize.uuid, 'u2');
      assert.equal(await operations.finish(tx, resize.uuid, 'aborted', { code: 'aborted', message: 'm' }), true);
    });
    const ended = await operations.find(everything, resize.uuid);
    assert.deepEqual([ended?.status, ended?.abortedBy, ended?.error?.code], ['aborted', 'u2', 'aborted']);
    assert.deepEqual(askedFor(resize.request), { nodeGroupUuid: group, nodeCount: 3 });
    assert.equal(await uow.run((tx) => operations.reopen(tx, resize.uuid, 30)), true);
    assert.equal(await uow.run((tx) => operations.reopen(tx, resize.uuid, 30)), false, 'it is open');
    const opened = await operations.find(everything, resize.uuid);
    assert.deepEqual([opened?.status, opened?.abortedBy, opened?.error, opened?.finishedAt], ['pending', null, null, null]);
    assert.deepEqual(Object.keys(opened?.request ?? {}).toSorted(), ['nodeCount', 'nodeGroupUuid', 'resolved', 'resumedAt']);
    const outdated = (one: OperationEntity): Promise<boolean> => uow.run((tx) => operations.isOutdated(tx, one));
    assert.equal(await outdated(resize), false);
    await add('resize', { nodeGroupUuid: other });
    await add('rotate-credential', {});
    assert.equal(await outdated(resize), false);
    const upgrade = await add('upgrade', { nodeGroupUuid: group });
    assert.equal(await outdated(resize), true);
    await add('delete', {});
    assert.equal(await outdated(upgrade), true);
    const kinds = ['resize', 'upgrade'] as const;
    const taken = await uow.run((tx) => operations.overtake(tx, { clusterUuid, uuid: group }, kinds));
    assert.deepEqual(
      taken.map((request) => request['nodeCount'] ?? 'upgrade'),
      [3, 'upgrade'],
    );
  });

  it('are kept for a while when they have ended, the newest of each kind as long as the cluster lives', async () => {
    const [living, gone] = [randomUUID(), randomUUID()];
    const { source } = database;
    await source.query(
      `INSERT INTO cluster_templates (uuid, project_id, user_id, coe, image_id) VALUES ($1, 'p', 'u', 'kubernetes', 'i')`,
      [living],
    );
    await source.query(
      `INSERT INTO clusters (uuid, project_id, user_id, name, cluster_template_uuid, floating_ip_enabled, master_lb_enabled, status)
       VALUES ($1, 'p', 'u', 'k', $1, true, false, 'UPDATE_COMPLETE')`,
      [living],
    );
    for (const clusterUuid of [living, gone]) {
      await source.query(
        `INSERT INTO operations (uuid, cluster_uuid, project_id, user_id, request_id, kind, status, finished_at)
         SELECT gen_random_uuid(), $1, 'p', 'u', 'r', kind, 'complete', now() - days * interval '1 day'
         FROM (VALUES ('create', 90, 1), ('resize', 90, 120), ('update', 3, 120)) AS v (kind, days, many), generate_series(1, many)`,
        [clusterUuid],
      );
    }
    await operations.removeFinished(30);
    const left = async (clusterUuid: string): Promise<Record<string, number>> => {
      const rows: { kind: string; many: number }[] = await source.query(
        `SELECT kind, count(*)::integer AS many FROM operations WHERE cluster_uuid = $1 GROUP BY kind`,
        [clusterUuid],
      );
      return Object.fromEntries(rows.map(({ kind, many }) => [kind, many]));
    };
    assert.deepEqual(await left(living), { create: 1, resize: 100, update: 120 });
    assert.deepEqual(await left(gone), { update: 120 });
  });

  it('are looked at back to the last complete one, of a kind or of a group, in their own project', async () => {
    const clusterUuid = randomUUID();
    const [one, other] = [randomUUID(), randomUUID()];
    const add = async (n: number, nodeGroupUuid: string, status: 'complete' | 'failed' | null): Promise<void> => {
      const uuid = randomUUID();
      const common = { uuid, clusterUuid, projectId: 'p', userId: 'u', requestId: 'req-1', deadlineMinutes: null };
      await uow.run(async (tx) => {
        await operations.insert(tx, { ...common, kind: 'node-group-update', request: { nodeGroupUuid, n } });
        if (status)
          await operations.finish(tx, uuid, status, status === 'failed' ? { code: 'internal-error', message: 'y' } : null);
      });
    };
    await add(1, one, 'failed');
    await add(2, one, 'complete');
    await add(3, one, 'failed');
    await add(4, other, 'complete');
    await add(5, one, null);
    const [kind, p] = ['node-group-update', projectScope('p')] as const;
    const numbers = (requests: readonly Record<string, unknown>[]): unknown[] => requests.map(({ n }) => n);
    assert.deepEqual(numbers(await operations.requestsSinceComplete(p, { clusterUuid, uuid: one }, kind)), [5, 3]);
    assert.deepEqual(numbers(await operations.requestsSinceComplete(p, { clusterUuid, uuid: other }, kind)), []);
    assert.deepEqual(numbers((await operations.sinceComplete(p, clusterUuid, kind)).map((row) => row.request)), [5, 4]);
    assert.deepEqual(await operations.sinceComplete(p, clusterUuid, 'rotate-credential'), []);
    assert.deepEqual(await operations.sinceComplete(projectScope('other'), clusterUuid, kind), []);
  });
});
