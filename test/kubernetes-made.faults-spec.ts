import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { FaultSite } from './support/fault-site.js';
import { eventually } from './support/commands.js';
import { KubernetesDecoys } from './support/kubernetes-decoys.js';
import { KubernetesUse } from './support/kubernetes-use.js';

interface Report {
  readonly removed: { type: string; id: string; name: string }[];
  readonly kept: { type: string; id: string; reason: string }[];
  readonly left: { type: string; id: string; reason: string }[];
}

describe('what Kubernetes has made', () => {
  let on: FaultSite;
  let use: KubernetesUse;
  before(async () => {
    on = await FaultSite.start({}, { DELETE_PATIENCE_SECONDS: '3' });
    use = new KubernetesUse(on);
  });
  afterEach(() => on.heal());
  after(() => on?.close());

  const running = async (): Promise<string> => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    return uuid;
  };
  const report = (uuid: string): Promise<Report> => use.result<Report>(uuid);
  const types = (objects: readonly { type: string }[]): string[] => objects.map(({ type }) => type).sort();

  it('goes with the cluster, and only that of this cluster', async () => {
    const uuid = await running();
    const { provider, place, nodes, cloud } = await use.of(uuid);
    const web = await provider.service('default', 'web', place, nodes);
    await provider.service('default', 'internal', { ...place, externalNetworkId: null });
    const volume = await provider.claim('default', 'data', nodes[0] ?? null);
    const free = await provider.claim('default', 'free');
    await use.persist(uuid, [volume, free], 'Delete');
    const decoys = await KubernetesDecoys.make(on, cloud, uuid);

    await on.site.request('DELETE', `/clusters/${uuid}`);
    await use.gone(uuid);
    await decoys.assertUntouched();
    const { removed, kept } = await report(uuid);
    assert.deepEqual(types(removed), [
      'floating-ip',
      'load-balancer',
      'load-balancer',
      'security-group',
      'security-group',
      'volume',
      'volume',
    ]);
    assert.deepEqual(kept, []);
    assert.ok(removed.some(({ id }) => id === web.balancer.id));
    const events = await use.events(uuid, 'delete.removed');
    assert.ok(
      events.some((message) => message.startsWith('removed load-balancer kube_service_')),
      events.join('\n'),
    );
    await decoys.remove();
    await on.assertEmpty();
  });

  it('stays where its PersistentVolume says Retain, or none stands for it', async () => {
    const uuid = await running();
    const { provider, nodes, cloud } = await use.of(uuid);
    const [goes, stays, orphan] = [
      await provider.claim('default', 'goes', nodes[0] ?? null),
      await provider.claim('default', 'stays', nodes[0] ?? null),
      await provider.claim('default', 'orphan'),
    ];
    const snapshot = await provider.snapshot(orphan, 'yesterday');
    await use.persist(uuid, [goes], 'Delete');
    await use.persist(uuid, [stays], 'Retain');
    const project = await cloud.projectId();
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await use.gone(uuid);
    const { removed, kept } = await report(uuid);
    assert.deepEqual(
      removed.map(({ id }) => id),
      [goes.id],
    );
    assert.deepEqual(
      new Map(kept.map(({ id, reason }) => [id, reason])),
      new Map([
        [snapshot.id, 'no VolumeSnapshotContent of the cluster stands for it'],
        [stays.id, 'its PersistentVolume says Retain'],
        [orphan.id, 'no PersistentVolume of the cluster stands for it'],
      ]),
    );
    const left = (await on.inventory())[project]?.['volumes']?.map(({ id }) => id) ?? [];
    assert.deepEqual(left.sort(), [stays.id, orphan.id].sort());
    await use.removeVolumes([snapshot.id], [stays.id, orphan.id]);
    await on.assertEmpty();
  });

  it('is no volume while Kubernetes does not say what is to stay; keep_volumes=false takes them', async () => {
    const uuid = await running();
    const { provider } = await use.of(uuid);
    const volumes = [await provider.claim('default', 'a'), await provider.claim('default', 'b')];
    await use.persist(uuid, volumes, 'Delete');
    await use.silence(uuid);
    const first = await on.site.request<{ undecided: { id: string }[] }>('GET', `/clusters/${uuid}/delete-plan`);
    assert.equal(first.undecided.length, 2);
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await use.gone(uuid);
    const { removed, kept } = await report(uuid);
    assert.deepEqual(removed, []);
    assert.ok(
      kept.every(({ reason }) => reason.startsWith('Kubernetes did not answer')),
      JSON.stringify(kept),
    );
    assert.equal(kept.length, 2);
    const events = await use.events(uuid, 'delete.kept');
    assert.equal(events.length, 1, events.join());
    await use.removeVolumes(
      [],
      volumes.map(({ id }) => id),
    );

    const again = await running();
    const other = await use.of(again);
    const volume = await other.provider.claim('default', 'c');
    await use.silence(again);
    await on.site.request('DELETE', `/clusters/${again}?keep_volumes=false`);
    await use.gone(again);
    assert.deepEqual(types((await report(again)).removed), ['volume']);
    assert.ok(volume.id);
    await on.assertEmpty();
  });

  it('stays when that is asked for, where its network stays; else that is refused, by name', async () => {
    const uuid = await running();
    const { provider, place, nodes } = await use.of(uuid);
    const { balancer } = await provider.service('default', 'web', place, nodes);
    const volume = await provider.claim('default', 'data');
    await use.persist(uuid, [volume], 'Delete');
    await assert.rejects(on.site.request('DELETE', `/clusters/${uuid}?keep_load_balancers=true`), (error: Error) => {
      assert.match(error.message, /: 409 /);
      assert.ok(error.message.includes(`${balancer.name} (${balancer.id})`), error.message);
      return true;
    });
    assert.equal((await on.site.cluster(uuid))?.status, 'CREATE_COMPLETE');
    const plan = await on.site.request<Record<'remove' | 'keep' | 'in_the_way', { type: string }[]>>(
      'GET',
      `/clusters/${uuid}/delete-plan?keep_load_balancers=true&keep_volumes=true`,
    );
    assert.deepEqual(
      [types(plan.remove), types(plan.keep), types(plan.in_the_way)],
      [['security-group'], ['floating-ip', 'load-balancer', 'volume'], ['load-balancer']],
    );
    await on.site.request('DELETE', `/clusters/${uuid}?keep_volumes=true`);
    await use.gone(uuid);
    assert.deepEqual(types((await report(uuid)).kept), ['volume']);
    await use.removeVolumes([], [volume.id]);
    await on.assertEmpty();
  });

  it('stays on an existing network, with its address', async () => {
    const home = await use.network('10.77.0.0/24');
    const uuid = await on.create({ fixed_network: home.networkId, fixed_subnet: home.subnetId });
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    const { provider, place, nodes } = await use.of(uuid);
    const { balancer, address } = await provider.service('default', 'web', { ...place, subnetId: home.subnetId }, nodes);
    await on.site.request('DELETE', `/clusters/${uuid}?keep_load_balancers=true`);
    await use.gone(uuid);
    const { kept, removed } = await report(uuid);
    assert.deepEqual(kept.map(({ id }) => id).sort(), [balancer.id, address?.id].sort());
    assert.deepEqual(types(removed), ['security-group']);
    await use.removeBalancer(balancer.id, address?.id ?? null);
    await home.remove();
    await on.assertEmpty();
  });

  it('is waited for: busy, in ERROR, gone half-way, a volume that is let go late', async () => {
    const uuid = await running();
    const { provider, place, nodes } = await use.of(uuid);
    const { balancer, address } = await provider.service('default', 'web', place, nodes);
    await on.fault({
      service: 'load-balancer',
      method: 'POST',
      path: '^/lbaas/loadbalancers$',
      kind: 'outcome',
      outcome: 'error',
    });
    const broken = await provider.balancer('default', 'broken', place.subnetId);
    assert.equal(broken.provisioning_status, 'ERROR');
    const slow = await provider.claim('default', 'slow');
    await use.persist(uuid, [slow], 'Delete');
    await use.setVolumeStatus(slow.id, 'in-use');
    const immutable = { faultcode: 'Client', faultstring: `Load Balancer ${balancer.id} is immutable and cannot be updated.` };
    await on.fault(
      {
        service: 'load-balancer',
        method: 'DELETE',
        path: `^/lbaas/loadbalancers/${balancer.id}`,
        kind: 'status',
        status: 409,
        count: 3,
        body: immutable,
      },
      { service: 'load-balancer', method: 'DELETE', path: `^/lbaas/loadbalancers/${broken.id}`, kind: 'drop-after' },
      { service: 'network', method: 'DELETE', path: `^/floatingips/${address?.id}`, kind: 'status', status: 500, after: true },
      { service: 'volume', method: 'GET', path: '/volumes/detail', kind: 'status', status: 503, count: 2 },
    );
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await eventually('the balancers to go', 20, async () => (await on.made())['loadbalancers'] === undefined, 50);
    assert.equal(await on.step(uuid), 'kubernetes-objects');
    await use.setVolumeStatus(slow.id, 'available');
    await on.removed(uuid);
    assert.deepEqual(types((await report(uuid)).removed), [
      'floating-ip',
      'load-balancer',
      'load-balancer',
      'security-group',
      'volume',
    ]);
  });

  it('that will not go fails the deletion with the reason; it may be asked for again, or forced past it', async () => {
    const uuid = await running();
    const { provider, place } = await use.of(uuid);
    const volume = await provider.claim('default', 'data');
    await use.persist(uuid, [volume], 'Delete');
    await use.setVolumeStatus(volume.id, 'detaching');
    await provider.service('default', 'web', place);
    await on.site.request('DELETE', `/clusters/${uuid}`);
    const failed = await on.site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED');
    assert.equal(failed?.status_reason, `kubernetes-objects: volume default/data (${volume.id}): detaching`);
    assert.deepEqual(types((await report(uuid)).removed), ['floating-ip', 'load-balancer', 'security-group']);
    await on.site.request('DELETE', `/clusters/${uuid}?force=true`);
    await use.gone(uuid);
    const { left } = await report(uuid);
    assert.deepEqual(
      left.map(({ id, reason }) => [id, reason]),
      [[volume.id, 'detaching']],
    );
    await use.setVolumeStatus(volume.id, 'available');
    await use.removeVolumes([], [volume.id]);
    await on.assertEmpty();
  });

  it('does not go while somebody else uses it', async () => {
    const uuid = await running();
    const { provider, place, cloud } = await use.of(uuid);
    const taken = await provider.claim('default', 'taken');
    const imaged = await provider.claim('default', 'imaged');
    await use.persist(uuid, [taken, imaged], 'Delete');
    const other = await use.server(cloud);
    await cloud.compute.volumeAttachments.create(other.id, { volumeId: taken.id });
    const snapshot = await cloud.volume.snapshots.create({ volume_id: imaged.id, name: 'mine' });
    const { group } = await provider.service('default', 'web', place);
    await other.useGroup(group.id);
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await use.gone(uuid);
    const reasons = new Map((await report(uuid)).kept.map(({ id, reason }) => [id, reason]));
    assert.deepEqual(
      reasons,
      new Map([
        [group.id, 'in use by port others-port, which stays'],
        [taken.id, 'attached to server others, which stays'],
        [imaged.id, 'has snapshot mine, which stays'],
      ]),
    );
    await other.remove();
    await use.removeVolumes([snapshot.id], [taken.id, imaged.id]);
    await use.removeGroup(group.id);
    await on.assertEmpty();
  });

  it('is left alone on the cluster’s network when it is somebody else’s, and the deletion says so before it begins', async () => {
    const uuid = await running();
    const { place, cloud, nodes } = await use.of(uuid);
    const own = await cloud.loadBalancer.loadBalancers.create({ name: 'the-team', vip_subnet_id: place.subnetId });
    await on.site.request('DELETE', `/clusters/${uuid}`);
    const failed = await on.site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED');
    assert.match(
      failed?.status_reason ?? '',
      /^network k1-\S+ cannot go: load-balancer the-team \([0-9a-f-]{36}\) stands on it$/,
    );
    assert.equal((await on.made())['servers'], nodes.length, 'nothing has been touched');
    await use.removeBalancer(own.id, null);
    await on.remove(uuid);
  });

  it('goes when it was begun while its cluster went', async () => {
    const uuid = await running();
    const { provider, place } = await use.of(uuid);
    await on.fault({ service: 'network', method: 'DELETE', path: '^/subnets/', kind: 'delay', delay_ms: 1_000 });
    await on.site.request('DELETE', `/clusters/${uuid}`);
    await eventually('the infrastructure to go', 20, async () => (await on.step(uuid)) === 'infrastructure', 10);
    // What the cloud had been asked by a machine that is gone: the name is whole, the time is late.
    await provider.beginBalancer('default', 'late', place.subnetId);
    await on.removed(uuid);
    assert.deepEqual(types((await report(uuid)).removed), ['load-balancer']);
  });

  it('and stacks that will not go are left by force, forgotten and told', async () => {
    const uuid = await running();
    const { provider, place } = await use.of(uuid);
    await provider.service('default', 'web', place);
    const message = 'rule:delete_router is disallowed by policy';
    const refused = { NeutronError: { type: 'PolicyNotAuthorized', message, detail: '' } };
    await on.fault(
      { service: 'network', method: 'DELETE', path: '^/routers/', kind: 'status', status: 403, count: 0, body: refused },
      { service: 'load-balancer', kind: 'status', status: 503, count: 0 },
    );
    await on.site.request('DELETE', `/clusters/${uuid}?force=true`);
    await on.site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED', 120_000);
    assert.equal(await on.site.cluster(uuid), null);
    const { left } = await report(uuid);
    const reasons = new Map(left.map(({ type, reason }) => [type, reason]));
    assert.match(reasons.get('OS::Neutron::Router') ?? '', /disallowed by policy/);
    assert.match(reasons.get('load-balancer') ?? '', /load-balancer: /);
    assert.ok(reasons.has('OS::Neutron::Subnet'), 'the load balancer is on it');
    assert.ok((await use.events(uuid, 'delete.left')).some((words) => words.startsWith('may have left OS::Neutron::Router k1-')));
    await on.healCloud();
    await use.removeAllOf(uuid);
    await on.assertEmpty();
  });
});
