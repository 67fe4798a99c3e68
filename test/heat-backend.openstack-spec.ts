import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { Cloud, type CloudSession } from '#libs/openstack';
import { ContainerInfra, type ClusterView } from '../apps/standalone/src/client.js';
import type { Installation } from '../apps/standalone/src/installation.js';
import { BenchCloud } from './support/bench-cloud.js';
import { objectsOf } from './support/bench-objects.js';
import { readBench, startGuests, startOurs } from './support/bench-site.js';
import { eventually } from './support/commands.js';

/** The bench's Heat has one engine, and the machine other work: a create takes two minutes here. */
const LIMIT_SECONDS = 480;
const stacksReply = z.looseObject({ stacks: z.array(z.looseObject({ stack_name: z.string(), stack_status: z.string() })) });

/**
 * The same cluster by our own engine and by a real Heat leaves the same objects in real Nova, Neutron, Cinder and Octavia, and
 * nothing when it goes. Only the guests are simulated, since nothing boots there.
 */
describe('stacks through a real Heat', () => {
  let installation: Installation;
  let guests: ChildProcess | undefined;
  let cloud: BenchCloud;
  let ownCloud: Cloud;
  let demo: CloudSession;
  let api: ContainerInfra;
  let atFirst: Record<string, string[]>;
  const clusters: Record<string, string> = {};
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-heat-'));

  before(async () => {
    const bench = readBench();
    cloud = await BenchCloud.login(bench.authUrl, bench.password);
    ownCloud = new Cloud({ authUrl: bench.authUrl, region: 'RegionOne' });
    demo = ownCloud.session({
      kind: 'password',
      username: 'demo',
      password: bench.password,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });
    atFirst = await cloud.inventory();
    installation = await startOurs(bench, home, console.log, { DRAIN_SECONDS: '10' });
    guests = startGuests();
    api = await ContainerInfra.login(installation.apiUrl, bench.authUrl, 'demo', bench.password, 'demo');
    for (const backend of ['native', 'heat']) {
      await api.request('POST', '/clustertemplates', {
        name: backend,
        coe: 'kubernetes',
        image_id: 'ubuntu',
        external_network_id: 'public',
        master_flavor_id: 'm1.medium',
        flavor_id: 'm1.small',
        master_lb_enabled: true,
        dns_nameserver: '8.8.8.8',
        labels: { stack_backend: backend, master_lb_allowed_cidrs: '127.0.0.0/8' },
      });
    }
  });

  after(async () => {
    guests?.kill('SIGTERM');
    await installation?.stop();
    await ownCloud?.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function create(name: string, template: string, more: object = {}): Promise<string> {
    const body = { name, cluster_template_id: template, master_count: 1, node_count: 1, ...more };
    clusters[name] = (await api.request<{ uuid: string }>('POST', '/clusters', body)).uuid;
    return clusters[name];
  }
  async function settled(uuid: string): Promise<ClusterView> {
    return eventually('the cluster to settle', LIMIT_SECONDS, async () => {
      const now = await api.cluster(uuid);
      return now.status.endsWith('_IN_PROGRESS') ? undefined : now;
    });
  }
  async function assertSettled(name: string, status: string): Promise<void> {
    const now = await settled(clusters[name] ?? '');
    assert.deepEqual([now.status, now.status_reason], [status, null]);
  }
  async function gone(name: string): Promise<void> {
    const uuid = clusters[name] ?? '';
    await api.request('DELETE', `/clusters/${uuid}`);
    await eventually('the cluster to go', LIMIT_SECONDS, async () => {
      const now = await api.findCluster(uuid);
      if (now?.status === 'DELETE_FAILED') throw new Error(`DELETE_FAILED: ${now.status_reason}`);
      return now === null ? true : undefined;
    });
  }
  const objects = (name: string) =>
    objectsOf((service, path, key) => cloud.list(service, path, key), { name, uuid: clusters[name] ?? '' });
  const stacksOf = async (name: string): Promise<string[]> => {
    const { body } = await demo.call({ service: 'orchestration', method: 'GET', template: '/stacks', reply: stacksReply });
    const key = (clusters[name] ?? '').replaceAll('-', '').slice(0, 12);
    // Heat lists a deleted stack until it has cleaned up behind it.
    const there = body.stacks.filter(({ stack_status }) => stack_status !== 'DELETE_COMPLETE');
    return there.map(({ stack_name }) => stack_name).filter((one) => one.includes(key));
  };
  const group = (name: string, which: string): Promise<{ node_addresses: string[]; status: string }> =>
    api.request('GET', `/clusters/${clusters[name]}/nodegroups/${which}`);

  it('makes the same cluster twice, once by each backend', async () => {
    const volume = { docker_volume_size: 1 };
    await Promise.all([create('one', 'native', volume), create('two', 'heat', volume)]);
    await Promise.all([assertSettled('one', 'CREATE_COMPLETE'), assertSettled('two', 'CREATE_COMPLETE')]);
    assert.deepEqual(await stacksOf('one'), []);
    assert.equal((await stacksOf('two')).length, 3, 'infrastructure, masters, workers');
  });

  it('and both have the same objects', async () => {
    const [native, heat] = await Promise.all([objects('one'), objects('two')]);
    const counts = Object.fromEntries(Object.entries(native).map(([kind, items]) => [kind, items.length]));
    console.log('objects of a cluster:', JSON.stringify(counts));
    for (const [kind, count] of Object.entries(counts)) assert.ok(count > 0, `no ${kind}: nothing was compared`);
    for (const kind of Object.keys(native)) assert.deepEqual(heat[kind], native[kind], kind);
  });

  it('grows, and gets a node group', async () => {
    const uuid = clusters['two'];
    await api.request('POST', `/clusters/${uuid}/actions/resize`, { node_count: 2 });
    await assertSettled('two', 'UPDATE_COMPLETE');
    assert.equal((await group('two', 'default-worker')).node_addresses.length, 2);
    await api.request('POST', `/clusters/${uuid}/nodegroups`, { name: 'extra', node_count: 1 });
    await assertSettled('two', 'UPDATE_COMPLETE');
    assert.equal((await stacksOf('two')).length, 4);
  });

  it('loses the node group, and shrinks: what is left is what our own engine has made', async () => {
    const uuid = clusters['two'];
    await api.request('DELETE', `/clusters/${uuid}/nodegroups/extra`);
    await assertSettled('two', 'UPDATE_COMPLETE');
    assert.equal((await stacksOf('two')).length, 3);
    await api.request('POST', `/clusters/${uuid}/actions/resize`, { node_count: 1, nodes_to_remove: ['1'] });
    await assertSettled('two', 'UPDATE_COMPLETE');
    const [native, heat] = await Promise.all([objects('one'), objects('two')]);
    for (const kind of Object.keys(native)) assert.deepEqual(heat[kind], native[kind], kind);
  });

  it('goes, and Heat has no stack of it any more', async () => {
    await Promise.all([gone('one'), gone('two')]);
    assert.deepEqual(await stacksOf('two'), []);
  });

  it('is made by whoever is left when a conductor is killed while Heat works, once', async () => {
    await create('three', 'heat', { master_lb_enabled: false });
    await eventually('Heat to begin', LIMIT_SECONDS, async () => ((await stacksOf('three')).length > 0 ? true : undefined));
    await installation.killAndRestart('conductor');
    await assertSettled('three', 'CREATE_COMPLETE');
    assert.equal((await stacksOf('three')).length, 3, 'none twice');
  });

  it('is deleted while Heat works, and when somebody has deleted a stack of it in Heat', async () => {
    await create('four', 'heat', { master_lb_enabled: false });
    await eventually('Heat to begin', LIMIT_SECONDS, async () => ((await stacksOf('four')).length > 0 ? true : undefined));
    const workers = (await stacksOf('three')).find((name) => name.includes('nodegroup')) ?? '';
    const stack = await demo.orchestration.stacks.named(workers);
    assert.ok(stack);
    await demo.orchestration.stacks.delete({ name: workers, id: stack.id });
    await Promise.all([gone('three'), gone('four')]);
    assert.deepEqual([await stacksOf('three'), await stacksOf('four')], [[], []]);
  });

  it('leaves Nova, Neutron, Octavia, Cinder, Heat and Keystone as they were', async () => {
    assert.deepEqual(await cloud.inventory(), atFirst);
  });
});
