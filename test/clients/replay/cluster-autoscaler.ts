import assert from 'node:assert/strict';
import { IMAGE, type Account } from '../site.js';
import type { ClientRows } from '../table.js';
import { endpointOf, HeatCalls } from './heat-calls.js';
import { Replay } from './replay.js';

const PATH = 'cluster-autoscaler/cloudprovider/magnum';
const MANAGER = `${PATH}/magnum_manager_impl.go`;
const CLIENTS = `${PATH}/magnum_openstack_clients.go`;

/** The functions of its magnumManager, and those that make its client. */
const HAS = [
  'createClusterClient',
  'createHeatClient',
  'createNovaClient',
  'checkClusterUUID',
  'autoDiscoverNodeGroups',
  'uniqueNameAndIDForNodeGroup',
  'nodeGroupSize',
  'updateNodeCount',
  'deleteNodes',
  'getNodes',
  'nodeGroupForNode',
  'fetchNodeGroupStackIDs',
  'getFlavorById',
];

/** The cluster autoscaler's magnum provider: what it reads, of Heat too, and how it scales. */
export async function clusterAutoscaler(rows: ClientRows, account: Account): Promise<void> {
  rows.has(HAS);
  const replay = new Replay(rows, account, 'kubernetes/autoscaler', {
    accept: 'application/json',
    'user-agent': 'cluster/autoscaled cluster-autoscaler/1.30.0 gophercloud/0.1.0',
    'openstack-api-version': 'container-infra 1.9',
  });
  await prepare(account);

  await replay.does('createClusterClient', CLIENTS, async () =>
    assert.equal(await endpointOf(replay, 'container-infra', 'magnum'), `${account.apiUrl}/v1`),
  );
  await replay.does('createHeatClient', CLIENTS, async () =>
    assert.equal(await endpointOf(replay, 'orchestration', 'heat'), `${account.apiUrl}/orchestration/v1/${account.project}`),
  );
  await replay.does('createNovaClient', CLIENTS, async () =>
    assert.match(await endpointOf(replay, 'compute', 'nova'), /\/compute\/v2\.1$/),
  );
  const { uuid } = await replay.must({
    call: 'checkClusterUUID',
    source: CLIENTS,
    method: 'GET',
    path: '/v1/clusters/autoscaled',
    expect: [200],
  });
  const groups = `/v1/clusters/${uuid}/nodegroups`;
  const scaled = await discover(replay, groups);
  const group = `${groups}/${scaled}`;
  const isGroup = (count: number) => (body: { node_count: number; uuid: string; name: string }) => {
    assert.deepEqual([body.node_count, body.uuid, body.name], [count, scaled, 'scaled']);
  };
  const read = { source: MANAGER, method: 'GET', path: group, expect: [200] } as const;
  await replay.send({ ...read, call: 'uniqueNameAndIDForNodeGroup', check: isGroup(1) });
  await replay.send({ ...read, call: 'nodeGroupSize', check: isGroup(1) });

  const mapping = new Mapping(replay, groups);
  const resize = { source: MANAGER, method: 'POST', path: `/v1/clusters/${uuid}/actions/resize`, expect: [200, 202] } as const;
  await replay.send({ ...resize, call: 'updateNodeCount', body: { node_count: 3, nodegroup: scaled } });
  await mapping.whileItGrows(scaled);
  await replay.send({ ...read, call: 'nodeGroupSize', check: isGroup(3) });
  await replay.does(
    'updateNodeCount',
    MANAGER,
    async () => assert.equal(await account.settled(uuid), 'UPDATE_COMPLETE'),
    'the nodes come',
  );
  await mapping.nodes(scaled);
  await mapping.groupsOfNodes();
  const servers = await nodesOf(account);
  const leaving = servers.find(({ name }) => name.endsWith('scaled-1'));
  await replay.send({
    ...resize,
    call: 'deleteNodes',
    body: { node_count: 2, nodes_to_remove: [leaving?.id], nodegroup: scaled },
  });
  await replay.does('deleteNodes', MANAGER, async () => {
    assert.equal(await account.settled(uuid), 'UPDATE_COMPLETE');
    const left = (await nodesOf(account)).map(({ id }) => id);
    assert.equal(left.length, servers.length - 1);
    assert.ok(leaving && !left.includes(leaving.id), 'the node that was named is still there');
  }, 'the node that was named leaves'); // prettier-ignore
  await replay.send({ ...resize, call: 'deleteNodes', body: { node_count: 1, nodes_to_remove: ['2'], nodegroup: scaled } });
  await replay.does('deleteNodes', MANAGER, async () => {
    assert.equal(await account.settled(uuid), 'UPDATE_COMPLETE');
    const left = (await nodesOf(account)).map(({ name }) => name);
    assert.ok(left.some((name) => name.endsWith('scaled-0')) && !left.some((name) => name.endsWith('scaled-2')), left.join());
  }, 'the node with that index leaves'); // prettier-ignore
  await replay.send({
    ...resize,
    call: 'updateNodeCount',
    body: { node_count: 9, nodegroup: scaled },
    expect: [400],
    check: (body) => assert.match(body.errors[0].detail, /Resizing scaled outside the allowed range/),
  });
  await mapping.nodes(scaled);
  await replay.does('getFlavorById', MANAGER, async () => {
    const { body } = await account.call('GET', group, { 'openstack-api-version': 'container-infra 1.9' });
    const flavor = await account.site.cloud('GET', `/compute/v2.1/flavors/${body.flavor_id}`, undefined, account.memberToken);
    assert.equal(flavor.body.flavor.name, 'm1.small');
  });
  await account.call('DELETE', `/v1/clusters/${uuid}`);
  await account.settled(uuid);
  await account.call('DELETE', '/v1/clustertemplates/autoscaled');
}

/** Lists, takes those whose role is no master, and gets each for its limits. @returns uuid of the group that may be scaled */
async function discover(replay: Replay, groups: string): Promise<string> {
  const call = 'autoDiscoverNodeGroups';
  const { nodegroups } = await replay.must({ call, source: MANAGER, method: 'GET', path: groups, expect: [200] });
  let found = '';
  for (const { uuid } of (nodegroups as { uuid: string; role: string }[]).filter(({ role }) => role !== 'master')) {
    const detail = await replay.send({ call, source: MANAGER, method: 'GET', path: `${groups}/${uuid}`, expect: [200] });
    if (detail?.max_node_count !== null && detail?.role === 'worker') found = uuid;
  }
  await replay.does(
    call,
    MANAGER,
    () => assert.notEqual(found, '', 'no group has a max_node_count'),
    'a group with limits is found',
  );
  return found;
}

/** A cluster with a group that has limits: what its user made before the autoscaler came. */
async function prepare(account: Account): Promise<void> {
  const template = { name: 'autoscaled', coe: 'kubernetes', image_id: IMAGE, external_network_id: 'public' };
  await account.call('POST', '/v1/clustertemplates', {}, { ...template, flavor_id: 'm1.small', master_flavor_id: 'm1.small' });
  await account.call('POST', '/v1/clusters', {}, { name: 'autoscaled', cluster_template_id: 'autoscaled', node_count: 1 });
  await account.settled('autoscaled');
  const group = {
    name: 'scaled',
    node_count: 1,
    min_node_count: 0,
    max_node_count: 4,
    flavor_id: await flavorId(account, 'm1.small'),
  };
  const headers = { 'openstack-api-version': 'container-infra latest' };
  const made = await account.call('POST', '/v1/clusters/autoscaled/nodegroups', headers, group);
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await account.settled('autoscaled');
}

/** It asks Nova for the flavor of a group by its id, so groups are to have ids. */
async function flavorId(account: Account, name: string): Promise<string> {
  const { body } = await account.site.cloud('GET', '/compute/v2.1/flavors', undefined, account.memberToken);
  return (body.flavors as { id: string; name: string }[]).find((one) => one.name === name)?.id ?? '';
}

interface GroupStacks {
  readonly name: string;
  readonly id: string;
}

/** Its way from a node group through Heat to servers. */
class Mapping {
  private readonly heat: HeatCalls;
  /** As it caches them. */
  private readonly known = new Map<string, GroupStacks>();

  constructor(
    private readonly replay: Replay,
    private readonly groups: string,
  ) {
    this.heat = new HeatCalls(replay, MANAGER);
  }

  /** `getNodes`, when all is quiet: the servers of the group, all of them running. */
  async nodes(group: string): Promise<void> {
    const seen = await this.instances('getNodes', group);
    await this.replay.does('getNodes', MANAGER, async () => {
      const servers = (await nodesOf(this.replay.account)).filter(({ name }) => /-scaled-\d+$/.test(name));
      assert.deepEqual([...seen.keys()].toSorted(), servers.map(({ id }) => `openstack:///${id}`).toSorted());
      assert.ok([...seen.values()].every((state) => /^(CREATE|UPDATE)_COMPLETE$/.test(state)), [...seen.values()].join());
    }, 'the servers of the group, running'); // prettier-ignore
  }

  /** Nodes that are being made are told by their slots; none is told to run before its time. */
  async whileItGrows(group: string): Promise<void> {
    const seen = await this.instances('getNodes', group);
    await this.replay.does('getNodes', MANAGER, () => {
      for (const [id, state] of seen)
        assert.match(state, id.startsWith('fake:') ? /^(INIT_COMPLETE|CREATE_IN_PROGRESS)$/ : /^(CREATE|UPDATE)_COMPLETE$/);
      assert.ok([...seen.keys()].some((id) => id.startsWith('openstack:')), 'the first node is there');
    }, 'nodes that come have no id yet'); // prettier-ignore
  }

  /** `nodeGroupForNode`, for each worker there is. */
  async groupsOfNodes(): Promise<void> {
    const call = 'nodeGroupForNode';
    const { nodegroups } = await this.replay.must({ call, source: MANAGER, method: 'GET', path: this.groups, expect: [200] });
    const found = new Map<string, string>();
    for (const { uuid, name } of (nodegroups as { uuid: string; name: string; role: string }[]).filter(
      ({ role }) => role !== 'master',
    )) {
      const stacks = await this.stacksOf(call, uuid);
      const refs = refsMap(await this.heat.get(call, stacks.name, stacks.id));
      for (const server of Object.values(refs)) found.set(server, name);
    }
    await this.replay.does(call, MANAGER, async () => {
      const workers = (await nodesOf(this.replay.account)).filter(({ name }) => !name.includes('-master-'));
      assert.equal(workers.length, 4);
      for (const { id, name } of workers) assert.equal(found.get(id), name.includes('-scaled-') ? 'scaled' : 'default-worker', name);
      assert.equal(found.size, workers.length);
    }, 'every worker is in its group'); // prettier-ignore
  }

  /** @returns provider id to Heat's status */
  private async instances(call: string, group: string): Promise<Map<string, string>> {
    const { name, id } = await this.stacksOf(call, group);
    const minions = await this.heat.resources(call, name, id);
    const refs = refsMap(await this.heat.get(call, name, id));
    const instances = new Map<string, string>();
    for (const minion of minions) {
      const slot = String(minion.resource_name);
      const status = String(minion.resource_status);
      const server = refs[slot];
      const there =
        server !== undefined && server !== 'kube-minion' && status.endsWith('_COMPLETE') && status !== 'INIT_COMPLETE';
      instances.set(there ? `openstack:///${server}` : `fake:///${group}/${slot}`, status);
    }
    return instances;
  }

  private async stacksOf(call: string, group: string): Promise<GroupStacks> {
    const known = this.known.get(group);
    if (known) return known;
    const fetch = 'fetchNodeGroupStackIDs';
    const path = `${this.groups}/${group}`;
    const { stack_id: id } = await this.replay.must({ call: fetch, source: MANAGER, method: 'GET', path, expect: [200] });
    const stack = await this.heat.find(fetch, id as string);
    const minions = await this.heat.resource(fetch, stack.stack_name, stack.id, 'kube_minions');
    const nested = await this.heat.find(fetch, minions.physical_resource_id);
    // What it does when a node is being changed: the resources of one by the id alone.
    const [first] = await this.heat.resources(call, nested.stack_name, nested.id);
    if (first) {
      const names = (await this.heat.resourcesOf('getNodes', first.physical_resource_id)).map((one) => String(one.resource_name));
      await this.replay.does('getNodes', MANAGER, () => {
        for (const name of ['kube-minion', 'node_config_deployment']) assert.ok(names.includes(name), names.join());
      }, 'finds the two resources that tell a running node'); // prettier-ignore
    }
    const stacks = { name: nested.stack_name as string, id: nested.id as string };
    this.known.set(group, stacks);
    return stacks;
  }
}

/** The output that maps slots to servers; before there is one it has the name of the resource. */
function refsMap(stack: { outputs: { output_key: string; output_value: Record<string, string> }[] }): Record<string, string> {
  return stack.outputs.find(({ output_key: key }) => key === 'refs_map')?.output_value ?? {};
}

async function nodesOf(account: Account): Promise<{ id: string; name: string }[]> {
  const { body } = await account.site.cloud('GET', '/compute/v2.1/servers', undefined, account.memberToken);
  return body.servers as { id: string; name: string }[];
}
