import assert from 'node:assert/strict';
import { IMAGE, type Account } from '../site.js';
import type { ClientRows } from '../table.js';
import { NotPossible } from '../table.js';
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

/** magnum-auto-healer of cloud-provider-openstack: health PATCHed from inside the cluster, and broken workers replaced. */
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

  const server = await workerServer(account);
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
    assert.notEqual(await workerServer(account), server);
  }, 'another server stands in its place'); // prettier-ignore
  for (const call of ['Repair of a master', 'getStackName', 'getAllStackResourceMapping'])
    await replay.notHere(call, PROVIDER, 'orchestration');
  for (const call of ['firstTimeRepair', 'waitForServerPoweredOff', 'waitForServerDetachVolumes'])
    await replay.notHere(call, PROVIDER, 'compute');
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
    labels: { auto_healing_enabled: 'true' },
  };
  await account.call('POST', '/v1/clustertemplates', {}, { ...template, flavor_id: 'm1.small', master_flavor_id: 'm1.small' });
  const made = await account.call('POST', '/v1/clusters', {}, { name: 'healed', cluster_template_id: 'healed', node_count: 1 });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await account.settled(made.body.uuid);
  return made.body.uuid as string;
}

/** The one worker's server, whose id is what the node tells as its machine. */
async function workerServer(account: Account): Promise<string | undefined> {
  const { body } = await account.site.cloud('GET', '/compute/v2.1/servers', undefined, account.memberToken);
  const workers = (body.servers as { id: string; name: string }[]).filter(({ name }) => /-worker-\d+$/.test(name));
  assert.equal(workers.length, 1);
  return workers[0]?.id;
}
