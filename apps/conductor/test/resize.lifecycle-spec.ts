import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { ClusterEntity, NodeEntity, OperationEntity } from '#libs/db';
import { type ClusterClient, type NodeState } from '#libs/kubernetes';
import { counted, type Inventory } from '../../../test/support/inventory.js';
import { TestInstallation, type ClusterView } from './installation.js';

interface GroupView {
  readonly uuid: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly node_count: number;
  readonly node_addresses: string[];
}

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

describe('nodes that come and go', () => {
  let site: TestInstallation;
  let empty: Inventory;
  let cluster: string;
  before(async () => {
    site = await TestInstallation.start({}, { DRAIN_SECONDS: '1' });
    empty = await inventory();
    cluster = await site.create({ cluster_template_id: await site.template(), node_count: 1 });
    assert.equal((await site.until(cluster, ended))?.status, 'CREATE_COMPLETE');
  });
  afterEach(() => faults([]));
  after(() => site.close());

  async function inventory(): Promise<Inventory> {
    return ((await site.inventory()) as { projects: Inventory }).projects;
  }
  async function faults(list: object[]): Promise<void> {
    const response = await fetch(`${site.sandbox.adminUrl}/guest-faults`, {
      method: 'PUT',
      body: JSON.stringify({ faults: list }),
    });
    assert.equal(response.status, 200);
  }
  const resize = (nodeCount: number, nodesToRemove: string[] = [], nodegroup?: string): Promise<unknown> =>
    site.request('POST', `/clusters/${cluster}/actions/resize`, {
      node_count: nodeCount,
      nodes_to_remove: nodesToRemove,
      ...(nodegroup ? { nodegroup } : {}),
    });
  const group = (name = 'default-worker'): Promise<GroupView> => site.request('GET', `/clusters/${cluster}/nodegroups/${name}`);
  /** Until nothing is open. */
  async function settled(): Promise<ClusterView> {
    const row = await site.until(cluster, ended);
    assert.ok(row);
    return row;
  }
  async function assertSettled(status: string, count: number, name = 'default-worker'): Promise<void> {
    const row = await settled();
    assert.deepEqual([row.status, row.status_reason], [status, null]);
    const { node_count, status_reason, node_addresses } = await group(name);
    assert.deepEqual([node_count, status_reason, node_addresses.length], [count, null, count]);
  }
  /** Names of the cluster's servers, behind the cluster's own part. */
  async function servers(): Promise<string[]> {
    const names = Object.values(await inventory()).flatMap((kinds) => (kinds['servers'] ?? []).map(({ name }) => name));
    return names.map((name) => name.replace(/^k1-[0-9a-f]{12}-/, '')).toSorted();
  }
  const manager = (): typeof site.database.source.manager => site.database.source.manager;
  const withKube = <T>(work: (kube: ClusterClient) => Promise<T>): Promise<T> => site.withKube(cluster, work);
  const nodeObjects = (): Promise<NodeState[]> => withKube((kube) => kube.nodes());
  const shortNames = (states: readonly { name: string }[]): string[] =>
    states.map(({ name }) => name.replace(/^k1-[0-9a-f]{12}-/, '')).toSorted();

  it('one becomes three, three become one', async () => {
    const one = counted(await inventory(), empty);
    await resize(3);
    assert.equal((await site.cluster(cluster))?.status, 'UPDATE_IN_PROGRESS');
    await assertSettled('UPDATE_COMPLETE', 3);
    assert.deepEqual(await servers(), ['master-0', 'worker-0', 'worker-1', 'worker-2']);
    assert.equal((await nodeObjects()).length, 4);
    await resize(1);
    await assertSettled('UPDATE_COMPLETE', 1);
    assert.deepEqual(await servers(), ['master-0', 'worker-0']);
    assert.deepEqual(counted(await inventory(), empty), one, 'no port or volume is left');
    assert.equal((await nodeObjects()).length, 2);
  });

  it('named nodes leave, and hand on their pods before', async () => {
    await resize(3);
    await assertSettled('UPDATE_COMPLETE', 3);
    const nodes = await manager().findBy(NodeEntity, { clusterUuid: cluster, role: 'worker' });
    const first = nodes.find(({ slot }) => slot === 0);
    const pod = (name: string, nodeName: string | undefined): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    });
    await withKube((kube) => kube.apply(pod('moves', first?.name) as never, 'test'));
    await resize(2, [first?.serverId ?? '', 'nobody']);
    await assertSettled('UPDATE_COMPLETE', 2);
    assert.deepEqual(await servers(), ['master-0', 'worker-1', 'worker-2']);
    assert.deepEqual(shortNames(await nodeObjects()), ['master-0', 'worker-1', 'worker-2']);
    const events = await site.request<{ events: { type: string; message: string }[] }>(
      'GET',
      `/clusters/${cluster}/events?limit=200`,
    );
    assert.ok(events.events.some(({ message }) => /no node nobody/.test(message)));
    // The slot that has become free is taken again, by another machine.
    await resize(3);
    await assertSettled('UPDATE_COMPLETE', 3);
    assert.deepEqual(shortNames(await nodeObjects()), ['master-0', 'worker-0', 'worker-1', 'worker-2']);
  });

  it('none, and two again', async () => {
    await resize(0);
    await assertSettled('UPDATE_COMPLETE', 0);
    assert.deepEqual(await servers(), ['master-0']);
    await resize(2);
    await assertSettled('UPDATE_COMPLETE', 2);
  });

  it('two that are asked for at once are done one after the other', async () => {
    await Promise.all([resize(3), resize(1)]);
    const row = await settled();
    assert.equal(row.status, 'UPDATE_COMPLETE');
    const wanted = (await group()).node_count;
    assert.equal((await servers()).length, 1 + wanted);
    const kinds = await manager().findBy(OperationEntity, { clusterUuid: cluster, status: 'complete' });
    assert.ok(kinds.length > 5);
  });

  it('a group is made, labelled, and removed', async () => {
    const before = counted(await inventory(), empty);
    await site.request('POST', `/clusters/${cluster}/nodegroups`, {
      name: 'gpu',
      role: 'gpu',
      node_count: 2,
      node_labels: { tier: 'a', gone: 'x' },
    });
    await assertSettled('UPDATE_COMPLETE', 2, 'gpu');
    assert.equal((await group('gpu')).status, 'CREATE_COMPLETE');
    const made = (await nodeObjects()).filter(({ labels }) => 'node-role.kubernetes.io/gpu' in labels);
    assert.deepEqual(shortNames(made), ['gpu-0', 'gpu-1']);
    assert.deepEqual(
      made.map(({ labels }) => labels['tier']),
      ['a', 'a'],
    );
    await site.request('PATCH', `/clusters/${cluster}/nodegroups/gpu`, [
      { op: 'replace', path: '/node_labels', value: '{"tier": "b"}' },
      { op: 'replace', path: '/node_taints', value: '[{"key": "gpu", "effect": "NoSchedule"}]' },
    ]);
    await assertSettled('UPDATE_COMPLETE', 2, 'gpu');
    for (const { labels, taints } of (await nodeObjects()).filter(({ name }) => name.includes('-gpu-'))) {
      assert.deepEqual([labels['tier'], labels['gone']], ['b', undefined]);
      assert.deepEqual(taints, [{ key: 'gpu', effect: 'NoSchedule' }]);
    }
    await resize(0, [], 'gpu');
    await assertSettled('UPDATE_COMPLETE', 0, 'gpu');
    await resize(1, [], 'gpu');
    await assertSettled('UPDATE_COMPLETE', 1, 'gpu');
    await site.request('DELETE', `/clusters/${cluster}/nodegroups/gpu`);
    assert.equal((await settled()).status, 'UPDATE_COMPLETE');
    await assert.rejects(group('gpu'), { status: 404 });
    assert.deepEqual(counted(await inventory(), empty), before);
    assert.equal((await nodeObjects()).filter(({ name }) => name.includes('-gpu-')).length, 0);
  });

  it('the masters’ limits may change: no machine does', async () => {
    const before = await servers();
    await site.request('PATCH', `/clusters/${cluster}/nodegroups/default-master`, [
      { op: 'replace', path: '/max_node_count', value: 3 },
    ]);
    await assertSettled('UPDATE_COMPLETE', 1, 'default-master');
    assert.deepEqual(await servers(), before);
  });

  it('a group of none has an empty stack', async () => {
    await site.request('POST', `/clusters/${cluster}/nodegroups`, { name: 'none', node_count: 0 });
    await assertSettled('UPDATE_COMPLETE', 0, 'none');
    await site.request('DELETE', `/clusters/${cluster}/nodegroups/none`);
    assert.equal((await settled()).status, 'UPDATE_COMPLETE');
  });

  const broken = { server: '*-worker-2', kind: 'step-fails', step: 'kubeadm-join', exitCode: 3, stderr: 'no' };

  it('a node that fails fails the resize; the count is put back, and the next resize mends it', async () => {
    await resize(1);
    await assertSettled('UPDATE_COMPLETE', 1);
    await faults([broken]);
    await resize(3);
    const row = await settled();
    assert.equal(row.status, 'UPDATE_FAILED');
    assert.match(row.status_reason ?? '', /^kubernetes: node k1-[0-9a-f]{12}-worker-2: kubeadm-join exited 3/);
    const failed = await group();
    assert.deepEqual([failed.status, failed.node_count, failed.status_reason], ['UPDATE_FAILED', 1, row.status_reason]);
    await faults([]);
    await resize(3);
    await assertSettled('UPDATE_COMPLETE', 3);
    assert.deepEqual(await servers(), ['master-0', 'worker-0', 'worker-1', 'worker-2']);
  });

  it('an update with rollback goes back to the nodes there were', async () => {
    await resize(1);
    await assertSettled('UPDATE_COMPLETE', 1);
    const before = counted(await inventory(), empty);
    await faults([broken]);
    await site.request('PATCH', `/clusters/${cluster}?rollback=True`, [{ op: 'replace', path: '/node_count', value: 3 }]);
    const row = await settled();
    assert.deepEqual([row.status, row.status_reason], ['ROLLBACK_COMPLETE', null]);
    const back = await group();
    assert.deepEqual([back.status, back.node_count, back.node_addresses.length], ['ROLLBACK_COMPLETE', 1, 1]);
    assert.deepEqual(counted(await inventory(), empty), before);
  });

  it('a new credential takes the place of the old one, and nothing of that is left', async () => {
    const before = counted(await inventory(), empty);
    const credential = async (): Promise<(string | null)[]> => {
      const row = await manager().findOneByOrFail(ClusterEntity, { uuid: cluster });
      return [row.trustId, row.trusteeUserId];
    };
    const old = await credential();
    for (const status of ['complete', 'complete'] as const) {
      await site.request('PATCH', `/credentials/${cluster}`);
      const done = async (): Promise<boolean> => {
        const [last] = await manager().find(OperationEntity, { where: { clusterUuid: cluster }, order: { id: 'DESC' }, take: 1 });
        return last?.kind === 'rotate-credential' && last.status === status;
      };
      const until = Date.now() + 10_000;
      while (!(await done()) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 30));
      assert.ok(await done());
    }
    const now = await credential();
    assert.ok(now[0] !== old[0] && now[1] !== old[1]);
    assert.deepEqual(counted(await inventory(), empty), before);
    await resize(2);
    await assertSettled('UPDATE_COMPLETE', 2);
  });

  it('a cluster that is deleted while it grows leaves nothing', async () => {
    await resize(4);
    while ((await servers()).length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    await site.request('DELETE', `/clusters/${cluster}`);
    assert.equal(await site.until(cluster, (one) => one === null || one.status === 'DELETE_FAILED'), null);
    assert.deepEqual(counted(await inventory(), empty), {});
  });
});
