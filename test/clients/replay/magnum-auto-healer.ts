import assert from 'node:assert/strict';
import { eventually } from '../../support/commands.js';
import { IMAGE, LIMIT, type Account, type WireBody } from '../site.js';
import type { ClientRows } from '../table.js';
import { NotPossible } from '../table.js';
import { HeatCalls } from './heat-calls.js';
import { Replay } from './replay.js';

const PROVIDER = 'pkg/autohealing/cloudprovider/openstack/provider.go';

/** The functions of its OpenStack provider that ask a service. */
const HAS = [
  'Enabled',
  'UpdateHealthStatus',
  'waitForClusterComplete',
  'getNodeGroup',
  'Repair of a worker',
  'Repair of a master',
  'getStackName',
  'getAllStackResourceMapping',
  'firstTimeRepair',
  'waitForServerPoweredOff',
  'waitForServerDetachVolumes',
];

/** magnum-auto-healer of cloud-provider-openstack: health PATCHed from inside the cluster, broken workers and masters replaced. */
export async function magnumAutoHealer(rows: ClientRows, account: Account): Promise<void> {
  rows.has(HAS);
  const replay = new Replay(rows, account, 'kubernetes/cloud-provider-openstack', {
    accept: 'application/json',
    'user-agent': 'magnum-auto-healer gophercloud/1.14.0',
    'openstack-api-version': 'container-infra latest',
  });
  const uuid = await prepare(account);
  const path = `/v1/clusters/${uuid}`;
  const get = { source: PROVIDER, method: 'GET', path, expect: [200] } as const;
  await replay.send({
    ...get,
    call: 'Enabled',
    check: (cluster) => {
      assert.match(cluster.status, /_COMPLETE$/);
      assert.equal(cluster.labels.auto_healing_enabled, 'true');
    },
  });
  await replay.does('Enabled', PROVIDER, async () => {
    const { body } = await account.call('GET', path, { 'openstack-api-version': 'container-infra latest' });
    if (!('stack_id' in body)) throw new NotPossible('at `latest` a server of 1.13 and newer has no stack_id, upstream’s neither');
  }, 'reads stack_id'); // prettier-ignore
  const masters = new MasterRepair(replay, uuid);
  await masters.enabled();

  const health = async (status: string, reason: object): Promise<void> => {
    const value = JSON.stringify({ updated_at: '2026-11-21 06:00:00.123456789 +0000 UTC m=+1.5', ...reason }).replaceAll(
      '"',
      "'",
    );
    const body = [
      { op: 'replace', path: '/health_status', value: status },
      { op: 'replace', path: '/health_status_reason', value },
    ];
    await replay.send({ call: 'UpdateHealthStatus', source: PROVIDER, method: 'PATCH', path, body, expect: [200, 202] });
    await replay.send({
      ...get,
      call: 'waitForClusterComplete',
      check: (cluster) => {
        assert.match(cluster.status, /_COMPLETE$/);
        assert.equal(cluster.health_status, status);
        assert.equal(Object.keys(cluster.health_status_reason).length, 1 + Object.keys(reason).length);
      },
    });
  };
  await health('UNHEALTHY', { 'node-0.NodeCondition': 'error' });
  await health('HEALTHY', { api: 'ok', nodes: 'ok' });

  const groups = await replay.must({ ...get, call: 'getNodeGroup', path: `${path}/nodegroups` });
  const shown: { name: string; node_addresses: string[]; node_count: number }[] = [];
  for (const group of groups.nodegroups as { uuid: string }[])
    shown.push(await replay.must({ ...get, call: 'getNodeGroup', path: `${path}/nodegroups/${group.uuid}` }));
  const worker = shown.find(({ name }) => name === 'default-worker');
  await replay.does(
    'getNodeGroup',
    PROVIDER,
    () => assert.equal(worker?.node_addresses.length, 1),
    'finds a node by its address',
  );

  const server = (await serversOf(account, 'worker'))[0] ?? '';
  const nova = new NovaCalls(replay);
  await nova.firstTimeRepair(server);
  await nova.waitForServerDetachVolumes(server, 1);
  await nova.waitForServerPoweredOff(server);
  await replay.send({
    call: 'Repair of a worker',
    source: PROVIDER,
    method: 'POST',
    path: `${path}/actions/resize`,
    body: { node_count: 1, nodes_to_remove: [server], nodegroup: 'default-worker' },
    expect: [200, 202],
  });
  await replay.does('Repair of a worker', PROVIDER, async () => {
    assert.equal(await account.settled(uuid), 'UPDATE_COMPLETE');
    const left = await serversOf(account, 'worker');
    assert.deepEqual([left.length, left.includes(server)], [1, false]);
  }, 'another server stands in its place'); // prettier-ignore
  await masters.repair(nova);
  await account.call('DELETE', path);
  await account.settled(uuid);
  await account.call('DELETE', '/v1/clustertemplates/healed');
}

async function prepare(account: Account): Promise<string> {
  const template = {
    name: 'healed',
    coe: 'kubernetes',
    image_id: IMAGE,
    external_network_id: 'public',
    master_lb_enabled: true,
    labels: { auto_healing_enabled: 'true' },
  };
  await account.call('POST', '/v1/clustertemplates', {}, { ...template, flavor_id: 'm1.small', master_flavor_id: 'm1.small' });
  const counts = { master_count: 3, node_count: 1, docker_volume_size: 1 };
  const made = await account.call('POST', '/v1/clusters', {}, { name: 'healed', cluster_template_id: 'healed', ...counts });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await account.settled(made.body.uuid);
  return made.body.uuid as string;
}

/** Masters are repaired through Heat: marked, then the stack of the cluster is updated as it stands. */
class MasterRepair {
  private readonly heat: HeatCalls;
  private name = '';
  private id = '';

  constructor(
    private readonly replay: Replay,
    private readonly cluster: string,
  ) {
    this.heat = new HeatCalls(replay, PROVIDER);
  }

  /** With the `stack_id` of the microversion that has it. */
  async enabled(): Promise<void> {
    const { account } = this.replay;
    const { body } = await account.call('GET', `/v1/clusters/${this.cluster}`, {
      'openstack-api-version': 'container-infra 1.12',
    });
    this.id = body.stack_id as string;
    this.name = (await this.heat.find('getStackName', this.id)).stack_name as string;
    const stack = await this.heat.get('Enabled', this.name, this.id);
    await this.replay.does('Enabled', PROVIDER, () => {
      assert.ok(!['UPDATE_IN_PROGRESS', 'UPDATE_FAILED'].includes(stack.stack_status), stack.stack_status);
    }, 'the stack is not being changed'); // prettier-ignore
  }

  async repair(nova: NovaCalls): Promise<void> {
    const call = 'Repair of a master';
    const { account } = this.replay;
    const before = await serversOf(account, 'master');
    const broken = before[0] ?? '';
    await nova.firstTimeRepair(broken);
    const mapping = await this.mapping();
    await nova.waitForServerDetachVolumes(broken, 1);
    await nova.waitForServerPoweredOff(broken);
    const { stackName, stackId } = mapping.get(broken) ?? { stackName: '', stackId: '' };
    await this.heat.markUnhealthy(call, stackName, stackId, broken, 'Mark resource unhealthy by autohealing service');
    await this.heat.updatePatch(call, this.name, this.id);
    await this.replay.does(call, PROVIDER, async () => {
      assert.equal(await account.settled(this.cluster), 'UPDATE_COMPLETE');
      const after = await serversOf(account, 'master');
      assert.deepEqual([after.length, after.includes(broken)], [3, false]);
      assert.equal(after.filter((server) => before.includes(server)).length, 2);
    }, 'another server stands in its place, the others stay'); // prettier-ignore
  }

  /** As it reads it: each server's stack is the last two parts of the link that is not the resource's own. */
  private async mapping(): Promise<Map<string, { stackName: string; stackId: string }>> {
    const call = 'getAllStackResourceMapping';
    const mapping = new Map<string, { stackName: string; stackId: string }>();
    for (const resource of await this.heat.resources(call, this.name, this.id, '?nested_depth=2')) {
      if (resource.resource_type !== 'OS::Nova::Server') continue;
      for (const link of resource.links as { rel: string; href: string }[]) {
        const [stackName = '', stackId = ''] = link.href.split('/').slice(-2);
        if (link.rel !== 'self') mapping.set(resource.physical_resource_id, { stackName, stackId });
      }
    }
    await this.replay.does(call, PROVIDER, async () => {
      const { account } = this.replay;
      const servers = [...(await serversOf(account, 'master')), ...(await serversOf(account, 'worker'))];
      assert.deepEqual([...mapping.keys()].toSorted(), servers.toSorted());
    }, 'every server is in a stack'); // prettier-ignore
    return mapping;
  }
}

/** Its calls of Nova and Cinder. */
class NovaCalls {
  constructor(private readonly replay: Replay) {}

  async firstTimeRepair(server: string): Promise<void> {
    const { replay } = this;
    await replay.does('firstTimeRepair', PROVIDER, async () => {
      await this.ask('POST', `/servers/${server}/action`, { reboot: { type: 'SOFT' } });
      await eventually('the server to be active', LIMIT, async () => (await this.server(server)).status === 'ACTIVE');
    }, 'POST servers/ID/action, reboot'); // prettier-ignore
  }

  /** @param volumes how many it has to detach */
  async waitForServerDetachVolumes(server: string, volumes: number): Promise<void> {
    const { replay } = this;
    await replay.does('waitForServerDetachVolumes', PROVIDER, async () => {
      const attached = (await this.ask('GET', `/servers/${server}/os-volume_attachments`)).volumeAttachments as { id: string; volumeId: string }[];
      assert.equal(attached.length, volumes);
      for (const { id, volumeId } of attached) {
        const { account } = replay;
        const { body } = await account.site.cloud('GET', `/volume/v3/${account.project}/volumes/${volumeId}`, undefined, account.memberToken);
        assert.equal(String(body.volume.bootable), 'false');
        await this.ask('DELETE', `/servers/${server}/os-volume_attachments/${id}`);
      }
      await eventually('no volume', LIMIT, async () => {
        const left = (await this.server(server))['os-extended-volumes:volumes_attached'] as unknown[];
        return left.length === 0;
      });
    }, 'GET, DELETE servers/ID/os-volume_attachments'); // prettier-ignore
  }

  async waitForServerPoweredOff(server: string): Promise<void> {
    await this.replay.does('waitForServerPoweredOff', PROVIDER, async () => {
      await this.ask('POST', `/servers/${server}/action`, { 'os-stop': null });
      await eventually('the server to be off', LIMIT, async () => (await this.server(server)).status === 'SHUTOFF');
    }, 'POST servers/ID/action, os-stop'); // prettier-ignore
  }

  private async server(id: string): Promise<WireBody> {
    return (await this.ask('GET', `/servers/${id}`)).server;
  }

  private async ask(method: string, path: string, body?: unknown): Promise<WireBody> {
    const { account } = this.replay;
    return (await account.site.cloud(method, `/compute/v2.1${path}`, body, account.memberToken)).body;
  }
}

/** Ids of the servers of a role: what the nodes tell as their machines. */
async function serversOf(account: Account, role: 'master' | 'worker'): Promise<string[]> {
  const { body } = await account.site.cloud('GET', '/compute/v2.1/servers', undefined, account.memberToken);
  const servers = body.servers as { id: string; name: string }[];
  return servers.filter(({ name }) => name.includes(`-${role}-`)).map(({ id }) => id);
}
