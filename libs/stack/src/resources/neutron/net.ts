import type { Network } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, isBuilt, made, refuseError, stillThere, unlessInUse } from '../answers.js';
import { flag, given, text, texts, valueSpecs } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { convergeTags } from './tags.js';

const properties = z.strictObject({
  name: text().optional(),
  admin_state_up: flag().optional(),
  shared: flag().optional(),
  port_security_enabled: flag().optional(),
  dns_domain: text().optional(),
  qos_policy: text().optional(),
  availability_zone_hints: texts().optional(),
  tags: texts().optional(),
  value_specs: valueSpecs().optional(),
});

const wire = ({
  name,
  admin_state_up,
  shared,
  port_security_enabled,
  dns_domain,
  ...p
}: Partial<z.infer<typeof properties>>): object =>
  given({
    name,
    admin_state_up,
    shared,
    port_security_enabled,
    dns_domain,
    qos_policy_id: p.qos_policy,
    availability_zone_hints: p.availability_zone_hints,
    ...p.value_specs,
  });

const attributesOf = ({ name, status, subnets, admin_state_up, mtu }: Network): Attributes => ({
  name,
  status,
  subnets,
  admin_state_up,
  mtu,
});

/** OS::Neutron::Net: a network. Wire: Neutron `networks`, API v2.0. */
export const net = defineResource({
  type: 'OS::Neutron::Net',
  properties,
  updatable: ['name', 'admin_state_up', 'shared', 'port_security_enabled', 'dns_domain', 'qos_policy', 'tags'],
  defaults: { admin_state_up: true, shared: false, port_security_enabled: true, dns_domain: '', qos_policy: null, tags: [] },
  attributes: ['name', 'status', 'subnets', 'admin_state_up', 'mtu'],
  find: async (ctx, p) => {
    const { networks } = cloudOf(ctx).network;
    const named = await networks.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => isOurs(ctx, one)),
      (one) => one.status !== 'ERROR',
      (one) => networks.delete(one.id),
    );
  },
  create: async (ctx, p) => {
    const body = { ...wire(p), name: nameOf(ctx, p), description: describe(ctx) };
    const one = await cloudOf(ctx).network.networks.create(body);
    return made(one.id, isBuilt(one) && !p.tags, attributesOf(one));
  },
  poll: async (ctx, id, p) => {
    const one = await stillThere('network', cloudOf(ctx).network.networks.get(id));
    refuseError(one, 'network');
    if (!isBuilt(one)) return 'pending';
    await convergeTags(ctx, 'networks', one, p.tags);
    return { attributes: attributesOf(one) };
  },
  update: async (ctx, id, changed, p) => {
    const network = await cloudOf(ctx).network.networks.update(id, wire(changed));
    await convergeTags(ctx, 'networks', network, p.tags);
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).network.networks.delete(id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.networks.get(id)),
});
