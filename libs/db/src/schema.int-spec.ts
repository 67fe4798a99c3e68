import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Superseded } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { migrate } from './data-source.js';
import { EventEntity, LeaseEntity } from './entities/index.js';
import { SecretStore } from './secret-store.js';
import { Signals } from './signals.js';
import { values } from './values.js';
import { UnitOfWork } from './unit-of-work.js';

describe('the schema', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  const tables = async (): Promise<string[]> => {
    const rows: { table_name: string }[] = await database.source.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'migrations' ORDER BY 1`,
    );
    return rows.map((row) => row.table_name);
  };

  it('goes up, down and up again', async () => {
    const up = await tables();
    assert.ok(up.includes('clusters'));
    for (const _migration of database.source.migrations) await database.source.undoLastMigration();
    assert.deepEqual(await tables(), []);
    await migrate(database.source);
    assert.deepEqual(await tables(), up);
  });

  it('may be brought up to date by several processes at once', async () => {
    await database.source.undoLastMigration();
    await Promise.all([migrate(database.source), migrate(database.source), migrate(database.source)]);
    assert.ok((await tables()).includes('clusters'));
  });

  it('is what the entities say: columns, their types, whether they may be null', async () => {
    const rows: { table_name: string; column_name: string; data_type: string; is_nullable: string }[] =
      await database.source.query(
        `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'migrations'`,
      );
    const spelled = (table: string, column: string, type: string, nullable: boolean): string =>
      `${table}.${column} ${type}${nullable ? '' : ' NOT NULL'}`;
    const inDatabase = rows.map((row) => spelled(row.table_name, row.column_name, row.data_type, row.is_nullable === 'YES'));
    const inEntities = database.source.entityMetadatas.flatMap((entity) =>
      entity.columns.map((column) => {
        const type = String(column.type) === 'timestamptz' ? 'timestamp with time zone' : String(column.type);
        return spelled(entity.tableName, column.databaseName, type, column.isNullable);
      }),
    );
    assert.deepEqual(inEntities.sort(), inDatabase.sort());
  });
});

describe('a unit of work', () => {
  let database: TestDatabase;
  let uow: UnitOfWork;
  before(async () => {
    database = await testDatabase();
    uow = new UnitOfWork(database.source);
  });
  after(() => database.close());

  const event = (message: string) => values<EventEntity>({ clusterUuid: randomUUID(), projectId: 'p', type: 'test', message });

  it('keeps nothing of a unit that throws', async () => {
    await assert.rejects(
      uow.run(async (tx) => {
        await tx.manager.insert(EventEntity, event('lost'));
        throw new Error('stop');
      }),
    );
    assert.equal(await database.source.manager.countBy(EventEntity, { message: 'lost' }), 0);
  });

  it('runs the whole unit again after a serialization failure', async () => {
    let runs = 0;
    await uow.run(async (tx) => {
      await tx.manager.insert(EventEntity, event('again'));
      if (++runs < 3) throw Object.assign(new Error('could not serialize'), { code: '40001' });
    });
    assert.equal(runs, 3);
    assert.equal(await database.source.manager.countBy(EventEntity, { message: 'again' }), 1);
  });

  it('writes under a lease only while it is held', async () => {
    const lease = { name: `cluster:${randomUUID()}`, owner: 'one', epoch: '7' };
    await database.source.manager.insert(LeaseEntity, { ...lease, expiresAt: new Date(Date.now() + 10_000) });
    await uow.fenced(lease, (tx) => tx.manager.insert(EventEntity, event('held')));
    await database.source.manager.update(LeaseEntity, { name: lease.name }, { owner: 'two', epoch: '8' });
    await assert.rejects(
      uow.fenced(lease, (tx) => tx.manager.insert(EventEntity, event('zombie'))),
      Superseded,
    );
    assert.equal(await database.source.manager.countBy(EventEntity, { message: 'zombie' }), 0);
    assert.equal(await database.source.manager.countBy(EventEntity, { message: 'held' }), 1);
  });
});

describe('signals', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  it('arrive on commit, at every process that listens, and not before', async () => {
    const uow = new UnitOfWork(database.source);
    const signals = new Signals(database.url);
    await signals.start();
    try {
      const cluster = randomUUID();
      let committed = false;
      const heard = new Promise<[string | null, boolean]>((resolve) =>
        signals.on('nodes', (payload) => resolve([payload, committed])),
      );
      await uow.run(async (tx) => {
        await signals.notify(tx, 'nodes', cluster);
        await tx.manager.query('SELECT pg_sleep(0.05)');
        committed = true;
      });
      assert.deepEqual(await heard, [cluster, true]);
    } finally {
      await signals.close();
    }
  });
});

describe('the secret store', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  it('binds a secret to its owner and purpose, and keeps the first of two made at once', async () => {
    const reverse = (plain: Buffer): Buffer => Buffer.from(plain).reverse();
    const seen: string[] = [];
    const store = new SecretStore(database.source, {
      currentKeyId: 'k',
      seal: (plain, aad) => (seen.push(aad), { keyId: 'k', sealed: reverse(plain) }),
      open: ({ sealed }, aad) => (seen.push(aad), reverse(sealed)),
    });
    const uow = new UnitOfWork(database.source);
    const owner = { kind: 'cluster', uuid: randomUUID() } as const;
    const [first, second] = await Promise.all([
      uow.run((tx) => store.putOnce(tx, owner, 'ca', 'one')),
      uow.run((tx) => store.putOnce(tx, owner, 'ca', 'two')),
    ]);
    assert.deepEqual(first, second);
    assert.deepEqual(await store.find(owner, 'ca'), first);
    assert.ok(seen.every((aad) => aad === `cluster/${owner.uuid}/ca`));
    await uow.run((tx) => store.erase(tx, owner));
    assert.equal(await store.find(owner, 'ca'), null);
  });
});
