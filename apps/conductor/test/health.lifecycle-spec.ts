import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { NodeEntity } from '#libs/db';
import { Cloud, type CloudSession } from '#libs/openstack';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConductorModule } from '../src/conductor.module.js';
import { HealthWatch } from '../src/health/health-watch.js';
import { LeaseKeeper } from '../src/leases/lease-keeper.js';
import { TestInstallation, type ClusterView } from './installation.js';

interface Healthy extends ClusterView {
  readonly health_status_reason: Readonly<Record<string, string>>;
}
const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const signal = new AbortController().signal;
const WORDS = 'container runtime network not ready: cni plugin not initialized';

describe('the health of clusters', () => {
  let site: TestInstallation;
  let cloud: Cloud;
  let app: INestApplicationContext;
  let watch: HealthWatch;
  let empty: unknown;
  before(async () => {
    // Rounds so far apart that none comes by itself, a patience that is over at the next look.
    site = await TestInstallation.start({}, { HEALTH_CHECK_SECONDS: '36000', HEAL_NOT_READY_SECONDS: '0.001' });
    cloud = new Cloud({ authUrl: site.sandbox.authUrl });
    app = await NestFactory.createApplicationContext(ConductorModule.from(site.parts), { logger: false, abortOnError: false });
    app.get(LeaseKeeper).start();
    watch = app.get(HealthWatch);
    empty = await site.inventory();
  });
  afterEach(async () => {
    await site.guestFaults();
    const { clusters } = await site.request<{ clusters: { uuid: string }[] }>('GET', '/clusters');
    for (const { uuid } of clusters) {
      await site.request('DELETE', `/clusters/${uuid}`);
      assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 60_000), null);
    }
    assert.deepEqual(await site.inventory(), empty);
  });
  after(async () => {
    app?.get(LeaseKeeper).stop();
    await app?.close();
    await cloud?.close();
    await site?.close();
  });

  async function cluster(masters: number, workers: number, labels: Record<string, string> = {}): Promise<string> {
    const cluster_template_id = await site.template({ master_lb_enabled: masters > 1, labels });
    const uuid = await site.create({ cluster_template_id, master_count: masters, node_count: workers });
    const made = await site.until(uuid, ended, 120_000);
    assert.deepEqual([made?.status, made?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }
  const show = async (uuid: string): Promise<Healthy> => (await site.cluster(uuid)) as Healthy;
  const rows = (uuid: string): Promise<NodeEntity[]> =>
    site.parts.source.manager.find(NodeEntity, { where: { clusterUuid: uuid }, order: { role: 'ASC', slot: 'ASC' } });
  async function told(uuid: string, type: string): Promise<string[]> {
    const path = `/clusters/${uuid}/events?limit=1000`;
    const { events } = await site.request<{ events: { type: string; message: string }[] }>('GET', path);
    return events.filter((event) => event.type === type).map((event) => event.message);
  }
  const falls = (...servers: string[]): Promise<void> =>
    site.guestFaults(...servers.map((server) => ({ server, kind: 'not-ready', message: WORDS }) as const));
  const demo = (): CloudSession =>
    cloud.session({
      kind: 'password',
      username: 'demo',
      password: site.sandbox.passwords.demo,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });

  it('follows its nodes, tells each change once, writes nothing while nothing changes, and repairs nothing unasked', async () => {
    const uuid = await cluster(1, 2);
    const at = async (): Promise<unknown> =>
      site.parts.source.query('SELECT xmin, revision FROM clusters WHERE uuid = $1', [uuid]);
    await watch.all(signal);
    const before = await at();
    await watch.all(signal);
    assert.deepEqual(await at(), before);
    const well = await show(uuid);
    assert.equal(well.health_status, 'HEALTHY');
    const names = (await rows(uuid)).map((node) => node.name);
    assert.deepEqual(well.health_status_reason, {
      api: 'ok',
      ...Object.fromEntries(names.map((name) => [`${name}.Ready`, 'True'])),
    });
    const lame = names[2] ?? '';
    await falls(lame);
    for (let i = 0; i < 3; i++) await watch.all(signal);
    const ill = await show(uuid);
    assert.deepEqual([ill.status, ill.health_status], ['CREATE_COMPLETE', 'UNHEALTHY']);
    assert.equal(ill.health_status_reason[`${lame}.Ready`], 'False');
    const node = (await rows(uuid)).find(({ name }) => name === lame);
    assert.equal(node?.unhealthyReason, `health: NotReady: KubeletNotReady: ${WORDS}`);
    assert.deepEqual(await told(uuid, 'health.changed'), [`the cluster is UNHEALTHY (${lame}.Ready: False)`]);
    assert.deepEqual(await told(uuid, 'health.not-ready'), [`node ${lame} stays NotReady: KubeletNotReady: ${WORDS}`]);
    assert.deepEqual(await told(uuid, 'repair.planned'), []);
    await site.guestFaults();
    await watch.all(signal);
    assert.equal((await show(uuid)).health_status, 'HEALTHY');
    assert.deepEqual(await told(uuid, 'health.ready'), [`node ${lame} is Ready again`]);
    const again = (await rows(uuid)).find(({ name }) => name === lame);
    assert.deepEqual([again?.notReadySince, again?.unhealthySince, again?.unhealthyReason], [null, null, null]);
  });

  it('is unknown while nobody answers, in words, and known again after', async () => {
    const uuid = await cluster(1, 0);
    const serverId = (await rows(uuid))[0]?.serverId ?? '';
    const act = async (action: string, until: string): Promise<void> => {
      const params = { id: serverId };
      await demo().call({
        service: 'compute',
        method: 'POST',
        template: '/servers/{id}/action',
        params,
        body: { [action]: null },
      });
      while ((await demo().compute.servers.get(serverId)).status !== until) await new Promise((r) => setTimeout(r, 20));
    };
    await act('os-stop', 'SHUTOFF');
    await watch.all(signal);
    const silent = await show(uuid);
    assert.equal(silent.health_status, 'UNKNOWN');
    assert.match(silent.health_status_reason['api'] ?? '', /^the API at https:\/\/127\..* (does not answer|did not answer)/);
    await act('os-start', 'ACTIVE');
    for (let i = 0; (await show(uuid)).health_status !== 'HEALTHY' && i < 50; i++) await watch.all(signal);
    assert.equal((await show(uuid)).health_status, 'HEALTHY');
    assert.equal((await told(uuid, 'health.changed')).length, 2);
  });

  it('is what an external healer says where the labels name one', async () => {
    const uuid = await cluster(1, 1, { auto_healing_enabled: 'true', auto_healing_controller: 'magnum-auto-healer' });
    await site.request('PATCH', `/clusters/${uuid}`, [
      { op: 'replace', path: '/health_status', value: 'UNHEALTHY' },
      { op: 'replace', path: '/health_status_reason', value: "{'updated_at':'now','api':'error'}" },
    ]);
    await falls('*-worker-0');
    for (let i = 0; i < 3; i++) await watch.all(signal);
    const { health_status, health_status_reason, status } = await show(uuid);
    assert.deepEqual([status, health_status], ['CREATE_COMPLETE', 'UNHEALTHY']);
    assert.deepEqual(health_status_reason, { updated_at: 'now', api: 'error' });
    const plain = await cluster(1, 0);
    await site.request('PATCH', `/clusters/${plain}`, [{ op: 'replace', path: '/health_status', value: 'UNHEALTHY' }]);
    assert.equal((await show(plain)).health_status, 'UNHEALTHY');
    await watch.all(signal);
    assert.equal((await show(plain)).health_status, 'HEALTHY', 'elsewhere it stands until the next look');
  });

  it('heals: a worker that stays NotReady is replaced where the label says so', async () => {
    const uuid = await cluster(1, 3, { auto_healing_enabled: 'true' });
    const [, lame, ...others] = await rows(uuid);
    assert.ok(lame);
    await falls(lame.name);
    await watch.all(signal);
    assert.deepEqual(await told(uuid, 'repair.planned'), [], 'not at the first look');
    await watch.all(signal);
    assert.equal((await show(uuid)).status, 'UPDATE_IN_PROGRESS');
    // The new one has the freed slot, and the name: it would fall too.
    await site.guestFaults();
    const done = await site.until(uuid, ended, 120_000);
    assert.deepEqual([done?.status, done?.status_reason], ['UPDATE_COMPLETE', null]);
    const now = await rows(uuid);
    assert.equal(now.length, 4);
    assert.ok(!now.some(({ uuid: own }) => own === lame.uuid));
    assert.ok(others.every((other) => now.some((node) => node.serverId === other.serverId)));
    assert.match((await told(uuid, 'operation.accepted')).at(-1) ?? '', /^auto-healing: node .* stays NotReady: KubeletNotReady/);
    await watch.all(signal);
    assert.equal((await show(uuid)).health_status, 'HEALTHY');
    // Another one soon after is not replaced at once: something may kill what is new.
    await falls(others.at(-1)?.name ?? '');
    for (let i = 0; i < 3; i++) await watch.all(signal);
    assert.equal((await told(uuid, 'repair.planned')).length, 1);
  });

  it('does not heal what fell all at once: it says so, once', async () => {
    const uuid = await cluster(1, 3, { auto_healing_enabled: 'true' });
    await falls('*-worker-*');
    for (let i = 0; i < 3; i++) await watch.all(signal);
    assert.deepEqual(await told(uuid, 'health.healing-held'), [
      'no repair by itself: 3 of 3 nodes of group default-worker are NotReady at once (more than 50 %): none of them is replaced',
    ]);
    assert.equal((await told(uuid, 'health.not-ready')).length, 3);
    await falls('*');
    for (let i = 0; i < 3; i++) await watch.all(signal);
    assert.equal((await show(uuid)).status, 'CREATE_COMPLETE');
    assert.deepEqual(await told(uuid, 'repair.planned'), []);
  });

  it('is looked at by one of several conductors in a round', async () => {
    const uuid = await cluster(1, 0);
    const slice = Math.floor(Number.parseInt(uuid.slice(0, 2), 16) / 4);
    // The installation's own loop may have had this slice just now.
    await site.parts.source.query(`DELETE FROM leases WHERE name = $1`, [`health:${slice}`]);
    assert.deepEqual([await watch.slice(slice, signal), await watch.slice(slice, signal)], [1, null]);
  });
});
