import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { allProjects } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import {
  ClusterEntity,
  ClusterTemplateEntity,
  NodeEntity,
  NodeGroupEntity,
  NodePhaseEntity,
  StackEntity,
  StackResourceEntity,
} from './entities/index.js';
import { NodesRepository } from './nodes.repository.js';
import { UnitOfWork } from './unit-of-work.js';
import { values } from './values.js';

const everything = allProjects('test');

describe('nodes', () => {
  let database: TestDatabase;
  let nodes: NodesRepository;
  let uow: UnitOfWork;
  const clusterUuid = randomUUID();
  const groupUuid = randomUUID();
  const stackUuid = randomUUID();

  before(async () => {
    database = await testDatabase();
    nodes = new NodesRepository(database.source);
    uow = new UnitOfWork(database.source);
    const { manager } = database.source;
    const template = randomUUID();
    const common = { projectId: 'p', userId: 'u', name: 'k1' };
    await manager.insert(
      ClusterTemplateEntity,
      values<ClusterTemplateEntity>({ ...common, uuid: template, coe: 'kubernetes', imageId: 'i' }),
    );
    await manager.insert(
      ClusterEntity,
      values<ClusterEntity>({
        ...common,
        uuid: clusterUuid,
        clusterTemplateUuid: template,
        floatingIpEnabled: true,
        masterLbEnabled: false,
        status: 'CREATE_IN_PROGRESS',
      }),
    );
    await manager.insert(
      NodeGroupEntity,
      values<NodeGroupEntity>({
        uuid: groupUuid,
        clusterUuid,
        projectId: 'p',
        name: 'default-master',
        role: 'master',
        isDefault: true,
        nodeCount: 2,
        status: 'CREATE_IN_PROGRESS',
      }),
    );
    await manager.insert(
      StackEntity,
      values<StackEntity>({ uuid: stackUuid, clusterUuid, projectId: 'p', name: 's', template: {} }),
    );
  });
  after(() => database.close());

  const planned = (): Promise<void> =>
    uow.run((tx) =>
      nodes.insertMissing(
        tx,
        [0, 1].map((slot) => ({
          uuid: randomUUID(),
          clusterUuid,
          nodeGroupUuid: groupUuid,
          projectId: 'p',
          name: `k1-master-${slot}`,
          slot,
          role: 'master',
          facts: null,
        })),
      ),
    );
  const resource = (
    name: string,
    type: string,
    physicalId: string | null,
    attributes: Record<string, unknown>,
  ): Promise<unknown> =>
    database.source.manager.upsert(
      StackResourceEntity,
      values<StackResourceEntity>({
        uuid: randomUUID(),
        stackUuid,
        name,
        type,
        physicalName: `k1-${name}`,
        physicalId,
        attributes,
        action: 'CREATE',
      }),
      ['stackUuid', 'name'],
    );
  const sync = (): Promise<number> => uow.run((tx) => nodes.syncFromStacks(tx, clusterUuid, ['203.0.113.1']));
  const first = async (): Promise<NodeEntity> => {
    const [node] = await nodes.ofCluster(everything, clusterUuid);
    assert.ok(node);
    return node;
  };

  it('are made once for each slot', async () => {
    await planned();
    const before = await nodes.ofCluster(everything, clusterUuid);
    await planned();
    assert.deepEqual(await nodes.ofCluster(everything, clusterUuid), before);
    assert.deepEqual(
      before.map((node) => node.slot),
      [0, 1],
    );
  });

  it('learn their addresses from the stack, and with them from where their requests may come; once', async () => {
    assert.equal(await sync(), 0);
    assert.deepEqual((await first()).allowedSources, []);
    await uow.run((tx) => nodes.setFirstMasterFloatingIp(tx, clusterUuid, '203.0.113.9'));
    await resource('master-0-port', 'OS::Neutron::Port', 'port-0', { fixed_ips: [{ ip_address: '10.0.0.5' }] });
    assert.equal(await sync(), 1);
    assert.equal(await sync(), 0);
    await resource('master-0', 'OS::Nova::Server', 'server-0', {});
    assert.equal(await sync(), 1);
    const stale = await database.source.query(`UPDATE nodes SET server_id = 'before' WHERE server_id = 'server-0'`);
    assert.equal(stale[1], 1);
    const lately = (): Promise<number> => uow.run((tx) => nodes.syncFromStacks(tx, clusterUuid, ['203.0.113.1'], 5));
    assert.equal(await lately(), 0, 'what the stacks have not written lately is left for a whole look');
    await database.source.query(`UPDATE stack_resources SET updated_at = now() WHERE name = 'master-0'`);
    assert.equal(await lately(), 1);
    assert.equal(await sync(), 0);
    const node = await first();
    assert.deepEqual(
      [node.privateIp, node.floatingIp, node.serverId, node.phase, node.allowedSources],
      ['10.0.0.5', '203.0.113.9', 'server-0', 'server', ['10.0.0.5', '203.0.113.1', '203.0.113.9']],
    );
    assert.equal(await uow.run((tx) => nodes.firstMasterIp(tx, clusterUuid)), '10.0.0.5');
  });

  it('become Ready once', async () => {
    const ready = (): Promise<string[]> => uow.run((tx) => nodes.markReady(tx, clusterUuid, ['k1-master-0', 'unknown']));
    assert.deepEqual(await ready(), ['k1-master-0']);
    assert.deepEqual(await ready(), []);
    assert.ok((await first()).readyAt);
  });

  it('that failed tell exit code and last words of the newest failure', async () => {
    const [, second] = await nodes.ofCluster(everything, clusterUuid);
    assert.ok(second);
    const { manager } = database.source;
    await manager.update(NodeEntity, { uuid: second.uuid }, { phase: 'kubeadm-join', phaseStatus: 'failed' });
    for (const logTail of ['older', 'newest']) {
      await manager.insert(
        NodePhaseEntity,
        values<NodePhaseEntity>({ nodeUuid: second.uuid, phase: 'kubeadm-join', status: 'failed', exitCode: 1, logTail }),
      );
    }
    assert.deepEqual(await nodes.failed(everything, clusterUuid, 5), [
      { name: 'k1-master-1', phase: 'kubeadm-join', exitCode: 1, logTail: 'newest' },
    ]);
  });
});
