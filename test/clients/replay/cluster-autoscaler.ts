import assert from 'node:assert/strict';
import { IMAGE, type Account } from '../site.js';
import type { ClientRows } from '../table.js';
import { Replay } from './replay.js';

const PATH = 'cluster-autoscaler/cloudprovider/magnum';
const MANAGER = `${PATH}/magnum_manager_impl.go`;

/** The functions of its magnumManager, and those that make its client. */
const HAS = [
  'createClusterClient',
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

/** The cluster autoscaler's magnum provider: what it reads and how it scales. Its reads of Heat are of another service. */
export async function clusterAutoscaler(rows: ClientRows, account: Account): Promise<void> {
  rows.has(HAS);
  const replay = new Replay(rows, account, 'kubernetes/autoscaler', {
    accept: 'application/json',
    'user-agent': 'cluster/autoscaled cluster-autoscaler/1.30.0 gophercloud/0.1.0',
    'openstack-api-version': 'container-infra 1.9',
  });
  await prepare(account);

  await replay.does('createClusterClient', `${PATH}/clients.go`, async () => {
    const { body } = await account.site.cloud('GET', '/identity/v3/auth/catalog', undefined, account.memberToken);
    const catalog = body.catalog as { type: string; name: string; endpoints: { interface: string; url: string }[] }[];
    const found = catalog.find(({ type, name }) => type === 'container-infra' && name === 'magnum');
    assert.ok(found, `no service of type container-infra and name magnum in ${JSON.stringify(catalog.map(({ name }) => name))}`);
    assert.equal(found.endpoints.find((one) => one.interface === 'public')?.url, `${account.apiUrl}/v1`);
  });
  const { uuid } = await replay.must({
    call: 'checkClusterUUID',
    source: `${PATH}/clients.go`,
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

  const resize = { source: MANAGER, method: 'POST', path: `/v1/clusters/${uuid}/actions/resize`, expect: [200, 202] } as const;
  await replay.send({ ...resize, call: 'updateNodeCount', body: { node_count: 3, nodegroup: scaled } });
  await replay.send({ ...read, call: 'nodeGroupSize', check: isGroup(3) });
  await replay.does(
    'updateNodeCount',
    MANAGER,
    async () => assert.equal(await account.settled(uuid), 'UPDATE_COMPLETE'),
    'the nodes come',
  );
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
  for (const call of ['getNodes', 'nodeGroupForNode', 'fetchNodeGroupStackIDs'])
    await replay.notHere(call, MANAGER, 'orchestration');
  await replay.notHere('getFlavorById', MANAGER, 'compute');
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
  const group = { name: 'scaled', node_count: 1, min_node_count: 0, max_node_count: 4 };
  const headers = { 'openstack-api-version': 'container-infra latest' };
  const made = await account.call('POST', '/v1/clusters/autoscaled/nodegroups', headers, group);
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await account.settled('autoscaled');
}

async function nodesOf(account: Account): Promise<{ id: string; name: string }[]> {
  const { body } = await account.site.cloud('GET', '/compute/v2.1/servers', undefined, account.memberToken);
  return body.servers as { id: string; name: string }[];
}
