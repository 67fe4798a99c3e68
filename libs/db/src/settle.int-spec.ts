import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { allProjects, type ClusterStatus, type OperationKind } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { ClusterWorkRepository } from './cluster-work.repository.js';
import { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity } from './entities/index.js';
import { OperationsRepository } from './operations.repository.js';
import { UnitOfWork, type Tx } from './unit-of-work.js';
import { values } from './values.js';

describe('the end of a change', () => {
  let database: TestDatabase;
  let uow: UnitOfWork;
  let clusters: ClusterWorkRepository;
  const template = randomUUID();
  const own = { projectId: 'p', userId: 'u' };
  let cluster: string;
  let one: string;
  let other: string;
  before(async () => {
    database = await testDatabase();
    uow = new UnitOfWork(database.source);
    clusters = new ClusterWorkRepository(database.source);
    await database.source.manager.insert(
      ClusterTemplateEntity,
      values<ClusterTemplateEntity>({ ...own, uuid: template, name: 't', coe: 'kubernetes', imageId: 'i' }),
    );
  });
  beforeEach(async () => {
    [cluster, one, other] = [randomUUID(), randomUUID(), randomUUID()];
    const { manager } = database.source;
    await manager.insert(
      ClusterEntity,
      values<ClusterEntity>({
        ...own,
        uuid: cluster,
        name: 'k',
        clusterTemplateUuid: template,
        floatingIpEnabled: true,
        masterLbEnabled: false,
        status: 'UPDATE_IN_PROGRESS',
      }),
    );
    for (const [name, uuid] of [
      ['one', one],
      ['other', other],
    ] as const) {
      await manager.insert(
        NodeGroupEntity,
        values<NodeGroupEntity>({
          uuid,
          clusterUuid: cluster,
          projectId: 'p',
          name,
          role: 'worker',
          nodeCount: 5,
          status: 'UPDATE_IN_PROGRESS',
        }),
      );
    }
  });
  after(() => database.close());

  async function operation(kind: OperationKind, request: Record<string, unknown> = {}): Promise<string> {
    const uuid = randomUUID();
    const repository = new OperationsRepository(database.source);
    await uow.run((tx) =>
      repository.insert(tx, { ...own, uuid, clusterUuid: cluster, requestId: 'r', kind, request, deadlineMinutes: null }),
    );
    return uuid;
  }
  async function end(operationUuid: string, status: ClusterStatus, reason: string | null = null): Promise<void> {
    await uow.run(async (tx: Tx) => {
      await clusters.settleGroup(tx, { uuid: one, operationUuid }, status, reason);
      await clusters.putBackNodeCount(tx, { uuid: one, operationUuid }, 2);
      await clusters.settle(tx, cluster, operationUuid);
    });
  }
  async function seen(): Promise<unknown> {
    const { manager } = database.source;
    const [row, group] = await Promise.all([
      manager.findOneByOrFail(ClusterEntity, { uuid: cluster }),
      manager.findOneByOrFail(NodeGroupEntity, { uuid: one }),
    ]);
    return [row.status, row.statusReason, group.status, group.nodeCount];
  }

  it('is COMPLETE when nothing is open and nothing failed', async () => {
    await end(await operation('resize', { nodeGroupUuid: one, nodeCount: 5 }), 'UPDATE_COMPLETE');
    assert.deepEqual(await seen(), ['UPDATE_COMPLETE', null, 'UPDATE_COMPLETE', 2]);
  });

  it('is FAILED with the reason of the group, of each when several have failed', async () => {
    const uuid = await operation('resize', { nodeGroupUuid: one });
    await end(uuid, 'UPDATE_FAILED', 'no host');
    assert.deepEqual(await seen(), ['UPDATE_FAILED', 'no host', 'UPDATE_FAILED', 2]);
    await database.source.manager.update(NodeGroupEntity, { uuid: other }, { status: 'CREATE_FAILED' });
    await end(uuid, 'UPDATE_FAILED', 'no host');
    const words = 'one: no host; other: node group other has failed';
    assert.deepEqual(await seen(), ['UPDATE_FAILED', words, 'UPDATE_FAILED', 2]);
  });

  it('waits for what is open: status and count of the group are those of the next one', async () => {
    const first = await operation('resize', { nodeGroupUuid: one, nodeCount: 3 });
    const second = await operation('resize', { nodeGroupUuid: one, nodeCount: 5, previousNodeCount: 3 });
    await end(first, 'UPDATE_FAILED', 'no host');
    const next = await new OperationsRepository(database.source).find(allProjects('test'), second);
    assert.equal(next?.request['previousNodeCount'], 2, 'it goes back to what there was');
    assert.deepEqual(await seen(), ['UPDATE_IN_PROGRESS', null, 'UPDATE_IN_PROGRESS', 5]);
  });

  it('another group’s operation keeps the cluster busy only, a rotation of the credential nothing', async () => {
    await operation('rotate-credential');
    await end(await operation('resize', { nodeGroupUuid: one }), 'UPDATE_COMPLETE');
    assert.deepEqual(await seen(), ['UPDATE_COMPLETE', null, 'UPDATE_COMPLETE', 2]);
    await operation('resize', { nodeGroupUuid: other, nodeCount: 1 });
    await end(await operation('resize', { nodeGroupUuid: one }), 'UPDATE_COMPLETE');
    assert.deepEqual(await seen(), ['UPDATE_IN_PROGRESS', null, 'UPDATE_COMPLETE', 2]);
  });
});
