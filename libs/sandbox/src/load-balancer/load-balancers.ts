import { badRequest } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { readRoutes } from './collection.js';
import { newListener } from './listeners.js';
import { octaviaFields, octaviaInvalid, octaviaTime } from './octavia.js';
import type { Octavia } from './octavia.js';
import { newPool } from './pools.js';
import type { LoadBalancer, Pool } from './rows.js';
import type { Views } from './views.js';

const base = '/lbaas/loadbalancers';

/** Load balancers. Wire: Octavia v2 `lbaas/loadbalancers`, fully populated creation included. */
export function loadBalancerRoutes(octavia: Octavia, views: Views): Route[] {
  const { loadBalancers, listeners, pools, members } = octavia.tables;
  const get = (call: Call): LoadBalancer => octavia.find(loadBalancers, 'Load Balancer', call, call.params['id'] ?? '');
  const statuses = (row: LoadBalancer): Json => {
    const short = (view: Json): Json => ({
      id: view['id'],
      name: view['name'],
      provisioning_status: view['provisioning_status'],
      operating_status: view['operating_status'],
    });
    const poolTree = (pool: Pool): Json => ({
      ...short(views.pool(pool)),
      members: members
        .by('pool_id', pool.id)
        .map((member) => ({ ...short(views.member(member)), address: member.address, protocol_port: member.protocol_port })),
    });
    return {
      statuses: {
        loadbalancer: {
          ...short(views.loadBalancer(row)),
          listeners: listeners.by('loadbalancer_id', row.id).map((listener) => ({
            ...short(views.listener(listener)),
            pools: pools
              .by('loadbalancer_id', row.id)
              .filter((pool) => pool.id === listener.default_pool_id)
              .map(poolTree),
          })),
          pools: pools.by('loadbalancer_id', row.id).map(poolTree),
        },
      },
    };
  };

  return [
    ...readRoutes(octavia, {
      table: loadBalancers,
      path: base,
      plural: 'loadbalancers',
      single: 'loadbalancer',
      label: 'Load Balancer',
      view: views.loadBalancer,
    }),
    route('POST', base, (call) => {
      octavia.member(call);
      const fields = octaviaFields(call, 'loadbalancer');
      const projectId = statedProject(call, fields);
      octavia.checkQuota(projectId, 'load_balancer', 'Load Balancer', loadBalancers);
      const row = loadBalancers.insert({
        ...octavia.base(fields, projectId),
        ...vip(octavia, fields, projectId),
        description: fields.optionalText('description') ?? '',
        provider: provider(fields),
        flavor_id: fields.optionalText('flavor_id') ?? null,
        availability_zone: fields.optionalText('availability_zone') ?? null,
      });
      const { ports } = octavia.neutron.tables;
      const port = ports.get(row.vip_port_id);
      if (port !== undefined && !row.foreign_port)
        ports.patch(port.id, { name: `octavia-lb-${row.id}`, device_id: `lb-${row.id}` });
      for (const item of fields.objects('pools') ?? []) newPool(octavia, row, item);
      for (const item of fields.objects('listeners') ?? []) newListener(octavia, row, item);
      octavia.cloud.timings.start('load-balancer', 'create', row.id, row.name);
      if (call.outcome?.outcome !== 'stuck')
        octavia.cloud.later(
          call.outcome === undefined ? 'loadbalancer.settled' : 'loadbalancer.failed',
          row.id,
          'loadBalancerBuildMs',
        );
      return created({
        loadbalancer: fields.has('listeners') || fields.has('pools') ? populated(octavia, views, row) : views.loadBalancer(row),
      });
    }),
    route('PUT', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'loadbalancer');
      octavia.occupy(row.id, call.outcome);
      const changed = loadBalancers.patch(row.id, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        tags: fields.texts('tags') ?? row.tags,
        updated_at: octaviaTime(),
      });
      return ok({ loadbalancer: views.loadBalancer(changed) });
    }),
    route('DELETE', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      octavia.delete(row, /^(true|1)$/i.test(call.query.get('cascade') ?? ''), call.outcome);
      return noContent;
    }),
    route('GET', `${base}/:id/status`, (call) => ok(statuses(get(call)))),
    route('GET', `${base}/:id/statuses`, (call) => ok(statuses(get(call)))),
    route('GET', `${base}/:id/stats`, (call) => {
      get(call);
      return ok({ stats: { active_connections: 0, bytes_in: 0, bytes_out: 0, request_errors: 0, total_connections: 0 } });
    }),
  ];
}

export function statedProject(call: Call, fields: Fields): string {
  const stated = fields.optionalText('project_id') ?? fields.optionalText('tenant_id');
  if (stated !== undefined && call.auth.isAdmin) return stated;
  return call.auth.projectId ?? '';
}

function provider(fields: Fields): string {
  const name = fields.optionalText('provider') ?? 'amphora';
  if (!['amphora', 'octavia', 'ovn'].includes(name)) throw badRequest(`Provider '${name}' is not enabled.`);
  return name;
}

/** Finds or makes the port of the virtual address. */
function vip(
  octavia: Octavia,
  fields: Fields,
  projectId: string,
): Pick<LoadBalancer, 'vip_address' | 'vip_port_id' | 'vip_subnet_id' | 'vip_network_id' | 'foreign_port'> {
  const { neutron } = octavia;
  const [portId, subnetId, networkId, address] = ['vip_port_id', 'vip_subnet_id', 'vip_network_id', 'vip_address'].map((name) =>
    fields.optionalText(name),
  );
  if (portId !== undefined) {
    const port = neutron.tables.ports.get(portId);
    const ip = port?.fixed_ips[0];
    if (port === undefined || ip === undefined || port.project_id !== projectId) throw badRequest(`Port ${portId} not found.`);
    return {
      vip_address: ip.ip_address,
      vip_port_id: port.id,
      vip_subnet_id: ip.subnet_id,
      vip_network_id: port.network_id,
      foreign_port: true,
    };
  }
  const subnet =
    subnetId === undefined ? neutron.tables.subnets.by('network_id', networkId ?? '')[0] : neutron.tables.subnets.get(subnetId);
  if (subnetId === undefined && networkId === undefined)
    throw badRequest('Validation failure: VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id.');
  const network = subnet === undefined ? undefined : neutron.tables.networks.get(subnet.network_id);
  const usable = network !== undefined && (network.project_id === projectId || network.shared || network['router:external']);
  if (subnet === undefined || network === undefined || !usable)
    throw octaviaInvalid(
      subnetId === undefined ? 'vip_network_id' : 'vip_subnet_id',
      subnetId ?? networkId,
      `${subnetId === undefined ? 'Network' : 'Subnet'} not found.`,
    );
  const port = neutron.createPort({
    networkId: network.id,
    projectId,
    name: 'octavia-lb',
    fixedIps: [{ subnetId: subnet.id, address }],
    securityGroups: [],
    deviceId: 'lb',
    deviceOwner: 'Octavia',
  });
  return {
    vip_address: port.fixed_ips[0]?.ip_address ?? '',
    vip_port_id: port.id,
    vip_subnet_id: subnet.id,
    vip_network_id: network.id,
    foreign_port: false,
  };
}

/** The whole tree, as a fully populated creation answers. */
function populated(octavia: Octavia, views: Views, row: LoadBalancer): Json {
  const { listeners, pools, members, healthMonitors } = octavia.tables;
  const tree = (pool: Pool): Json => {
    const monitor = healthMonitors.by('pool_id', pool.id)[0];
    return {
      ...views.pool(pool),
      members: members.by('pool_id', pool.id).map(views.member),
      healthmonitor: monitor === undefined ? null : views.healthMonitor(monitor),
    };
  };
  return {
    ...views.loadBalancer(row),
    listeners: listeners.by('loadbalancer_id', row.id).map((listener) => {
      const pool = listener.default_pool_id === null ? undefined : pools.get(listener.default_pool_id);
      return { ...views.listener(listener), default_pool: pool === undefined ? null : tree(pool) };
    }),
    pools: pools.by('loadbalancer_id', row.id).map(tree),
  };
}
