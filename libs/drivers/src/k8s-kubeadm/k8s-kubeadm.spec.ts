import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinResources, createRegistry, parseTemplate } from '#libs/stack';
import { parseInfraOutputs, type InfraOutputs } from '../outputs.js';
import { driverFor } from '../registry.js';
import type { ClusterSpec, GroupSpec, HotResource, NodeSpec, StackPlan } from '../types.js';

const driver = driverFor({ serverType: 'vm', distro: 'ubuntu', coe: 'kubernetes' });
const CANARY = '"\n$(touch c4n4ry)';

const cluster = (change: Partial<ClusterSpec> = {}): ClusterSpec => ({
  uuid: '3f2a9c1b-7d4e-4000-8000-000000000001',
  name: 'k1',
  projectId: 'p',
  labels: {},
  keypair: 'kp',
  networkDriver: 'calico',
  masterCount: 1,
  nodeCount: 3,
  masterLbEnabled: false,
  floatingIpEnabled: true,
  apiPort: 6443,
  externalNetworkId: 'ext-id',
  existingNetwork: null,
  dnsNameservers: ['192.0.2.53'],
  ...change,
});
const group = (change: Partial<GroupSpec> = {}): GroupSpec => ({
  uuid: '3f2a9c1b-7d4e-4000-8000-000000000002',
  name: 'default-master',
  role: 'master',
  isDefault: true,
  dockerVolumeSizeGib: null,
  labels: {},
  ...change,
});
const workers = (change: Partial<GroupSpec> = {}): GroupSpec => group({ name: 'default-worker', role: 'worker', ...change });
const infra = (change: Partial<InfraOutputs> = {}): InfraOutputs => ({
  network_id: 'net-id',
  subnet_id: 'subnet-id',
  router_external_ips: ['203.0.113.9'],
  cluster_security_group_id: 'sg-c',
  master_security_group_id: 'sg-m',
  worker_security_group_id: 'sg-w',
  master_server_group_id: 'grp-m',
  worker_server_group_id: 'grp-w',
  api_host: '203.0.113.10',
  api_private_ip: null,
  api_floating_ip_id: 'fip-id',
  load_balancer_id: null,
  pool_id: null,
  ...change,
});
const nodes = (...slots: number[]): NodeSpec[] =>
  slots.map((slot) => ({
    uuid: `node-${slot}`,
    slot,
    name: `k1-3f2a9c1b7d4e-master-${slot}`,
    flavorId: 'flavor-id',
    imageId: 'image-id',
  }));

const types = (plan: StackPlan): Record<string, string> =>
  Object.fromEntries(Object.entries(plan.template.resources).map(([name, one]) => [name, one.type]));
const one = (plan: StackPlan, name: string): HotResource => plan.template.resources[name] ?? assert.fail(`no ${name}`);
const rules = (plan: StackPlan, name: string): Record<string, unknown>[] =>
  one(plan, name).properties['rules'] as Record<string, unknown>[];
const value = (plan: StackPlan, output: string): unknown => plan.template.outputs[output]?.value;
const registry = createRegistry(builtinResources);

/** A property with stand-ins where functions are. */
function standIn(property: unknown): unknown {
  if (Array.isArray(property)) return property.map(standIn);
  if (typeof property !== 'object' || property === null) return property;
  if (['get_param', 'get_resource', 'get_attr', 'list_join'].some((name) => name in property)) return 'value';
  return Object.fromEntries(Object.entries(property).map(([key, inner]) => [key, standIn(inner)]));
}

/** Reads the template as the engine does, and sees that every parameter has a value or is hidden, every property is known. */
function sound(plan: StackPlan): StackPlan {
  const template = parseTemplate(JSON.parse(JSON.stringify(plan.template)));
  assert.deepEqual([...template.parameters.keys()].toSorted(), [...Object.keys(plan.parameters), ...plan.hidden].toSorted());
  for (const [name, parameter] of template.parameters) assert.equal(parameter.hidden, plan.hidden.includes(name));
  for (const [name, { type, properties }] of Object.entries(plan.template.resources)) {
    const known = registry.find(type) ?? assert.fail(`${type} is not registered`);
    assert.equal(known.properties.safeParse(standIn(properties)).error, undefined, name);
  }
  const used = JSON.stringify(plan.template);
  for (const name of template.parameters.keys()) assert.ok(used.includes(`{"get_param":"${name}"}`), `${name} is not used`);
  return plan;
}
const infrastructure = (change: Partial<ClusterSpec> = {}): StackPlan => sound(driver.infrastructure(cluster(change)));
const nodeGroup = (c: ClusterSpec, g: GroupSpec, n: NodeSpec[], i = infra()): StackPlan => sound(driver.nodeGroup(c, g, n, i));

test('one master: own network, floating IP known before the machine boots', () => {
  const plan = infrastructure();
  assert.deepEqual(types(plan), {
    network: 'OS::Neutron::Net',
    subnet: 'OS::Neutron::Subnet',
    router: 'OS::Neutron::Router',
    'router-interface': 'OS::Neutron::RouterInterface',
    'cluster-security-group': 'OS::Neutron::SecurityGroup',
    'master-security-group': 'OS::Neutron::SecurityGroup',
    'worker-security-group': 'OS::Neutron::SecurityGroup',
    'master-server-group': 'OS::Nova::ServerGroup',
    'worker-server-group': 'OS::Nova::ServerGroup',
    'api-floating-ip': 'OS::Neutron::FloatingIP',
  });
  assert.deepEqual(one(plan, 'subnet').properties, {
    network: { get_resource: 'network' },
    cidr: '10.0.0.0/24',
    ip_version: 4,
    dns_nameservers: ['192.0.2.53'],
  });
  assert.deepEqual(one(plan, 'api-floating-ip').depends_on, ['router-interface']);
  assert.deepEqual(value(plan, 'api_host'), { get_attr: ['api-floating-ip', 'floating_ip_address'] });
  assert.deepEqual(plan.parameters, { external_network: 'ext-id' });
  assert.deepEqual(
    rules(plan, 'master-security-group').map((rule) => rule['remote_ip_prefix']),
    ['0.0.0.0/0'],
  );
});

test('several masters: a load balancer with patience, a monitor and a floating IP on its port', () => {
  const plan = infrastructure({ masterCount: 3, masterLbEnabled: true });
  assert.equal(one(plan, 'api-pool').properties['lb_algorithm'], 'ROUND_ROBIN');
  assert.ok(Number(one(plan, 'api-listener').properties['timeout_client_data']) >= 600_000);
  assert.deepEqual(one(plan, 'api-floating-ip').properties['port_id'], { get_attr: ['api-load-balancer', 'vip_port_id'] });
  assert.deepEqual(value(plan, 'pool_id'), { get_resource: 'api-pool' });
  assert.deepEqual(
    rules(plan, 'master-security-group').map((rule) => rule['remote_ip_prefix']),
    ['10.0.0.0/24'],
  );
  assert.throws(() => infrastructure({ masterCount: 3 }), { code: 'load-balancer-needed' });
});

test('a private cluster has no floating IP; the label may give its load balancer one', () => {
  const lonely = infrastructure({ floatingIpEnabled: false });
  assert.equal(lonely.template.resources['api-floating-ip'], undefined);
  assert.equal(value(lonely, 'api_host'), null);
  const balanced = infrastructure({ floatingIpEnabled: false, masterLbEnabled: true });
  assert.deepEqual(value(balanced, 'api_host'), { get_attr: ['api-load-balancer', 'vip_address'] });
  const labelled = infrastructure({
    floatingIpEnabled: false,
    masterLbEnabled: true,
    labels: { master_lb_floating_ip_enabled: 'true' },
  });
  assert.deepEqual(value(labelled, 'api_floating_ip_id'), { get_resource: 'api-floating-ip' });
});

test('callers of the API: filtered by the listener, by the masters’ group where the provider cannot', () => {
  const labels = { master_lb_allowed_cidrs: '198.51.100.0/24,192.0.2.7', api_master_lb_allowed_cidrs: '198.51.100.0/24' };
  const returning = {
    list_join: ['', [{ get_attr: ['router', 'external_gateway_info', 'external_fixed_ips', 0, 'ip_address'] }, '/32']],
  };
  const all = ['10.0.0.0/24', '198.51.100.0/24', '192.0.2.7/32', returning];
  const amphora = infrastructure({ masterLbEnabled: true, labels });
  assert.deepEqual(one(amphora, 'api-listener').properties['allowed_cidrs'], all);
  const ovn = infrastructure({ masterLbEnabled: true, labels: { ...labels, octavia_provider: 'ovn' } });
  assert.equal(one(ovn, 'api-listener').properties['allowed_cidrs'], undefined);
  assert.equal(one(ovn, 'api-pool').properties['lb_algorithm'], 'SOURCE_IP_PORT');
  for (const plan of [ovn, infrastructure({ labels })])
    assert.deepEqual(
      rules(plan, 'master-security-group').map((rule) => rule['remote_ip_prefix']),
      all,
    );
  assert.throws(
    () => infrastructure({ masterLbEnabled: true, labels: { octavia_provider: 'ovn', octavia_lb_algorithm: 'ROUND_ROBIN' } }),
    {
      code: 'invalid-label',
    },
  );
});

test('a network that was there before is used as it is', () => {
  const existingNetwork = { networkId: 'their-net', subnetId: 'their-subnet', cidr: '192.168.3.0/24' };
  const plan = infrastructure({ existingNetwork });
  assert.equal(
    Object.values(types(plan)).some((type) => /Net$|Subnet|Router/.test(type)),
    false,
  );
  assert.deepEqual(plan.parameters, { network: 'their-net', subnet: 'their-subnet', external_network: 'ext-id' });
  assert.deepEqual(value(plan, 'network_id'), { get_param: 'network' });
  assert.deepEqual(value(plan, 'router_external_ips'), []);
  const closed = infrastructure({ existingNetwork, externalNetworkId: null, floatingIpEnabled: false });
  assert.deepEqual(closed.parameters, { network: 'their-net', subnet: 'their-subnet' });
  assert.throws(() => infrastructure({ existingNetwork, externalNetworkId: null }), { code: 'external-network-needed' });
  assert.throws(() => infrastructure({ externalNetworkId: null }), { code: 'external-network-needed' });
});

test('ranges are checked before anything is built', () => {
  assert.throws(() => infrastructure({ labels: { fixed_subnet_cidr: '10.100.1.0/24' } }), { code: 'cidr-overlap' });
  assert.throws(() => infrastructure({ nodeCount: 1003 }), { code: 'pod-cidr-too-small' });
});

test('a master: port, server, floating IP; user data hidden', () => {
  const plan = nodeGroup(cluster(), group(), nodes(0));
  assert.deepEqual(types(plan), {
    'master-0-port': 'OS::Neutron::Port',
    'master-0': 'OS::Nova::Server',
    'api-floating-ip-association': 'OS::Neutron::FloatingIPAssociation',
  });
  assert.deepEqual(one(plan, 'master-0').properties, {
    name: 'k1-3f2a9c1b7d4e-master-0',
    flavor: 'flavor-id',
    image: 'image-id',
    key_name: { get_param: 'key_name' },
    networks: [{ port: { get_resource: 'master-0-port' } }],
    scheduler_hints: { group: { get_param: 'server_group' } },
    metadata: { jeroboam_cluster: '3f2a9c1b-7d4e-4000-8000-000000000001', jeroboam_node: 'node-0' },
    config_drive: true,
    user_data_format: 'RAW',
    user_data: { get_param: 'user_data_0' },
  });
  assert.deepEqual(plan.hidden, ['user_data_0']);
  assert.equal(plan.parameters['role_security_group'], 'sg-m');
});

test('masters behind a load balancer are members of its pool, workers never', () => {
  const balanced = infra({ pool_id: 'pool-id', load_balancer_id: 'lb-id' });
  const masters = nodeGroup(cluster({ masterLbEnabled: true, masterCount: 3 }), group(), nodes(0, 1, 2), balanced);
  assert.deepEqual(one(masters, 'master-2-member').properties, {
    pool: { get_param: 'pool' },
    address: { get_attr: ['master-2-port', 'fixed_ips', 0, 'ip_address'] },
    protocol_port: 6443,
    subnet: { get_param: 'subnet' },
  });
  assert.equal(masters.template.resources['api-floating-ip-association'], undefined);
  const plan = nodeGroup(cluster(), workers(), nodes(0, 5), balanced);
  assert.deepEqual(Object.keys(plan.template.resources), ['worker-0-port', 'worker-0', 'worker-5-port', 'worker-5']);
});

test('the floating IP stays with a master that has joined, and leaves one that is to go', () => {
  const carrier = (...changes: Partial<NodeSpec>[]): unknown => {
    const plan = nodeGroup(
      cluster(),
      group(),
      nodes(...changes.keys()).map((node, slot) => ({ ...node, ...changes[slot] })),
    );
    return plan.template.resources['api-floating-ip-association']?.properties['port_id'];
  };
  assert.deepEqual(carrier({}, {}), { get_resource: 'master-0-port' });
  assert.deepEqual(carrier({}, { joined: true }), { get_resource: 'master-1-port' }, 'a new one may have the lowest slot');
  assert.deepEqual(carrier({ joined: true }, { joined: true }), { get_resource: 'master-0-port' });
  assert.deepEqual(carrier({ joined: true, leaving: true }, { joined: true }), { get_resource: 'master-1-port' });
});

test('a master that is to go is no member of the pool any more, and stands', () => {
  const balanced = infra({ pool_id: 'pool-id', load_balancer_id: 'lb-id' });
  const [first, second] = nodes(0, 1);
  assert.ok(first && second);
  const plan = nodeGroup(cluster({ masterLbEnabled: true }), group(), [{ ...first, leaving: true }, second], balanced);
  assert.deepEqual(Object.keys(plan.template.resources), [
    'master-0-port',
    'master-0',
    'master-1-port',
    'master-1',
    'master-1-member',
  ]);
});

test('volumes: boot, container runtime, etcd; the node learns their ids', () => {
  const labels = { boot_volume_size: '20', boot_volume_type: 'fast', etcd_volume_size: '5', availability_zone: 'z1' };
  const plan = nodeGroup(cluster({ labels }), group({ labels, dockerVolumeSizeGib: 30 }), nodes(0));
  const server = one(plan, 'master-0').properties;
  assert.equal(server['image'], undefined);
  assert.deepEqual(server['block_device_mapping_v2'], [
    { boot_index: 0, volume_id: { get_resource: 'master-0-boot' }, delete_on_termination: false },
  ]);
  assert.deepEqual(one(plan, 'master-0-boot').properties, {
    size: 20,
    volume_type: 'fast',
    availability_zone: 'z1',
    image: 'image-id',
  });
  assert.deepEqual(one(plan, 'master-0-docker').properties, { size: 30, availability_zone: 'z1' });
  assert.deepEqual((server['metadata'] as Record<string, unknown>)['jeroboam_volume_etcd'], { get_resource: 'master-0-etcd' });
  assert.deepEqual(one(plan, 'master-0-etcd-attachment').properties, {
    instance_uuid: { get_resource: 'master-0' },
    volume_id: { get_resource: 'master-0-etcd' },
  });
});

test('zones: masters in turn, other groups by their own label; a group may be spread in its own way', () => {
  const labels = { control_plane_availability_zones: 'z1,z2', availability_zone: 'z9' };
  const plan = nodeGroup(cluster({ labels, masterLbEnabled: true }), group({ labels }), nodes(0, 1, 2), infra({ pool_id: 'p' }));
  assert.deepEqual(
    [0, 1, 2].map((slot) => one(plan, `master-${slot}`).properties['availability_zone']),
    ['z1', 'z2', 'z1'],
  );
  const gpu = workers({ name: 'gpu', isDefault: false, labels: { server_group_policies: 'affinity' } });
  const spread = nodeGroup(cluster({ labels }), gpu, nodes(0));
  assert.equal(one(spread, 'gpu-server-group').type, 'OS::Nova::ServerGroup');
  assert.deepEqual(one(spread, 'gpu-0').properties['scheduler_hints'], { group: { get_resource: 'gpu-server-group' } });
});

test('a thousand nodes are one template of two thousand resources, under 2 MB', () => {
  const many = nodes(...Array.from({ length: 1000 }, (_, slot) => slot));
  const plan = nodeGroup(cluster(), workers(), many);
  assert.equal(Object.keys(plan.template.resources).length, 2000);
  assert.ok(Buffer.byteLength(JSON.stringify(plan.template)) < 2_000_000);
});

test('hostile text stays a value or is refused', () => {
  for (const label of ['availability_zone', 'boot_volume_type', 'octavia_provider', 'server_group_policies', 'fixed_subnet_cidr'])
    assert.throws(() => infrastructure({ labels: { [label]: CANARY } }), { code: 'invalid-label' }, label);
  const plan = nodeGroup(
    cluster({ keypair: CANARY, name: CANARY, labels: { note: CANARY } }),
    workers({ name: CANARY }),
    nodes(0),
  );
  assert.equal(plan.parameters['key_name'], CANARY);
  assert.equal(JSON.stringify(plan.template).includes('c4n4ry'), false);
});

test('slots must differ', () => {
  assert.throws(() => nodeGroup(cluster(), workers(), nodes(1, 1)), { code: 'bad-slots' });
});

test('outputs are read as they were promised', () => {
  const plan = infrastructure({ masterLbEnabled: true });
  assert.deepEqual(Object.keys(plan.template.outputs).toSorted(), Object.keys(infra()).toSorted());
  assert.deepEqual(parseInfraOutputs({ ...infra(), more: 1 }), infra());
  assert.throws(() => parseInfraOutputs({ ...infra(), network_id: '' }));
});

test('the registry knows what the domain promises', () => {
  assert.equal(driverFor({ serverType: 'vm', distro: 'debian', coe: 'kubernetes' }, 'k8s_kubeadm').name, 'k8s_kubeadm');
  assert.throws(() => driverFor({ serverType: 'bm', distro: 'debian', coe: 'kubernetes' }), { code: 'unsupported-cluster-type' });
});
