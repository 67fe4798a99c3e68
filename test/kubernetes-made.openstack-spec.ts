import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { absent, Cloud, type CloudSession } from '#libs/openstack';
import { ContainerInfra } from '../apps/standalone/src/client.js';
import type { Installation } from '../apps/standalone/src/installation.js';
import { readBench, startGuests, startOurs } from './support/bench-site.js';
import { eventually } from './support/commands.js';
import { SimulatedCloudProvider } from './support/simulated-cloud-provider.js';

const LIMIT_SECONDS = 400;

interface Listed {
  readonly type: string;
  readonly id: string;
}
type Plan = Readonly<Record<'remove' | 'keep' | 'undecided' | 'in_the_way' | 'unanswered', readonly Listed[]>>;

/** Real Octavia, Neutron and Cinder; only the guests and the two programs of the cluster are simulated. */
describe('what Kubernetes has made, on real OpenStack services', () => {
  let installation: Installation;
  let guests: ChildProcess | undefined;
  let api: ContainerInfra;
  let demo: CloudSession;
  let cloud: Cloud;
  let cluster = '';
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-kubernetes-made-'));
  /** What the test has to take away itself. */
  const leftovers: (() => Promise<unknown>)[] = [];

  before(async () => {
    const bench = readBench();
    const { authUrl, demo: login } = bench;
    installation = await startOurs(bench, home, console.log);
    guests = startGuests();
    api = await ContainerInfra.login(installation.apiUrl, authUrl, login.username, login.password, login.project);
    cloud = new Cloud({ authUrl, region: 'RegionOne' });
    demo = cloud.session({
      kind: 'password',
      username: login.username,
      password: login.password,
      userDomainName: 'Default',
      projectName: login.project,
      projectDomainName: 'Default',
    });
  });

  after(async () => {
    // After a failure too: the bench is others' as well.
    if (cluster) await removeCluster('?keep_volumes=false').catch((error: unknown) => console.log(String(error)));
    for (const remove of leftovers.toReversed()) await remove().catch((error: unknown) => console.log(String(error)));
    guests?.kill('SIGTERM');
    await installation?.stop();
    await cloud?.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function removeCluster(query: string): Promise<void> {
    if (await api.cluster(cluster).catch(() => null)) await api.request('DELETE', `/clusters/${cluster}${query}`);
    await eventually('the cluster to be gone', LIMIT_SECONDS, async () => {
      const now = await api.cluster(cluster).catch(() => null);
      if (now?.status === 'DELETE_FAILED') throw new Error(now.status_reason ?? '');
      return now === null;
    });
  }

  it('a cluster is made', async () => {
    await api.request('POST', '/clustertemplates', {
      name: 'kubernetes-made',
      coe: 'kubernetes',
      image_id: 'ubuntu',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
    });
    const body = { name: 'km', cluster_template_id: 'kubernetes-made', master_count: 1, node_count: 1 };
    cluster = (await api.request<{ uuid: string }>('POST', '/clusters', body)).uuid;
    const made = await eventually('the cluster to settle', LIMIT_SECONDS, async () => {
      const now = await api.cluster(cluster);
      return now.status.endsWith('_IN_PROGRESS') ? undefined : now;
    });
    assert.deepEqual([made.status, made.status_reason], ['CREATE_COMPLETE', null]);
  });

  it('and what its Kubernetes makes goes with it; what looks like it stays', async () => {
    const description = `jeroboam:${cluster}:`;
    const networks = await demo.network.networks.list();
    const network = networks.find((one) => String(one['description']).startsWith(description));
    const [subnet] = await demo.network.subnets.list({ network_id: network?.id });
    const [external] = await demo.network.networks.list({ name: 'public' });
    assert.ok(network && subnet && external);
    const servers = (await demo.compute.servers.list({ name: `km-${cluster.replaceAll('-', '').slice(0, 12)}` })).map(
      ({ id }) => id,
    );
    assert.equal(servers.length, 2);

    const provider = new SimulatedCloudProvider(demo, cluster);
    const { balancer, address, group } = await provider.service(
      'default',
      'web',
      { subnetId: subnet.id, externalNetworkId: external.id },
      servers,
    );
    const volume = await provider.claim('default', 'data');
    const snapshot = await provider.snapshot(volume, 'yesterday');
    const twin = new SimulatedCloudProvider(demo, `${cluster.slice(0, -1)}${cluster.endsWith('0') ? '1' : '0'}`);
    const decoy = await twin.claim('default', 'data');
    leftovers.push(() => demo.volume.volumes.delete(decoy.id));
    const theirs = await demo.network.securityGroups.create({ name: group.name, description: 'my own' });
    leftovers.push(() => demo.network.securityGroups.delete(theirs.id));

    const plan = await api.request<Plan>('GET', `/clusters/${cluster}/delete-plan`);
    assert.deepEqual(plan.unanswered, []);
    assert.deepEqual(ids(plan.remove), [balancer.id, address?.id, group.id].sort());
    assert.deepEqual(ids(plan.undecided), [volume.id, snapshot.id].sort());
    await assert.rejects(api.request('DELETE', `/clusters/${cluster}?keep_load_balancers=true`), /stand on that network/);

    await removeCluster('?keep_volumes=false');
    assert.equal(await absent(demo.loadBalancer.loadBalancers.get(balancer.id)), null);
    assert.equal(await absent(demo.network.floatingIps.get(address?.id ?? '')), null);
    assert.equal(await absent(demo.network.securityGroups.get(group.id)), null);
    assert.equal(await absent(demo.network.networks.get(network.id)), null);
    assert.equal(await absent(demo.volume.volumes.get(volume.id)), null);
    assert.equal(await absent(demo.volume.snapshots.get(snapshot.id)), null);
    assert.ok(await absent(demo.volume.volumes.get(decoy.id)));
    assert.ok(await absent(demo.network.securityGroups.get(theirs.id)));
  });
});

const ids = (objects: readonly Listed[]): string[] => objects.map(({ id }) => id).sort();
