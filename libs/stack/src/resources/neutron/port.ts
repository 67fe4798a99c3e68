import type { Port } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, isBuilt, made, refuseError, stillThere, unlessInUse } from '../answers.js';
import { flag, given, oneOf, reference, text, texts, valueSpecs } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { convergeTags } from './tags.js';

const properties = z
  .strictObject({
    name: text().optional(),
    network: reference().optional(),
    network_id: reference().optional(),
    fixed_ips: z
      .array(
        z.strictObject({
          subnet: reference().optional(),
          subnet_id: reference().optional(),
          ip_address: text().optional(),
        }),
      )
      .optional(),
    security_groups: texts().optional(),
    allowed_address_pairs: z.array(z.strictObject({ ip_address: text(), mac_address: text().optional() })).optional(),
    admin_state_up: flag().optional(),
    device_id: text().optional(),
    device_owner: text().optional(),
    dns_name: text().optional(),
    mac_address: text().optional(),
    'binding:vnic_type': text().optional(),
    qos_policy: text().optional(),
    port_security_enabled: flag().optional(),
    propagate_uplink_status: flag().optional(),
    no_fixed_ips: flag().optional(),
    tags: texts().optional(),
    value_specs: valueSpecs().optional(),
  })
  .refine(oneOf('network', 'network_id'), 'network is required');

const wire = (p: Partial<z.infer<typeof properties>>): object =>
  given({
    name: p.name,
    fixed_ips: p.no_fixed_ips
      ? []
      : p.fixed_ips?.map((ip) => given({ subnet_id: ip.subnet ?? ip.subnet_id, ip_address: ip.ip_address })),
    security_groups: p.security_groups,
    allowed_address_pairs: p.allowed_address_pairs?.map(given),
    admin_state_up: p.admin_state_up,
    device_id: p.device_id,
    device_owner: p.device_owner,
    dns_name: p.dns_name,
    mac_address: p.mac_address,
    'binding:vnic_type': p['binding:vnic_type'],
    qos_policy_id: p.qos_policy,
    port_security_enabled: p.port_security_enabled,
    propagate_uplink_status: p.propagate_uplink_status,
    ...p.value_specs,
  });

const attributesOf = ({
  name,
  status,
  network_id,
  fixed_ips,
  mac_address,
  device_id,
  device_owner,
  admin_state_up,
  security_groups,
  allowed_address_pairs,
}: Port): Attributes => ({
  name,
  status,
  network_id,
  fixed_ips,
  mac_address,
  device_id,
  device_owner,
  admin_state_up,
  security_groups,
  allowed_address_pairs,
});

/** OS::Neutron::Port: a server's place in a network. Wire: Neutron `ports`, API v2.0. */
export const port = defineResource({
  type: 'OS::Neutron::Port',
  properties,
  updatable: [
    'name',
    'security_groups',
    'allowed_address_pairs',
    'fixed_ips',
    'admin_state_up',
    'dns_name',
    'qos_policy',
    'port_security_enabled',
    'tags',
  ],
  defaults: {
    allowed_address_pairs: [],
    admin_state_up: true,
    dns_name: '',
    qos_policy: null,
    port_security_enabled: true,
    tags: [],
  },
  attributes: [
    'name',
    'status',
    'network_id',
    'fixed_ips',
    'mac_address',
    'device_id',
    'device_owner',
    'security_groups',
    'allowed_address_pairs',
    'admin_state_up',
  ],
  find: async (ctx, p) => {
    const { ports } = cloudOf(ctx).network;
    const named = await ports.list({ name: nameOf(ctx, p), network_id: p.network ?? p.network_id });
    // A port in use is the one that the server got: it stays, whatever its age.
    const ours = named.filter((one) => isOurs(ctx, one));
    const used = ours.filter((one) => one.device_id !== '');
    return adopt(
      ours,
      (one) => (used.length > 0 ? used.includes(one) : one.status !== 'ERROR'),
      (one) => (one.device_id === '' ? ports.delete(one.id) : Promise.resolve()),
    );
  },
  create: async (ctx, p) => {
    const body = { ...wire(p), network_id: p.network ?? p.network_id, name: nameOf(ctx, p), description: describe(ctx) };
    const one = await cloudOf(ctx).network.ports.create(body);
    return made(one.id, isBuilt(one) && !p.tags, attributesOf(one));
  },
  poll: async (ctx, id, p) => {
    const one = await stillThere('port', cloudOf(ctx).network.ports.get(id));
    refuseError(one, 'port');
    if (!isBuilt(one)) return 'pending';
    await convergeTags(ctx, 'ports', one, p.tags);
    return { attributes: attributesOf(one) };
  },
  update: async (ctx, id, changed, p) => {
    const one = await cloudOf(ctx).network.ports.update(id, wire(changed));
    await convergeTags(ctx, 'ports', one, p.tags);
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).network.ports.delete(id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.ports.get(id)),
  /** An address is one port's alone. */
  excludes: (before, after) =>
    (before.mac_address !== undefined && before.mac_address === after.mac_address) ||
    (after.fixed_ips ?? []).some((ip) => before.fixed_ips?.some((old) => ip.ip_address && ip.ip_address === old.ip_address)),
});
