import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NodeEntity } from '#libs/db';
import { Cloud } from '#libs/openstack';
import { noGuestLatencies } from '#libs/sandbox';
import { TestInstallation, type ClusterView } from './installation.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

describe('a repair', () => {
  let site: TestInstallation;
  let cloud: Cloud;
  let empty: unknown;
  const templates: Record<string, string> = {};
  before(async () => {
    site = await TestInstallation.start({ guestLatencies: { ...noGuestLatencies, etcdElectionMs: 1_000 } });
    cloud = new Cloud({ authUrl: site.sandbox.authUrl });
    for (const master_lb_enabled of [false, true]) templates[`${master_lb_enabled}`] = await site.template({ master_lb_enabled });
    empty = await site.inventory();
  });
  after(async () => {
    await cloud?.close();
    await site?.close();
  });

  const demo = (): ReturnType<Cloud['session']> =>
    cloud.session({
      kind: 'password',
      username: 'demo',
      password: site.sandbox.passwords.demo,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });
  async function cluster(masters: number, workers: number): Promise<string> {
    const uuid = await site.create({
      cluster_template_id: templates[`${masters > 1}`],
      master_count: masters,
      node_count: workers,
    });
    const made = await site.until(uuid, ended, 120_000);
    assert.deepEqual([made?.status, made?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }
  const rows = (uuid: string): Promise<NodeEntity[]> =>
    site.parts.source.manager.find(NodeEntity, { where: { clusterUuid: uuid }, order: { role: 'ASC', slot: 'ASC' } });
  async function row(uuid: string, end: string): Promise<NodeEntity> {
    const found = (await rows(uuid)).find((node) => node.name.endsWith(end));
    assert.ok(found, end);
    return found;
  }
  async function repair(uuid: string, nodes: readonly string[] = []): Promise<ClusterView> {
    await site.request('POST', `/clusters/${uuid}/actions/repair`, { nodes });
    const done = await site.until(uuid, ended, 120_000);
    assert.ok(done);
    return done;
  }
  /** As many nodes as there should be, each Ready, in etcd if it is a master, and nothing in the cloud beside them. */
  async function assertSound(uuid: string, masters: number, workers: number): Promise<void> {
    const now = await rows(uuid);
    assert.deepEqual(
      ['master', 'worker'].map((role) => now.filter((node) => node.role === role).length),
      [masters, workers],
    );
    assert.ok(now.every((node) => node.leavingSince === null && node.unhealthySince === null));
    await site.withKube(uuid, async (kube) => {
      const nodes = await kube.nodes();
      assert.deepEqual(nodes.map((node) => node.name).toSorted(), now.map((node) => node.name).toSorted());
      assert.ok(nodes.every((node) => node.ready && !node.unschedulable));
      const members = await kube.etcdMembers();
      const names = now.filter((node) => node.role === 'master').map((node) => node.name);
      assert.deepEqual(members.map((member) => member.name).toSorted(), names.toSorted());
      assert.ok(members.every((member) => member.answers && !member.learner));
    });
    const servers = await demo().compute.servers.list();
    assert.deepEqual(servers.map((server) => server.id).toSorted(), now.map((node) => node.serverId).toSorted());
    const ports = (await demo().network.ports.list()).filter((port) => port.name.endsWith('-port'));
    assert.deepEqual(ports.map((port) => port.name).toSorted(), now.map((node) => `${node.name}-port`).toSorted());
  }
  async function remove(uuid: string): Promise<void> {
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED', 60_000), null);
    assert.deepEqual(await site.inventory(), empty);
  }

  it('makes a new worker in the place of one whose server is gone, and tidies what is left of it', async () => {
    const uuid = await cluster(1, 2);
    const gone = await row(uuid, 'worker-1');
    await demo().compute.servers.delete(gone.serverId ?? '');
    const done = await repair(uuid, [gone.name]);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    const made = await row(uuid, 'worker-1');
    assert.notEqual(made.uuid, gone.uuid);
    assert.notEqual(made.serverId, gone.serverId);
    await assertSound(uuid, 1, 2);
    await remove(uuid);
  });

  it('replaces what is marked: a new worker is Ready before one that still works goes', async () => {
    const uuid = await cluster(1, 2);
    const unwell = await row(uuid, 'worker-0');
    await site.parts.uow.run(async (tx) => {
      await tx.manager.query(`UPDATE nodes SET unhealthy_since = now(), unhealthy_reason = 'the disk is slow' WHERE uuid = $1`, [
        unwell.uuid,
      ]);
    });
    const done = await repair(uuid);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    assert.equal((await row(uuid, 'worker-2')).readyAt !== null, true);
    await assertSound(uuid, 1, 2);
    const { operations } = await site.request<{ operations: { kind: string; result: unknown }[] }>(
      'GET',
      `/clusters/${uuid}/operations`,
    );
    assert.deepEqual(operations[0], { ...operations[0], kind: 'repair', result: { broken: 1, removed: 1, added: 1 } });
    const { events } = await site.request<{ events: { type: string; message: string }[] }>(
      'GET',
      `/clusters/${uuid}/events?limit=1000`,
    );
    assert.match(
      events.find(({ type }) => type === 'repair.planned')?.message ?? '',
      /^one node is to be replaced: k1-.*-worker-0$/,
    );
    await remove(uuid);
  });

  it('replaces masters one after the other: one that is gone, one that still votes', async () => {
    const uuid = await cluster(3, 1);
    const gone = await row(uuid, 'master-1');
    const unwell = await row(uuid, 'master-2');
    await demo().compute.servers.delete(gone.serverId ?? '');
    const done = await repair(uuid, [gone.uuid, unwell.uuid]);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    const masters = (await rows(uuid)).filter((node) => node.role === 'master').map((node) => node.uuid);
    assert.ok(!masters.includes(gone.uuid) && !masters.includes(unwell.uuid));
    await assertSound(uuid, 3, 1);
    await remove(uuid);
  });

  it('does not touch masters when etcd has no majority, and says so', async () => {
    const uuid = await cluster(3, 0);
    for (const end of ['master-1', 'master-2']) {
      await demo().compute.servers.delete((await row(uuid, end)).serverId ?? '');
    }
    const done = await repair(uuid, [(await row(uuid, 'master-1')).name]);
    assert.equal(done.status, 'UPDATE_FAILED');
    assert.match(done.status_reason ?? '', /^resolve: only 1 of 3 masters run: etcd has no majority/);
    assert.equal((await rows(uuid)).length, 3);
    await remove(uuid);
  });

  it('that fails leaves the sound nodes alone, and the next one fills the group up', async () => {
    const uuid = await cluster(1, 2);
    const gone = await row(uuid, 'worker-1');
    await demo().compute.servers.delete(gone.serverId ?? '');
    await site.guestFaults({
      server: '*-worker-1',
      kind: 'step-fails',
      step: 'kubeadm-join',
      exitCode: 1,
      stderr: 'its own words',
    });
    const failed = await repair(uuid, [gone.name]);
    assert.equal(failed.status, 'UPDATE_FAILED');
    assert.match(failed.status_reason ?? '', /worker-1: kubeadm-join exited 1: its own words/);
    await site.guestFaults();
    const done = await repair(uuid);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    await assertSound(uuid, 1, 2);
    await remove(uuid);
  });

  it('brings back what nodes stand on: rules, members of the pool, the whole load balancer', async () => {
    const uuid = await cluster(3, 1);
    const network = demo().network;
    const [group] = (await network.securityGroups.list()).filter((one) => one.name.endsWith('-worker-security-group'));
    const rules = (): Promise<unknown[]> =>
      network.securityGroupRules.list({ security_group_id: group?.id ?? '', direction: 'ingress' });
    const before = (await rules()).length;
    for (const rule of await network.securityGroupRules.list({ security_group_id: group?.id ?? '', direction: 'ingress' })) {
      await network.securityGroupRules.delete(rule.id);
    }
    const { pools, members, loadBalancers } = demo().loadBalancer;
    const [pool] = await pools.list();
    const [member] = await members.of(pool?.id ?? '').list();
    await members.of(pool?.id ?? '').delete(member?.id ?? '');
    const done = await repair(uuid);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    assert.equal((await rules()).length, before);
    assert.equal((await members.of(pool?.id ?? '').list()).length, 3);
    const [balancer] = await loadBalancers.list();
    await loadBalancers.delete(balancer?.id ?? '', { cascade: true });
    const again = await repair(uuid);
    assert.deepEqual([again.status, again.status_reason, again.api_address], ['UPDATE_COMPLETE', null, done.api_address]);
    const [now] = await pools.list();
    assert.notEqual(now?.id, pool?.id);
    assert.equal((await members.of(now?.id ?? '').list()).length, 3);
    await assertSound(uuid, 3, 1);
    await remove(uuid);
  });

  it('does not give the cluster another address, and says how to get the old one back', async () => {
    const uuid = await cluster(1, 0);
    const { floatingIps } = demo().network;
    const [floatingIp] = await floatingIps.list();
    assert.ok(floatingIp);
    await floatingIps.delete(floatingIp.id);
    const failed = await repair(uuid);
    assert.equal(failed.status, 'UPDATE_FAILED');
    assert.match(failed.status_reason ?? '', /address of the cluster’s API, 127\.[\d.]+, is lost: its floating IP is gone/);
    await cloud
      .session({
        kind: 'password',
        username: 'admin',
        password: site.sandbox.passwords.admin,
        userDomainName: 'Default',
        projectName: 'admin',
        projectDomainName: 'Default',
      })
      .network.floatingIps.create({
        floating_network_id: floatingIp.floating_network_id,
        floating_ip_address: floatingIp.floating_ip_address,
        description: floatingIp.description,
        project_id: (await demo().whoAmI()).projectId,
      });
    const done = await repair(uuid);
    assert.deepEqual([done.status, done.status_reason], ['UPDATE_COMPLETE', null]);
    await assertSound(uuid, 1, 0);
    await remove(uuid);
  });

  it('can be deleted in the middle, and nothing is left', async () => {
    const uuid = await cluster(1, 2);
    const gone = await row(uuid, 'worker-1');
    await demo().compute.servers.delete(gone.serverId ?? '');
    await site.request('POST', `/clusters/${uuid}/actions/repair`, { nodes: [gone.name] });
    while ((await rows(uuid)).some((node) => node.uuid === gone.uuid)) await new Promise((resolve) => setTimeout(resolve, 20));
    await remove(uuid);
  });
});
