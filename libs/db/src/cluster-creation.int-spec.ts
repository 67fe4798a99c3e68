import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { Superseded } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { ClusterCreationRepository, type ClusterBirth } from './cluster-creation.repository.js';
import { IdempotencyKeysRepository } from './idempotency-keys.repository.js';
import { requestWork, type RequestWork } from './request-work.js';
import { isForeignKeyViolation } from './unit-of-work.js';

let database: TestDatabase;
const template = randomUUID();
before(async () => {
  database = await testDatabase();
  await database.source.query(
    `INSERT INTO cluster_templates (uuid, project_id, user_id, name, coe, image_id) VALUES ($1, 'p', 'u', 't', 'kubernetes', 'i')`,
    [template],
  );
});
after(() => database.close());

function birth(projectId: string, clusterTemplateUuid = template): ClusterBirth {
  const uuid = randomUUID();
  const operation = randomUUID();
  const own = { clusterUuid: uuid, projectId };
  return {
    cluster: {
      uuid,
      projectId,
      userId: 'u',
      name: 'k',
      clusterTemplateUuid,
      labels: {},
      status: 'CREATE_IN_PROGRESS',
      floatingIpEnabled: true,
      masterLbEnabled: false,
    },
    groups: [],
    operation: { ...own, uuid: operation, userId: 'u', requestId: 'r', kind: 'create', request: {}, deadlineMinutes: null },
    secret: { owner: { kind: 'operation', uuid: operation }, purpose: 'user-token', keyId: 'k', sealed: Buffer.from("it's") },
    event: { ...own, operationUuid: operation, type: 'operation.accepted', message: 'm' },
  } as unknown as ClusterBirth;
}
const count = async (project: string): Promise<number> =>
  Number((await database.source.query('SELECT count(*) FROM clusters WHERE project_id = $1', [project]))[0].count);

it('gives clusters that come together no more places than there are', async () => {
  const repository = new ClusterCreationRepository(database.source);
  const uses = await Promise.all(Array.from({ length: 7 }, (_, n) => repository.insert(birth(n % 2 ? 'a' : 'b'), 2)));
  assert.deepEqual([await count('a'), await count('b')], [2, 2]);
  assert.equal(uses.filter(({ used, limit }) => used < limit).length, 4);
});

it('lets one that cannot be stored fail alone', async () => {
  const repository = new ClusterCreationRepository(database.source);
  const results = await Promise.allSettled(
    [birth('c'), birth('c', randomUUID()), birth('c')].map((one) => repository.insert(one, 9)),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.ok(isForeignKeyViolation((results[1] as PromiseRejectedResult).reason));
  assert.equal(await count('c'), 2);
});

it('makes nothing for a run whose Idempotency-Key somebody else has taken over: what that one made may be deleted by now', async () => {
  const repository = new ClusterCreationRepository(database.source);
  const keys = new IdempotencyKeysRepository(database.source);
  const request = { projectId: 'd', userId: 'u', key: 'k', method: 'POST', path: '/v1/clusters', requestHash: 'h' };
  const claimOf = async (): Promise<string> => {
    const result = await keys.claim(request, 1);
    assert.ok(result.kind === 'mine');
    return result.claim;
  };
  const frozen = await claimOf();
  await database.source.query('SELECT pg_sleep(0.01)');
  const heir = await claimOf();
  const as = (claim: string): Promise<unknown> =>
    requestWork.run({ claim } as unknown as RequestWork, () => repository.insert(birth('d'), 9));
  await assert.rejects(as(frozen), Superseded);
  assert.equal(await count('d'), 0);
  await as(heir);
  assert.equal(await count('d'), 1);
});

it('counts the bound of the operation by the database’s clock', async () => {
  const repository = new ClusterCreationRepository(database.source);
  const one = birth('e');
  await repository.insert({ ...one, operation: { ...one.operation, deadlineMinutes: 90 } }, 9);
  const [row] = await database.source.query('SELECT deadline_at - created_at AS bound FROM operations WHERE uuid = $1', [
    one.operation.uuid,
  ]);
  assert.deepEqual({ ...row.bound }, { hours: 1, minutes: 30 });
});
