import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, type TestContext } from 'node:test';
import { NodeEntity, OperationEntity } from '#libs/db';
import { noGuestLatencies } from '#libs/sandbox';
import { ApiWatch } from './api-watch.js';
import { TestInstallation, type ClusterView } from './installation.js';

const OLD = 'v1.35.9';
const NEW = 'v1.36.4';
const NEWEST = 'v1.37.1';
const MASTERS = 3;
const WORKERS = 5;
/** Of an API that is asked ten times a second. */
const MOST_GAP_MS = 1_500;
const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

interface OperationView {
  readonly uuid: string;
  readonly kind: string;
  readonly status: string;
}

describe(`an upgrade of ${MASTERS} + ${WORKERS} nodes, its API asked all the time`, () => {
  let site: TestInstallation;
  let empty: unknown;
  const templates: Record<string, string> = {};
  before(async () => {
    site = await TestInstallation.start({ guestLatencies: { ...noGuestLatencies, etcdElectionMs: 4_000 } });
    empty = await site.inventory();
    for (const version of [OLD, NEW])
      templates[version] = await site.template({ image_id: `ubuntu-24.04-kube-${version}`, master_lb_enabled: true });
  });
  const watches: ApiWatch[] = [];
  const watched = async (uuid: string): Promise<ApiWatch> => {
    const watch = await ApiWatch.of(site, uuid);
    watches.push(watch);
    return watch;
  };
  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.stop();
    await site.guestFaults();
    const { clusters } = await site.request<{ clusters: { uuid: string }[] }>('GET', '/clusters');
    for (const { uuid } of clusters) {
      await site.request('DELETE', `/clusters/${uuid}`);
      assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 120_000), null);
    }
    assert.deepEqual(await site.inventory(), empty);
  });
  after(() => site?.close());

  async function cluster(masters = MASTERS, workers = WORKERS): Promise<string> {
    const uuid = await site.create({ cluster_template_id: templates[OLD], master_count: masters, node_count: workers });
    const made = await site.until(uuid, ended, 240_000);
    assert.deepEqual([made?.status, made?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }
  const ask = (uuid: string, to = templates[NEW], batch = 2): Promise<unknown> =>
    site.request('POST', `/clusters/${uuid}/actions/upgrade`, { cluster_template: to, max_batch_size: batch });
  const end = async (uuid: string): Promise<ClusterView> => {
    const cluster = await site.until(uuid, ended, 300_000);
    assert.ok(cluster);
    return cluster;
  };
  const nodes = (uuid: string): Promise<NodeEntity[]> => site.parts.source.manager.findBy(NodeEntity, { clusterUuid: uuid });
  const versions = async (uuid: string): Promise<string[]> =>
    [...new Set((await nodes(uuid)).map((node) => node.facts?.kubernetesVersion ?? ''))].toSorted();
  async function told(uuid: string, pattern: RegExp): Promise<string[]> {
    const path = `/clusters/${uuid}/events?limit=1000`;
    const { events } = await site.request<{ events: { message: string }[] }>('GET', path);
    return events.map(({ message }) => message).filter((message) => pattern.test(message));
  }
  async function newest(uuid: string): Promise<OperationView> {
    const { operations } = await site.request<{ operations: OperationView[] }>('GET', `/clusters/${uuid}/operations`);
    const [first] = operations.filter(({ kind }) => kind === 'upgrade');
    assert.ok(first);
    return first;
  }
  function assertAvailable(t: TestContext, watch: ApiWatch): void {
    const { asked, failures, longestGapMs, stoodStillMs, silenceMs } = watch;
    t.diagnostic(
      `${asked} requests, ${failures.length} failed, longest gap ${longestGapMs} ms, of which the test itself stood still for ${stoodStillMs} ms ${failures.join('; ')}`,
    );
    assert.ok(silenceMs < MOST_GAP_MS, failures.join('\n'));
  }

  it('answers throughout; a snapshot of etcd is taken before each step of the control plane', async (t) => {
    const uuid = await cluster();
    const before = new Set((await nodes(uuid)).map((node) => node.serverId));
    const watch = await watched(uuid);
    await ask(uuid);
    const done = await end(uuid);
    await watch.stop();
    assert.deepEqual([done.status, done.status_reason, done.coe_version], ['UPDATE_COMPLETE', null, NEW]);
    assert.deepEqual(await versions(uuid), [NEW]);
    assert.ok((await nodes(uuid)).every((node) => !before.has(node.serverId)));
    const snapshots = await told(
      uuid,
      /^snapshot of etcd \(\d+ KiB, revision \d+\) on node .*: \/var\/lib\/etcd\/jeroboam-snapshot\.db$/,
    );
    assert.equal(snapshots.length, 2 * MASTERS, 'before each that comes and each that goes');
    const row = await site.parts.source.manager.findOneByOrFail(OperationEntity, { clusterUuid: uuid, kind: 'upgrade' });
    const snapshot = row.result?.['snapshot'] as { nodeName: string; revision: number };
    const standing = (await nodes(uuid)).map(({ name }) => name);
    assert.ok(standing.includes(snapshot.nodeName), 'the last one is on a master that stands');
    assert.ok(snapshot.revision > 0);
    assertAvailable(t, watch);
  });

  it('stops at a master that fails in the middle, says why, and is resumed; the API answers throughout', async (t) => {
    const uuid = await cluster();
    const watch = await watched(uuid);
    const words = 'error execution phase check-etcd: etcd cluster is not healthy';
    // The first new master comes, the second one (in the slot that is free by then) does not.
    const fault = { server: '*-master-0', kind: 'step-fails', step: 'kubeadm-join', exitCode: 1, stderr: words } as const;
    await site.guestFaults(fault);
    await ask(uuid);
    const failed = await end(uuid);
    assert.equal(failed.status, 'UPDATE_FAILED');
    assert.match(
      failed.status_reason ?? '',
      /node .*-master-0: kubeadm-join exited 1: .*check-etcd: etcd cluster is not healthy/,
    );
    assert.deepEqual(await versions(uuid), [OLD, NEW]);
    await site.guestFaults();
    const { uuid: operation } = await newest(uuid);
    await site.request('POST', `/clusters/${uuid}/operations/${operation}/resume`);
    const done = await end(uuid);
    await watch.stop();
    assert.deepEqual([done.status, done.status_reason, done.coe_version], ['UPDATE_COMPLETE', null, NEW]);
    assert.deepEqual(await versions(uuid), [NEW]);
    assert.equal((await nodes(uuid)).length, MASTERS + WORKERS);
    assertAvailable(t, watch);
  });

  it('can be aborted in the middle and rolled back while old masters stand; those that stood stay the same machines', async (t) => {
    const uuid = await cluster(3, 1);
    const before = new Map((await nodes(uuid)).map((node) => [node.serverId, node]));
    const watch = await watched(uuid);
    await site.guestFaults({
      server: '*',
      kind: 'step-fails',
      step: 'etcd-snapshot',
      exitCode: 1,
      stderr: 'no space left on device',
    });
    await ask(uuid);
    const mixed = async (): Promise<boolean> =>
      (await nodes(uuid)).some((node) => node.joinedAt && node.facts?.kubernetesVersion === NEW);
    while (!(await mixed())) await new Promise((resolve) => setTimeout(resolve, 20));
    const { uuid: operation } = await newest(uuid);
    await site.request('POST', `/clusters/${uuid}/operations/${operation}/abort`);
    const aborted = await end(uuid);
    assert.equal(aborted.status, 'UPDATE_FAILED');
    assert.equal((await newest(uuid)).status, 'aborted');
    const unsaved = await told(uuid, /^no snapshot of etcd before this step: .*no space left on device$/);
    assert.ok(unsaved.length >= 1, 'a warning, and the step is taken');
    await site.guestFaults();
    await ask(uuid, templates[OLD]);
    const done = await end(uuid);
    await watch.stop();
    assert.deepEqual([done.status, done.status_reason, done.coe_version], ['UPDATE_COMPLETE', null, OLD]);
    assert.deepEqual(await versions(uuid), [OLD]);
    const now = await nodes(uuid);
    assert.equal(now.length, 4);
    assert.ok(now.filter((node) => before.has(node.serverId)).length >= 3, 'at most one master had gone');
    assertAvailable(t, watch);
  });

  it('passes through the minors between when there are images of them, and is refused with the list when not', async () => {
    const uuid = await cluster(1, 1);
    const name = `ubuntu-24.04-kube-${NEWEST}`;
    const image = await newestImage(site, name);
    const to = await site.template({ image_id: name, master_lb_enabled: true });
    await ask(uuid, to, 1);
    const done = await end(uuid);
    assert.deepEqual([done.status, done.status_reason, done.coe_version], ['UPDATE_COMPLETE', null, NEWEST]);
    assert.deepEqual(await versions(uuid), [NEWEST]);
    assert.deepEqual(await told(uuid, /^control planes that join are made with/), [
      `control planes that join are made with Kubernetes ${NEW}`,
      `control planes that join are made with Kubernetes ${NEWEST}`,
    ]);
    assert.equal((await told(uuid, /^node group default-worker: 1 of 1 nodes/)).length, 1, 'workers go once');
    await site.request('DELETE', `/clusters/${uuid}`);
    await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 120_000);
    await image.remove();
  });
});

/** An image of the version after next, for as long as a test needs it. */
async function newestImage(site: TestInstallation, name: string): Promise<{ remove(): Promise<void> }> {
  const session = site.parts.cloud.session({
    kind: 'password',
    username: 'demo',
    password: site.sandbox.passwords.demo,
    userDomainName: 'Default',
    projectName: 'demo',
    projectDomainName: 'Default',
  });
  const { images } = session.image;
  const made = await images.create({
    name,
    os_distro: 'ubuntu',
    kube_version: NEWEST,
    disk_format: 'qcow2',
    container_format: 'bare',
  });
  await session.call({ service: 'image', method: 'PUT', template: '/images/{id}/file', params: { id: made.id }, body: {} });
  return { remove: () => images.delete(made.id) };
}
