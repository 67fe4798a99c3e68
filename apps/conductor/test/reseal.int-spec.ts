import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { SecretStore, UnitOfWork, type SecretOwner } from '#libs/db';
import { KeyRing, SecretUnreadable, type RingKey } from '#libs/pki';
import { testDatabase, type TestDatabase } from '#libs/testing';

const key = (id: string): RingKey => ({ id, key: randomBytes(32) });
const cluster = (): SecretOwner => ({ kind: 'cluster', uuid: randomUUID() });

describe('secrets after the first key of the ring has changed', () => {
  const [old, young, lost] = [key('old'), key('young'), key('lost')];
  let database: TestDatabase;
  let uow: UnitOfWork;
  before(async () => {
    database = await testDatabase();
    uow = new UnitOfWork(database.source);
  });
  afterEach(() => database.source.query('TRUNCATE sealed_secrets'));
  after(() => database.close());

  const store = (...keys: RingKey[]): SecretStore => new SecretStore(database.source, new KeyRing(keys));
  const put = (keys: RingKey[], owner: SecretOwner, purpose: string, text: string): Promise<void> =>
    uow.run((tx) => store(...keys).put(tx, owner, purpose, text));

  it('are sealed by it, all of them, and then the old key may go', async () => {
    const owners = Array.from({ length: 130 }, cluster);
    for (const owner of owners) for (const purpose of ['ca', 'sa']) await put([old], owner, purpose, `${owner.uuid} ${purpose}`);
    await put([young, old], owners[0] ?? cluster(), 'made since', 'new');
    const during = store(young, old);
    assert.deepEqual(
      [...(await during.countsByKey())],
      [
        ['old', 260],
        ['young', 1],
      ],
    );
    const told: number[] = [];
    assert.deepEqual(await during.sealAgain((done) => told.push(done)), { done: 260, unreadable: [] });
    assert.deepEqual(told, [100, 200, 260]);
    const afterwards = store(young);
    assert.deepEqual([...(await afterwards.countsByKey())], [['young', 261]]);
    for (const owner of owners) assert.equal((await afterwards.find(owner, 'sa'))?.toString(), `${owner.uuid} sa`);
    assert.deepEqual(await during.sealAgain(), { done: 0, unreadable: [] });
  });

  it('of a key that is gone stay as they are, and are named; the others are done', async () => {
    const [readable, unreadable] = [cluster(), cluster()];
    for (let place = 0; place < 120; place++) await put([lost], unreadable, `p${place}`, 'x');
    await put([old], readable, 'ca', 'mine');
    const result = await store(young, old).sealAgain();
    assert.deepEqual([result.done, result.unreadable.length], [1, 120]);
    assert.deepEqual(result.unreadable[0], {
      secret: `cluster/${unreadable.uuid}/p0`,
      keyId: 'lost',
      why: result.unreadable[0]?.why,
    });
    assert.match(result.unreadable[0]?.why ?? '', /key lost is not in the key ring/);
    assert.ok(!result.unreadable.some(({ why }) => why.includes('mine')));
    assert.equal((await store(young).find(readable, 'ca'))?.toString(), 'mine');
    assert.equal((await store(lost).find(unreadable, 'p119'))?.toString(), 'x');
    await assert.rejects(store(young).find(unreadable, 'p0'), SecretUnreadable);
  });

  it('that are written meanwhile keep what was written last', async () => {
    const owners = Array.from({ length: 60 }, cluster);
    for (const owner of owners) await put([old], owner, 'token', 'first');
    const both = [young, old];
    await Promise.all([store(...both).sealAgain(), ...owners.map((owner) => put(both, owner, 'token', 'second'))]);
    for (const owner of owners) assert.equal((await store(young).find(owner, 'token'))?.toString(), 'second');
  });

  it('in attributes of stacks’ resources are counted', async () => {
    const [stackUuid, uuid] = [randomUUID(), randomUUID()];
    const runner = database.source.createQueryRunner();
    try {
      // Without the cluster that such a row has.
      await runner.query('SET session_replication_role = replica');
      await runner.query(
        `INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name, requires, attributes)
         VALUES ($1, $2, 'random', 'OS::Heat::RandomString', 'random', '[]', $3)`,
        [uuid, stackUuid, JSON.stringify({ value: { sealed: 'old:AAAA' }, plain: 'sealed', other: { a: 1 } })],
      );
      assert.deepEqual([...(await store(young, old).countsByKey())], [['old', 1]]);
      await runner.query('DELETE FROM stack_resources WHERE uuid = $1', [uuid]);
    } finally {
      await runner.query('RESET session_replication_role');
      await runner.release();
    }
  });
});
