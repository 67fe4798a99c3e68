import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { LedgerRepository, NodeEntity, type LedgerFindingEntity } from '#libs/db';
import { Cloud, type CloudSession } from '#libs/openstack';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { ConductorModule } from '../src/conductor.module.js';
import { CleanOrphans, type Cleaned } from '../src/ledger/clean-orphans.js';
import { LedgerScan, type ScanReport } from '../src/ledger/ledger-scan.js';
import { LedgerWatch } from '../src/ledger/ledger-watch.js';
import { LeaseKeeper } from '../src/leases/lease-keeper.js';
import { SERVICE } from '../src/operations/service-scope.js';
import { TestInstallation, type ClusterView } from './installation.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const signal = new AbortController().signal;

describe('the ledger and the cloud', () => {
  let site: TestInstallation;
  let cloud: Cloud;
  let app: INestApplicationContext;
  let template: string;
  let healing: string;
  let empty: unknown;
  before(async () => {
    site = await TestInstallation.start();
    cloud = new Cloud({ authUrl: site.sandbox.authUrl });
    app = await NestFactory.createApplicationContext(ConductorModule.from(site.parts), { logger: false, abortOnError: false });
    app.get(LeaseKeeper).start();
    template = await site.template({ master_lb_enabled: true });
    healing = await site.template({ labels: { auto_healing_enabled: 'true' } });
    empty = await site.inventory();
  });
  after(async () => {
    app?.get(LeaseKeeper).stop();
    await app?.close();
    await cloud?.close();
    await site?.close();
  });

  const as = (user: 'demo' | 'admin'): CloudSession =>
    cloud.session({
      kind: 'password',
      username: user,
      password: site.sandbox.passwords[user],
      userDomainName: 'Default',
      projectName: user,
      projectDomainName: 'Default',
    });
  async function cluster(masters: number, workers: number, of = template): Promise<string> {
    const uuid = await site.create({ cluster_template_id: of, master_count: masters, node_count: workers });
    const made = await site.until(uuid, ended, 120_000);
    assert.deepEqual([made?.status, made?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }
  const look = (): Promise<ScanReport> => app.get(LedgerScan).run(signal);
  const findings = (): Promise<LedgerFindingEntity[]> => app.get(LedgerRepository).list(SERVICE);
  const clean = async (): Promise<Cleaned[]> => app.get(CleanOrphans).run(await findings(), 0, signal);
  const said = async (): Promise<string[]> => (await findings()).map((one) => `${one.class} ${one.kind}`).toSorted();
  const nodes = (uuid: string): Promise<NodeEntity[]> =>
    site.parts.source.manager.find(NodeEntity, { where: { clusterUuid: uuid }, order: { role: 'ASC', slot: 'ASC' } });
  async function eventsOf(uuid: string, type: string): Promise<string[]> {
    const path = `/clusters/${uuid}/events?limit=1000`;
    const { events } = await site.request<{ events: { type: string; message: string }[] }>('GET', path);
    return events.filter((event) => event.type === type).map((event) => event.message);
  }
  async function remove(uuid: string): Promise<void> {
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 60_000), null);
  }

  it('agree on a cluster that nobody has touched, for a dozen lists however many clusters there are', async () => {
    const first = await cluster(1, 1);
    const one = await look();
    const second = await cluster(1, 1);
    const two = await look();
    assert.deepEqual([one.found, two.found], [[], []]);
    assert.deepEqual([one.clusters, two.clusters], [1, 2]);
    assert.equal(one.lists, two.lists);
    assert.ok(one.lists <= 14, `${one.lists}`);
    await remove(first);
    await remove(second);
    assert.deepEqual((await look()).found, []);
    assert.deepEqual(await site.inventory(), empty);
  });

  it('what has our key and is wanted by nothing is found and removed; what only looks like it stays', async () => {
    const gone = await cluster(1, 0);
    await remove(gone);
    const uuid = await cluster(1, 0);
    const before = await site.inventory();
    const demo = as('demo');
    const key = (of: string): string => `jeroboam:${of}:${randomUUID()}`;
    const short = gone.replaceAll('-', '').slice(0, 12);
    const network = await demo.network.networks.create({ name: 'left', description: key(gone) });
    await demo.network.subnets.create({ network_id: network.id, cidr: '10.9.0.0/24', ip_version: 4, description: key(gone) });
    await demo.network.ports.create({ network_id: network.id, description: key(gone) });
    await demo.network.securityGroups.create({ name: 'left', description: key(uuid) });
    await demo.compute.serverGroups.create({ name: `k1-${short}-worker-server-group`, policy: 'anti-affinity' });
    await demo.volume.volumes.create({
      name: 'left',
      size: 1,
      metadata: { jeroboam_cluster: uuid, jeroboam_resource: randomUUID() },
    });
    const left = await look();
    assert.deepEqual(await said(), [
      'orphan OS::Cinder::Volume',
      'orphan OS::Neutron::Net',
      'orphan OS::Neutron::Port',
      'orphan OS::Neutron::SecurityGroup',
      'orphan OS::Neutron::Subnet',
      'orphan OS::Nova::ServerGroup',
    ]);
    assert.equal(left.added.length, 6);
    assert.equal((await look()).added.length, 0, 'told once');

    // A cluster of another installation, words in a user's own description, names by themselves, another project's group.
    await demo.network.networks.create({ name: 'decoy', description: key(randomUUID()) });
    await demo.network.networks.create({ name: 'decoy', description: `see jeroboam:${gone}` });
    await demo.network.networks.create({ name: `k1-${short}-network`, description: 'mine' });
    await demo.network.networks.create({ name: 'decoy', description: `${key(gone)} and more` });
    await as('admin').compute.serverGroups.create({ name: `k1-${short}-worker-server-group`, policy: 'anti-affinity' });
    const decoys = await look();
    assert.deepEqual([decoys.added.length, decoys.foreign], [0, 1]);

    const early = await app.get(CleanOrphans).run(await findings(), 3_600_000, signal);
    assert.ok(early.every(({ outcome }) => outcome === 'kept'));
    const cleaned = await clean();
    assert.deepEqual(new Set(cleaned.map(({ outcome }) => outcome)), new Set(['removed']));
    assert.deepEqual((await look()).found, []);
    assert.equal((await demo.network.networks.list({ name: 'decoy' })).length, 3);
    for (const one of await demo.network.networks.list()) {
      if (one.name === 'decoy' || one.description === 'mine') await demo.network.networks.delete(one.id);
    }
    for (const one of await as('admin').compute.serverGroups.list()) await as('admin').compute.serverGroups.delete(one.id);
    assert.deepEqual(await site.inventory(), before);
    await remove(uuid);
  });

  it('nothing is removed while an operation of its cluster is open, or when a row has come to want it', async () => {
    const uuid = await cluster(1, 0);
    const resource = randomUUID();
    const group = await as('demo').network.securityGroups.create({
      name: 'left',
      description: `jeroboam:${uuid}:${resource}`,
    });
    await look();
    const known = await findings();
    const held = await app.get(LeaseKeeper).acquire(`cluster:${uuid}`);
    assert.deepEqual(
      (await app.get(CleanOrphans).run(known, 0, signal)).map(({ why }) => why),
      ['an operation of its cluster runs'],
    );
    await held?.release();
    await site.parts.source.query(
      `INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name, action, status)
       SELECT $1, uuid, 'more', 'OS::Neutron::SecurityGroup', 'left', 'CREATE', 'FAILED' FROM stacks WHERE cluster_uuid = $2
         AND name = 'infrastructure'`,
      [resource, uuid],
    );
    assert.deepEqual(
      (await app.get(CleanOrphans).run(known, 0, signal)).map(({ why }) => why),
      ['something in the ledger wants it now'],
    );
    await look();
    assert.deepEqual(await said(), ['adoptable OS::Neutron::SecurityGroup']);
    assert.deepEqual(
      (await clean()).map(({ outcome }) => outcome),
      ['adopted'],
    );
    const [row]: { physical_id: string }[] = await site.parts.source.query(
      'SELECT physical_id FROM stack_resources WHERE uuid = $1',
      [resource],
    );
    assert.equal(row?.physical_id, group.id);
    await remove(uuid);
    assert.deepEqual(await site.inventory(), empty);
  });

  it('users and trusts that no cluster acts by are found and removed', async () => {
    const uuid = await cluster(1, 0);
    const { TRUSTEE_DOMAIN_ADMIN: username, TRUSTEE_DOMAIN_ADMIN_PASSWORD: password } = site.settings;
    const domain = cloud.session({ kind: 'password', username, password, userDomainName: 'jeroboam', domainName: 'jeroboam' });
    const { domainId } = await domain.whoAmI();
    const description = `jeroboam: trustee of cluster k1 (${uuid})`;
    const user = await domain.identity.users.create({
      name: `${uuid}-0123abcd`,
      domain_id: domainId,
      password: 'x',
      description,
    });
    await domain.identity.users.create({ name: `${uuid}-decoy`, domain_id: domainId, password: 'x', description });
    const demo = as('demo');
    const { userId, projectId, roles } = await demo.whoAmI();
    await demo.identity.trusts.create({
      trustor_user_id: userId,
      trustee_user_id: user.id,
      project_id: projectId,
      impersonation: true,
      roles: roles.map(({ id }) => ({ id })),
    });
    await look();
    assert.deepEqual(await said(), ['orphan trust', 'orphan user']);
    assert.deepEqual(
      (await clean()).map(({ outcome }) => outcome),
      ['removed', 'removed'],
    );
    assert.deepEqual((await look()).found, []);
    for (const one of await domain.identity.users.list({ domain_id: domainId ?? '', name: `${uuid}-decoy` })) {
      await domain.identity.users.delete(one.id);
    }
    await remove(uuid);
    assert.deepEqual(await site.inventory(), empty);
  });

  it('what somebody does to a cluster is told once, marks its nodes, and is taken back when it is well again', async () => {
    const uuid = await cluster(3, 2);
    const demo = as('demo');
    const [master, , , worker, other] = await nodes(uuid);
    assert.ok(master && worker && other);
    const act = (action: string): Promise<unknown> =>
      demo.call({
        service: 'compute',
        method: 'POST',
        template: '/servers/{id}/action',
        params: { id: other.serverId ?? '' },
        body: { [action]: null },
      });
    await demo.compute.servers.delete(worker.serverId ?? '');
    await act('os-stop');
    const { pools, members } = demo.loadBalancer;
    const [pool] = await pools.list();
    const [member] = await members.of(pool?.id ?? '').list();
    await members.of(pool?.id ?? '').delete(member?.id ?? '');
    const [group] = (await demo.network.securityGroups.list()).filter((one) => one.name.endsWith('-worker-security-group'));
    const [rule] = await demo.network.securityGroupRules.list({ security_group_id: group?.id ?? '', direction: 'ingress' });
    await demo.network.securityGroupRules.delete(rule?.id ?? '');
    const [floatingIp] = await demo.network.floatingIps.list();
    await demo.network.floatingIps.update(floatingIp?.id ?? '', { port_id: null });
    const report = await look();
    assert.deepEqual(await said(), [
      'changed OS::Neutron::FloatingIP',
      'changed OS::Neutron::SecurityGroup',
      'down OS::Nova::Server',
      'missing OS::Nova::Server',
      'missing OS::Octavia::PoolMember',
    ]);
    assert.equal(report.added.length, 5);
    await look();
    assert.equal((await eventsOf(uuid, 'drift.missing')).length, 2);
    const marked = (await nodes(uuid)).filter((node) => node.unhealthySince !== null).map((node) => node.uuid);
    assert.deepEqual(marked.toSorted(), [worker.uuid, other.uuid].toSorted());
    await act('os-start');
    while ((await demo.compute.servers.get(other.serverId ?? '')).status !== 'ACTIVE')
      await new Promise((r) => setTimeout(r, 20));
    assert.equal((await look()).cleared.length, 1);
    assert.equal((await eventsOf(uuid, 'drift.cleared')).length, 1);
    await site.request('POST', `/clusters/${uuid}/actions/repair`, {});
    const done = await site.until(uuid, ended, 120_000);
    assert.deepEqual([done?.status, done?.status_reason], ['UPDATE_COMPLETE', null]);
    assert.deepEqual((await look()).found, []);
    assert.ok((await nodes(uuid)).every((node) => node.unhealthySince === null));
    await remove(uuid);
    assert.deepEqual(await site.inventory(), empty);
  });

  it('a cluster that heals by itself is repaired at the second look, and others are not', async () => {
    const uuid = await cluster(1, 2, healing);
    const plain = await cluster(1, 1);
    const lost = (await nodes(uuid)).find((node) => node.role === 'worker');
    await as('demo').compute.servers.delete(lost?.serverId ?? '');
    const watch = app.get(LedgerWatch);
    assert.deepEqual((await watch.look(signal)).healed, []);
    const { healed } = await watch.look(signal);
    assert.equal(healed.length, 1);
    const done = await site.until(uuid, ended, 120_000);
    assert.deepEqual([done?.status, done?.status_reason], ['UPDATE_COMPLETE', null]);
    assert.equal((await eventsOf(uuid, 'repair.planned')).length, 1);
    assert.deepEqual((await watch.look(signal)).report.found, []);
    assert.equal((await site.cluster(plain))?.status, 'CREATE_COMPLETE');
    await remove(uuid);
    await remove(plain);
    assert.deepEqual(await site.inventory(), empty);
  });
});
