import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { ClusterCreationRepository, type ClusterBirth } from './cluster-creation.repository.js';
import {
  ClusterEntity,
  ClusterTemplateEntity,
  EventEntity,
  NodeGroupEntity,
  OperationEntity,
  SealedSecretEntity,
} from './entities/index.js';
import { isForeignKeyViolation } from './unit-of-work.js';
import { values } from './values.js';

/** What would break out of a literal if it were not quoted. */
const HOSTILE = `'; DROP TABLE clusters; -- \\' $$ \u00e9 "`;

describe('the birth of a cluster', () => {
  let database: TestDatabase;
  let creation: ClusterCreationRepository;
  const template = randomUUID();
  before(async () => {
    database = await testDatabase();
    creation = new ClusterCreationRepository(database.source);
    const row = values<ClusterTemplateEntity>({ uuid: template, projectId: 'p', userId: 'u', coe: 'kubernetes', imageId: 'i' });
    await database.source.manager.insert(ClusterTemplateEntity, row);
  });
  after(() => database.close());

  const birth = (projectId: string, over: Partial<ClusterBirth['cluster']> = {}): ClusterBirth => {
    const uuid = randomUUID();
    const operation = randomUUID();
    const common = { clusterUuid: uuid, projectId };
    const group = (name: string, role: string): ClusterBirth['groups'][number] => ({
      ...common,
      uuid: randomUUID(),
      name,
      role,
      isDefault: true,
      flavorId: HOSTILE,
      imageId: null,
      dockerVolumeSize: null,
      labels: { [HOSTILE]: HOSTILE },
      nodeCount: 3,
      minNodeCount: 1,
      maxNodeCount: null,
      nodeLabels: {},
      nodeTaints: [],
      status: 'CREATE_IN_PROGRESS',
    });
    return {
      cluster: {
        uuid,
        projectId,
        userId: 'u',
        name: HOSTILE,
        clusterTemplateUuid: template,
        keypair: null,
        dockerVolumeSize: 5,
        labels: { a: HOSTILE },
        masterFlavorId: null,
        flavorId: 'f',
        createTimeout: 60,
        discoveryUrl: HOSTILE,
        fixedNetwork: null,
        fixedSubnet: null,
        floatingIpEnabled: true,
        masterLbEnabled: false,
        status: 'CREATE_IN_PROGRESS',
        ...over,
      },
      groups: [group('default-master', 'master'), group('default-worker', 'worker')],
      operation: {
        ...common,
        uuid: operation,
        userId: 'u',
        requestId: 'req-1',
        kind: 'create',
        request: { b: HOSTILE },
        deadlineAt: new Date(1e12),
      },
      secret: {
        owner: { kind: 'operation', uuid: operation },
        purpose: 'user-token',
        keyId: 'k',
        sealed: Buffer.from([0, 39, 92, 255]),
      },
      event: { ...common, operationUuid: operation, type: 'operation.accepted', message: HOSTILE },
    };
  };

  it('stores every value as it was given', async () => {
    const given = birth(HOSTILE);
    assert.deepEqual(await creation.insert(given, 1), { used: 0, limit: 1 });
    const { manager } = database.source;
    const cluster = await manager.findOneByOrFail(ClusterEntity, { uuid: given.cluster.uuid });
    for (const [name, value] of Object.entries(given.cluster))
      assert.deepEqual(cluster[name as keyof ClusterEntity], value, name);
    const groups = await manager.find(NodeGroupEntity, { where: { clusterUuid: cluster.uuid }, order: { id: 'ASC' } });
    given.groups.forEach((group, i) => {
      for (const [name, value] of Object.entries(group))
        assert.deepEqual(groups[i]?.[name as keyof NodeGroupEntity], value, name);
    });
    const operation = await manager.findOneByOrFail(OperationEntity, { uuid: given.operation.uuid });
    for (const [name, value] of Object.entries(given.operation))
      assert.deepEqual(operation[name as keyof OperationEntity], value, name);
    assert.ok(operation.sentAt);
    const secret = await manager.findOneByOrFail(SealedSecretEntity, { ownerUuid: given.operation.uuid });
    assert.deepEqual([secret.keyId, secret.purpose, [...secret.sealed]], ['k', 'user-token', [0, 39, 92, 255]]);
    assert.equal((await manager.findOneByOrFail(EventEntity, { clusterUuid: cluster.uuid })).message, HOSTILE);
  });

  it('stores nothing when there is no room, also for those who come together', async () => {
    const uses = await Promise.all(Array.from({ length: 9 }, () => creation.insert(birth('full'), 4)));
    assert.deepEqual(uses.map(({ used }) => used).sort(), [0, 1, 2, 3, 4, 4, 4, 4, 4]);
    assert.equal(await database.source.manager.countBy(ClusterEntity, { projectId: 'full' }), 4);
    assert.equal(await database.source.manager.countBy(OperationEntity, { projectId: 'full' }), 4);
    assert.deepEqual(await creation.insert(birth('none'), 0), { used: 0, limit: 0 });
    assert.equal(await database.source.manager.countBy(ClusterEntity, { projectId: 'none' }), 0);
  });

  it('stores nothing when the template has gone, and the connection stays good', async () => {
    await assert.rejects(creation.insert(birth('gone', { clusterTemplateUuid: randomUUID() }), 1), isForeignKeyViolation);
    assert.equal(await database.source.manager.countBy(NodeGroupEntity, { projectId: 'gone' }), 0);
    assert.equal(await database.source.manager.countBy(EventEntity, { projectId: 'gone' }), 0);
    await Promise.all(Array.from({ length: 12 }, () => database.source.query('SELECT 1')));
  });
});
