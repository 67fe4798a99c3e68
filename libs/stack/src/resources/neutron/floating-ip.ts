import type { FloatingIp } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, isBuilt, made, refuseError, stillThere } from '../answers.js';
import { given, oneOf, reference, text, valueSpecs } from '../fields.js';
import { describe, isOurs, keyOf } from '../identity.js';

const properties = z
  .strictObject({
    floating_network: reference().optional(),
    floating_network_id: reference().optional(),
    floating_subnet: reference().optional(),
    floating_ip_address: text().optional(),
    port_id: reference().optional(),
    fixed_ip_address: text().optional(),
    dns_name: text().optional(),
    dns_domain: text().optional(),
    value_specs: valueSpecs().optional(),
  })
  .refine(oneOf('floating_network', 'floating_network_id'), 'floating_network is required');

const attributesOf = ({
  floating_ip_address,
  fixed_ip_address,
  floating_network_id,
  port_id,
  router_id,
}: FloatingIp): Attributes => ({ floating_ip_address, fixed_ip_address, floating_network_id, port_id, router_id });

/** OS::Neutron::FloatingIP: an address of an external network. Has no name: the key is its description. Wire: Neutron `floatingips`. */
export const floatingIp = defineResource({
  type: 'OS::Neutron::FloatingIP',
  properties,
  updatable: ['port_id', 'fixed_ip_address'],
  defaults: { port_id: null, fixed_ip_address: undefined },
  attributes: ['floating_ip_address', 'fixed_ip_address', 'floating_network_id', 'port_id', 'router_id'],
  find: async (ctx) => {
    const { floatingIps } = cloudOf(ctx).network;
    const described = await floatingIps.list({ description: keyOf(ctx) });
    return adopt(
      described.filter((one) => isOurs(ctx, one)),
      (one) => one.status !== 'ERROR',
      (one) => floatingIps.delete(one.id),
    );
  },
  create: async (ctx, p) => {
    const body = given({
      floating_network_id: p.floating_network ?? p.floating_network_id,
      subnet_id: p.floating_subnet,
      floating_ip_address: p.floating_ip_address,
      port_id: p.port_id,
      fixed_ip_address: p.fixed_ip_address,
      dns_name: p.dns_name,
      dns_domain: p.dns_domain,
      description: describe(ctx),
      ...p.value_specs,
    });
    const one = await cloudOf(ctx).network.floatingIps.create(body);
    return made(one.id, isBuilt(one), attributesOf(one));
  },
  poll: async (ctx, id) => {
    const one = await stillThere('floating IP', cloudOf(ctx).network.floatingIps.get(id));
    refuseError(one, 'floating IP');
    if (!isBuilt(one)) return 'pending';
    return { attributes: attributesOf(one) };
  },
  check: async (ctx, id, p) => {
    const one = await stillThere('floating IP', cloudOf(ctx).network.floatingIps.get(id));
    return p.port_id !== undefined && one.port_id !== p.port_id ? ['port_id'] : [];
  },
  update: async (ctx, id, _changed, p) => {
    const body = { port_id: p.port_id ?? null, ...given({ fixed_ip_address: p.fixed_ip_address }) };
    await cloudOf(ctx).network.floatingIps.update(id, body);
    return 'updated';
  },
  remove: (ctx, id) => cloudOf(ctx).network.floatingIps.delete(id),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.floatingIps.get(id)),
  /** An address is one floating IP's alone, and so is a port. */
  excludes: (before, after) =>
    (after.floating_ip_address !== undefined && before.floating_ip_address === after.floating_ip_address) ||
    (after.port_id !== undefined && before.port_id === after.port_id),
});
