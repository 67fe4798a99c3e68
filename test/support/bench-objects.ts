type Json = Readonly<Record<string, unknown>>;
export type Objects = Readonly<Record<string, readonly Json[]>>;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** A node's nonce, which is its own. */
const NONCE = /[A-Za-z0-9_-]{43}/g;

/** Addresses of the bench's external network: every router and floating IP has another one. */
const OUTSIDE = /\b127\.24\.\d+\.\d+/g;

/** What is compared of each kind; all else is made by the services, or the same for everything. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  networks: ['name', 'description', 'admin_state_up', 'shared', 'port_security_enabled', 'status', 'tags', 'mtu'],
  subnets: [
    ...['name', 'description', 'cidr', 'ip_version', 'enable_dhcp', 'dns_nameservers', 'gateway_ip', 'allocation_pools'],
    ...['network_id', 'host_routes', 'tags'],
  ],
  routers: ['name', 'description', 'admin_state_up', 'status', 'tags'],
  ports: [
    ...['name', 'description', 'admin_state_up', 'status', 'device_owner', 'device_id', 'network_id', 'security_groups'],
    ...['binding:vnic_type', 'port_security_enabled', 'allowed_address_pairs', 'tags'],
  ],
  security_groups: ['name', 'description', 'stateful', 'tags'],
  security_group_rules: [
    ...['security_group_id', 'direction', 'ethertype', 'protocol', 'port_range_min', 'port_range_max'],
    ...['remote_group_id', 'remote_ip_prefix', 'description'],
  ],
  floatingips: ['description', 'status', 'floating_network_id', 'port_id', 'tags'],
  servers: [
    ...['name', 'status', 'flavor', 'image', 'metadata', 'config_drive', 'key_name', 'tags', 'server_groups', 'security_groups'],
    ...['OS-DCF:diskConfig', 'OS-EXT-AZ:availability_zone', 'os-extended-volumes:volumes_attached', 'OS-EXT-SRV-ATTR:user_data'],
  ],
  server_groups: ['name', 'policy', 'rules', 'members'],
  volumes: ['name', 'description', 'status', 'size', 'volume_type', 'metadata', 'availability_zone', 'bootable'],
  loadbalancers: [
    'name',
    'description',
    'provider',
    'admin_state_up',
    'provisioning_status',
    'vip_subnet_id',
    'listeners',
    'tags',
  ],
  listeners: [
    ...['name', 'description', 'protocol', 'protocol_port', 'timeout_client_data', 'timeout_member_data', 'allowed_cidrs'],
    ...['connection_limit', 'default_pool_id', 'admin_state_up', 'tags'],
  ],
  pools: ['name', 'description', 'protocol', 'lb_algorithm', 'healthmonitor_id', 'members', 'admin_state_up', 'tags'],
  members: ['name', 'protocol_port', 'weight', 'subnet_id', 'admin_state_up', 'backup', 'tags'],
  healthmonitors: ['name', 'type', 'delay', 'timeout', 'max_retries', 'admin_state_up', 'tags'],
};

/** A service's list as an administrator sees it. */
export type ListOf = (service: string, path: string, key: string) => Promise<Json[]>;

/** All objects of one cluster in Nova, Neutron, Cinder and Octavia, such that two alike clusters are equal: ids are names. */
export async function objectsOf(list: ListOf, cluster: { readonly uuid: string; readonly name: string }): Promise<Objects> {
  const prefix = `${cluster.name}-${cluster.uuid.replaceAll('-', '').slice(0, 12)}-`;
  const isOurs = (item: Json): boolean =>
    wordOf(item['name']).startsWith(prefix) || wordOf(item['description']).includes(cluster.uuid);
  const all: Record<string, Json[]> = Object.fromEntries(
    await Promise.all(
      [
        ['networks', 'network', '/networks'],
        ['subnets', 'network', '/subnets'],
        ['routers', 'network', '/routers'],
        ['ports', 'network', '/ports'],
        ['security_groups', 'network', '/security-groups'],
        ['floatingips', 'network', '/floatingips'],
        ['servers', 'compute', '/servers/detail?all_tenants=1'],
        ['server_groups', 'compute', '/os-server-groups?all_projects=True'],
        ['volumes', 'block-storage', '/volumes/detail?all_tenants=1'],
        ['loadbalancers', 'load-balancer', '/lbaas/loadbalancers'],
        ['listeners', 'load-balancer', '/lbaas/listeners'],
        ['pools', 'load-balancer', '/lbaas/pools'],
        ['healthmonitors', 'load-balancer', '/lbaas/healthmonitors'],
      ].map(async ([kind = '', service = '', path = '']) => [kind, (await list(service, path, kind)).filter(isOurs)] as const),
    ),
  );
  const routers = new Set(all['routers']?.map(({ id }) => id));
  const ofRouters = (await list('network', '/ports', 'ports')).filter((port) => routers.has(port['device_id']));
  all['ports']?.push(...ofRouters.filter((port) => !all['ports']?.some(({ id }) => id === port['id'])));
  all['security_group_rules'] = (all['security_groups'] ?? []).flatMap((group) => group['security_group_rules'] as Json[]);
  all['members'] = (
    await Promise.all(
      (all['pools'] ?? []).map(({ id }) => list('load-balancer', `/lbaas/pools/${wordOf(id)}/members`, 'members')),
    )
  ).flat();
  return normalised(all, prefix);
}

function normalised(all: Readonly<Record<string, readonly Json[]>>, prefix: string): Objects {
  const names = new Map<string, string>();
  for (const [kind, items] of Object.entries(all)) {
    for (const { id, name } of items) names.set(wordOf(id), `<${kind} ${wordOf(name).replace(prefix, '')}>`);
  }
  const text = (value: unknown): string =>
    (JSON.stringify(value) ?? 'null')
      .replaceAll(prefix, '')
      .replaceAll(UUID, (id) => names.get(id) ?? 'UUID')
      .replaceAll(NONCE, 'NONCE')
      .replaceAll(OUTSIDE, 'OUTSIDE');
  return Object.fromEntries(
    Object.entries(all).map(([kind, items]) => {
      const kept = items.map((item) => (FIELDS[kind] ?? []).map((field) => [field, valueOf(field, item[field])] as const));
      const lines = kept.map((fields) => JSON.stringify(inOrder(JSON.parse(text(Object.fromEntries(fields)))))).sort();
      return [kind, lines.map((line) => JSON.parse(line) as Json)];
    }),
  );
}

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const valueOf = (field: string, value: unknown): unknown =>
  field === 'OS-EXT-SRV-ATTR:user_data' ? Buffer.from(wordOf(value), 'base64').toString('utf8') : value;

/** Lists of names have no order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inOrder(item)]));
}
