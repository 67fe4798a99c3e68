import { badRequest, conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Json, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { findOwn, findVisible, readRoutes } from './collection.js';
import type { Kind } from './collection.js';
import { contains, formatAddress, overlap, parseAddress, parseCidr } from './ipv4.js';
import type { Range } from './ipv4.js';
import { networkKind } from './networks.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import type { Pool, Subnet } from './rows.js';

const attributes = [
  'network_id',
  'name',
  'description',
  'cidr',
  'ip_version',
  'gateway_ip',
  'enable_dhcp',
  'allocation_pools',
  'dns_nameservers',
  'host_routes',
  'ipv6_address_mode',
  'ipv6_ra_mode',
  'subnetpool_id',
  'prefixlen',
  'segment_id',
  'service_types',
  'dns_publish_fixed_ip',
];

export function subnetKind(neutron: Neutron): Kind<Subnet> {
  return {
    table: neutron.tables.subnets,
    path: 'subnets',
    plural: 'subnets',
    single: 'subnet',
    notFound: { type: 'SubnetNotFound', message: (id) => `Subnet ${id} could not be found.` },
    visible: (row) => neutron.tables.networks.get(row.network_id)?.shared === true,
    view: (row) => ({
      ...row,
      subnetpool_id: null,
      ipv6_address_mode: null,
      ipv6_ra_mode: null,
      service_types: [],
      dns_publish_fixed_ip: false,
      segment_id: null,
    }),
  };
}

/** Subnets, IPv4 only. Wire: Neutron v2.0 `subnets`. */
export function subnetRoutes(neutron: Neutron): Route[] {
  const kind = subnetKind(neutron);
  const { subnets, ports } = neutron.tables;

  const create = (call: Parameters<Route['handler']>[0], fields: Fields): Subnet => {
    const network = findVisible(networkKind(neutron), call, fields.text('network_id'));
    neutron.requireMember(call, 'create_subnet');
    const projectId = call.auth.isAdmin ? network.project_id : neutron.ownerFor(call, fields);
    if (fields.optionalInteger('ip_version', 4, 6) === 6)
      throw badRequest('Invalid input for ip_version. Reason: the sandbox has no IPv6.', 'HTTPBadRequest');
    const cidr = fields.text('cidr');
    const range = parseCidr(cidr);
    if (range === undefined || !cidr.includes('/'))
      throw badRequest(`Invalid input for cidr. Reason: '${cidr}' is not a valid IP subnet.`, 'HTTPBadRequest');
    const normal = `${formatAddress(range.first)}/${range.prefix}`;
    for (const sibling of subnets.by('network_id', network.id)) {
      const other = parseCidr(sibling.cidr);
      if (other !== undefined && overlap(other, range)) {
        throw badRequest(
          `Invalid input for operation: Requested subnet with cidr: ${normal} for network: ${network.id} overlaps with another subnet.`,
          'InvalidInput',
        );
      }
    }
    neutron.checkQuota(projectId, 'subnet', subnets);
    const gateway =
      fields.source['gateway_ip'] === null ? null : (fields.optionalText('gateway_ip') ?? formatAddress(range.first + 1));
    if (gateway !== null && parseAddress(gateway) === undefined)
      throw badRequest(`Invalid input for gateway_ip. Reason: '${gateway}' is not a valid IP address.`, 'HTTPBadRequest');
    return subnets.insert({
      ...neutron.base({
        name: fields.optionalText('name'),
        description: fields.optionalText('description'),
        projectId,
        tags: fields.texts('tags'),
      }),
      network_id: network.id,
      cidr: normal,
      ip_version: 4,
      gateway_ip: gateway,
      enable_dhcp: fields.flag('enable_dhcp', true),
      allocation_pools: statedPools(fields, range, gateway) ?? defaultPools(range, gateway),
      dns_nameservers: fields.texts('dns_nameservers') ?? [],
      host_routes: statedRoutes(fields) ?? [],
    });
  };

  return [
    ...readRoutes(neutron, kind),
    route('POST', '/subnets', (call) => {
      const { bulk, items } = requested(call, 'subnet', 'subnets', attributes);
      const views: Json[] = items.map((fields) => kind.view(create(call, fields), call));
      return created(bulk ? { subnets: views } : { subnet: views[0] });
    }),
    route('PUT', '/subnets/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'subnet', attributes);
      const range = parseCidr(row.cidr);
      const changed = neutron.update(subnets, row, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        enable_dhcp: fields.flag('enable_dhcp', row.enable_dhcp),
        gateway_ip: fields.source['gateway_ip'] === null ? null : (fields.optionalText('gateway_ip') ?? row.gateway_ip),
        dns_nameservers: fields.texts('dns_nameservers') ?? row.dns_nameservers,
        host_routes: statedRoutes(fields) ?? row.host_routes,
        ...(range === undefined || !fields.has('allocation_pools')
          ? {}
          : { allocation_pools: statedPools(fields, range, row.gateway_ip) ?? [] }),
      });
      return ok({ subnet: kind.view(changed, call) });
    }),
    route('DELETE', '/subnets/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      for (const id of neutron.addresses.portsIn(row.id)) {
        const owner = ports.get(id)?.device_owner;
        if (owner === 'network:dhcp' || owner === 'network:distributed') continue;
        throw conflict(
          `Unable to complete operation on subnet ${row.id}: One or more ports have an IP allocation from this subnet.`,
          'SubnetInUse',
        );
      }
      subnets.remove(row.id);
      return noContent;
    }),
  ];
}

/** All host addresses but the gateway. */
export function defaultPools(range: Range & { readonly prefix: number }, gateway: string | null): Pool[] {
  const [first, last] = range.prefix >= 31 ? [range.first, range.last] : [range.first + 1, range.last - 1];
  const gate = gateway === null ? undefined : parseAddress(gateway);
  const parts: Range[] =
    gate === undefined || gate < first || gate > last
      ? [{ first, last }]
      : [
          { first, last: gate - 1 },
          { first: gate + 1, last },
        ];
  return parts
    .filter((part) => part.first <= part.last)
    .map((part) => ({ start: formatAddress(part.first), end: formatAddress(part.last) }));
}

function statedPools(fields: Fields, range: Range, gateway: string | null): Pool[] | undefined {
  const pools = fields.objects('allocation_pools')?.map((pool) => ({ start: pool.text('start'), end: pool.text('end') }));
  for (const pool of pools ?? []) {
    const [start, end] = [parseAddress(pool.start), parseAddress(pool.end)];
    if (start === undefined || end === undefined || start > end)
      throw badRequest(`The allocation pool ${pool.start}-${pool.end} is not valid.`, 'InvalidAllocationPool');
    if (!contains(range, start) || !contains(range, end))
      throw badRequest(
        `The allocation pool ${pool.start}-${pool.end} spans beyond the subnet cidr.`,
        'OutOfBoundsAllocationPool',
      );
    const gate = gateway === null ? undefined : parseAddress(gateway);
    if (gate !== undefined && gate >= start && gate <= end)
      throw conflict(
        `Gateway ip ${gateway} conflicts with allocation pool ${pool.start}-${pool.end}.`,
        'GatewayConflictWithAllocationPools',
      );
  }
  return pools;
}

const statedRoutes = (fields: Fields): { destination: string; nexthop: string }[] | undefined =>
  fields.objects('host_routes')?.map((item) => ({ destination: item.text('destination'), nexthop: item.text('nexthop') }));
