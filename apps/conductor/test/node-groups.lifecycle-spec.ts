import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NodeEntity } from '#libs/db';
import type { ClusterClient, NodeState } from '#libs/kubernetes';
import type { CloudSession } from '#libs/openstack';
import { counted, type Inventory } from '../../../test/support/inventory.js';
import { TestInstallation, type ClusterView } from './installation.js';
import { budgetOf, podOn } from './pods.js';

interface EventView {
  readonly type: string;
  readonly level: string;
  readonly message: string;
  readonly data: Readonly<Record<string, string>>;
}
const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

describe('node groups', () => {
  let site: TestInstallation;
  let cluster: string;
  let bare: Inventory;
  let demo: CloudSession;
  before(async () => {
    site = await TestInstallation.start({}, { DRAIN_SECONDS: '1' });
    cluster = await site.create({ cluster_template_id: await site.template(), node_count: 0 });
    assert.equal((await site.until(cluster, ended, 60_000))?.status, 'CREATE_COMPLETE');
    bare = await inventory();
    demo = site.parts.cloud.session({
      kind: 'password',
      username: 'demo',
      password: site.sandbox.passwords.demo,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });
  });
  after(() => site.close());

  async function inventory(): Promise<Inventory> {
    return ((await site.inventory()) as { projects: Inventory }).projects;
  }
  async function settled(): Promise<void> {
    const row = await site.until(cluster, ended, 120_000);
    assert.deepEqual([row?.status, row?.status_reason], ['UPDATE_COMPLETE', null]);
  }
  const resize = (nodegroup: string, node_count: number): Promise<unknown> =>
    site.request('POST', `/clusters/${cluster}/actions/resize`, { node_count, nodegroup });
  const nodes = (group: string): Promise<NodeEntity[]> =>
    site.parts.source.query(
      `SELECT n.name, n.server_id AS "serverId" FROM nodes n JOIN node_groups g ON g.uuid = n.node_group_uuid
       WHERE g.cluster_uuid = $1 AND g.name = $2 ORDER BY n.slot`,
      [cluster, group],
    );
  const withKube = <T>(work: (kube: ClusterClient) => Promise<T>): Promise<T> => site.withKube(cluster, work);
  const objects = async (group: string): Promise<NodeState[]> =>
    (await withKube((kube) => kube.nodes())).filter(({ name }) => name.includes(`-${group}-`));
  async function events(): Promise<EventView[]> {
    const { events: all } = await site.request<{ events: EventView[] }>('GET', `/clusters/${cluster}/events?limit=1000`);
    return all;
  }

  it('two at a time, each with its own flavor, volumes, zone, labels, taints and limits', async () => {
    const made = (name: string, more: object): Promise<unknown> =>
      site.request('POST', `/clusters/${cluster}/nodegroups`, { name, node_count: 2, ...more });
    await made('big', {
      flavor_id: 'm1.large',
      docker_volume_size: 7,
      labels: { availability_zone: 'nova', boot_volume_size: '11' },
      merge_labels: true,
      node_labels: { tier: 'big' },
      node_taints: [{ key: 'big', value: 'yes', effect: 'NoSchedule' }],
      min_node_count: 1,
      max_node_count: 3,
    });
    await made('small', { role: 'edge', flavor_id: 'm1.medium' });
    await settled();
    const flavors = new Map((await demo.compute.flavors.list()).map(({ id, name }) => [id, name]));
    for (const [group, flavor] of [
      ['big', 'm1.large'],
      ['small', 'm1.medium'],
    ] as const) {
      for (const { serverId } of await nodes(group)) {
        const server = (await demo.compute.servers.get(serverId ?? '')) as { flavor?: { id?: string; original_name?: string } };
        assert.equal(server.flavor?.original_name ?? flavors.get(server.flavor?.id ?? ''), flavor);
      }
    }
    const sizes = (await demo.volume.volumes.list()).map(({ size }) => size).toSorted((a, b) => a - b);
    assert.deepEqual(sizes, [7, 7, 11, 11]);
    const [big, edge] = [await objects('big'), await objects('small')];
    assert.deepEqual([big.length, edge.length], [2, 2]);
    for (const { labels, taints } of big) {
      assert.equal(labels['tier'], 'big');
      assert.ok(taints.some(({ key, value, effect }) => key === 'big' && value === 'yes' && effect === 'NoSchedule'));
    }
    assert.ok(
      edge.every(({ labels, taints }) => 'node-role.kubernetes.io/edge' in labels && !taints.some(({ key }) => key === 'big')),
    );
    await assert.rejects(resize('big', 4), { status: 400 });
    await assert.rejects(resize('big', 0), { status: 400 });
  });

  it('shrinks in order: cordoned, drained as far as a budget lets it in time, Node object, server, port, volumes', async () => {
    const [, leaving] = await nodes('big');
    assert.ok(leaving);
    await withKube(async (kube) => {
      for (const name of ['kept', 'free']) await kube.apply(podOn(leaving.name, name, { app: name }), 'test');
      await kube.apply(budgetOf('kept', '100%'), 'test');
    });
    const seen: string[] = [];
    const watching = new AbortController();
    const watched = withKube(async (kube) => {
      for await (const states of kube.watchNodes(watching.signal)) {
        const state = states.find(({ name }) => name === leaving.name);
        const there = await demo.compute.servers.get(leaving.serverId ?? '').then(
          () => true,
          () => false,
        );
        const now = !state ? 'no Node object' : state.unschedulable ? 'cordoned' : 'as before';
        if (seen.at(-1)?.startsWith(now) !== true) seen.push(`${now}, ${there ? 'server' : 'no server'}`);
      }
    });
    const before = (await events()).length;
    await resize('big', 1);
    await settled();
    watching.abort();
    await watched;
    assert.deepEqual(seen.slice(0, 2), ['as before, server', 'cordoned, server']);
    const told = (await events()).slice(before);
    const drain = told.find(({ type }) => type === 'node.drain');
    assert.equal(drain?.level, 'warning');
    assert.match(drain.message, /goes with 1 pod left on it: default\/kept \(.*disruption budget/);
    const gone = told
      .filter(({ type, data }) => type === 'stack.resource' && data['action'] === 'DELETE' && data['status'] === 'COMPLETE')
      .map(({ data }) => String(data['resourceType']));
    const at = (type: string): number => gone.findIndex((one) => one === type);
    assert.deepEqual(new Set(gone), new Set(['OS::Nova::Server', 'OS::Neutron::Port', 'OS::Cinder::Volume', ...gone]));
    assert.ok(at('OS::Nova::Server') < at('OS::Neutron::Port') && at('OS::Nova::Server') < at('OS::Cinder::Volume'), gone.join());
    const stepOf = (name: string): number =>
      told.findIndex(({ data, type }) => type === 'operation.step' && data['step'] === name);
    assert.ok(stepOf('drain') < stepOf('shrink'));
  });

  it('go to none and come from none, several at a time, and leave nothing', async () => {
    await site.request('PATCH', `/clusters/${cluster}/nodegroups/big`, [{ op: 'replace', path: '/min_node_count', value: 0 }]);
    await resize('big', 0);
    await resize('small', 0);
    await settled();
    assert.deepEqual(counted(await inventory(), bare), {});
    assert.deepEqual((await withKube((kube) => kube.nodes())).length, 1);
    await resize('small', 1);
    await resize('big', 2);
    await settled();
    assert.deepEqual([(await objects('big')).length, (await objects('small')).length], [2, 1]);
    assert.ok([...(await objects('big')), ...(await objects('small'))].every(({ ready }) => ready));
    for (const name of ['big', 'small']) await site.request('DELETE', `/clusters/${cluster}/nodegroups/${name}`);
    await settled();
    assert.deepEqual(counted(await inventory(), bare), {});
  });
});
