import { BlockList, isIP } from 'node:net';
import type { Subnet } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, made, stillThere, unlessInUse } from '../answers.js';
import { flag, given, integer, oneOf, reference, text, texts, valueSpecs } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { convergeTags } from './tags.js';

const properties = z
  .strictObject({
    name: text().optional(),
    network: reference().optional(),
    network_id: reference().optional(),
    cidr: text().optional(),
    subnetpool: reference().optional(),
    prefixlen: integer(0, 128).optional(),
    ip_version: integer(4, 6).optional(),
    /** Empty: none. */
    gateway_ip: text().nullish(),
    enable_dhcp: flag().optional(),
    dns_nameservers: texts().optional(),
    allocation_pools: z.array(z.strictObject({ start: text(), end: text() })).optional(),
    host_routes: z.array(z.strictObject({ destination: text(), nexthop: text() })).optional(),
    ipv6_ra_mode: text().optional(),
    ipv6_address_mode: text().optional(),
    tags: texts().optional(),
    value_specs: valueSpecs().optional(),
  })
  .refine(oneOf('network', 'network_id'), 'network is required')
  .refine(oneOf('cidr', 'subnetpool'), 'cidr or subnetpool is required');

const wire = (p: Partial<z.infer<typeof properties>>): object =>
  given({
    name: p.name,
    cidr: p.cidr,
    subnetpool_id: p.subnetpool,
    prefixlen: p.prefixlen,
    gateway_ip: p.gateway_ip === '' ? null : p.gateway_ip,
    enable_dhcp: p.enable_dhcp,
    dns_nameservers: p.dns_nameservers,
    allocation_pools: p.allocation_pools,
    host_routes: p.host_routes,
    ipv6_ra_mode: p.ipv6_ra_mode,
    ipv6_address_mode: p.ipv6_address_mode,
    ...p.value_specs,
  });

const attributesOf = ({
  name,
  network_id,
  cidr,
  gateway_ip,
  ip_version,
  enable_dhcp,
  dns_nameservers,
  allocation_pools,
  host_routes,
}: Subnet): Attributes => ({
  name,
  network_id,
  cidr,
  gateway_ip,
  ip_version,
  enable_dhcp,
  dns_nameservers,
  allocation_pools,
  host_routes,
});

/** Of two blocks of addresses one holds the other, or they have nothing in common. */
function overlap(one: string, other: string): boolean {
  const [first = '', firstBits] = one.split('/');
  const [second = '', secondBits] = other.split('/');
  if (isIP(first) === 0 || isIP(first) !== isIP(second)) return false;
  const family = isIP(first) === 6 ? 'ipv6' : 'ipv4';
  const wider = new BlockList();
  wider.addSubnet(first, Math.min(Number(firstBits), Number(secondBits)), family);
  return wider.check(second, family);
}

/** OS::Neutron::Subnet: an address block on a network. Wire: Neutron `subnets`, API v2.0. */
export const subnet = defineResource({
  type: 'OS::Neutron::Subnet',
  properties,
  updatable: ['name', 'gateway_ip', 'enable_dhcp', 'dns_nameservers', 'allocation_pools', 'host_routes', 'tags'],
  defaults: { enable_dhcp: true, dns_nameservers: [], host_routes: [], tags: [] },
  attributes: [
    'name',
    'network_id',
    'cidr',
    'gateway_ip',
    'ip_version',
    'enable_dhcp',
    'dns_nameservers',
    'allocation_pools',
    'host_routes',
  ],
  find: async (ctx, p) => {
    const { subnets } = cloudOf(ctx).network;
    const named = await subnets.list({ name: nameOf(ctx, p), network_id: p.network ?? p.network_id });
    return adopt(
      named.filter((one) => isOurs(ctx, one)),
      () => true,
      (one) => subnets.delete(one.id),
    );
  },
  create: async (ctx, p) => {
    const body = {
      ...wire(p),
      network_id: p.network ?? p.network_id,
      ip_version: p.ip_version ?? 4,
      name: nameOf(ctx, p),
      description: describe(ctx),
    };
    const one = await cloudOf(ctx).network.subnets.create(body);
    return made(one.id, !p.tags, attributesOf(one));
  },
  poll: async (ctx, id, p) => {
    const one = await stillThere('subnet', cloudOf(ctx).network.subnets.get(id));
    await convergeTags(ctx, 'subnets', one, p.tags);
    return { attributes: attributesOf(one) };
  },
  update: async (ctx, id, changed, p) => {
    const one = await cloudOf(ctx).network.subnets.update(id, wire(changed));
    await convergeTags(ctx, 'subnets', one, p.tags);
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).network.subnets.delete(id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.subnets.get(id)),
  /** A network takes no two subnets with a common address. */
  excludes: (before, after) =>
    (before.network ?? before.network_id) === (after.network ?? after.network_id) &&
    before.cidr !== undefined &&
    after.cidr !== undefined &&
    overlap(before.cidr, after.cidr),
});
