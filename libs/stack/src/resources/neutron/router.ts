import type { Router } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, isBuilt, made, refuseError, stillThere, unlessInUse } from '../answers.js';
import { flag, given, reference, text, texts, valueSpecs } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { convergeTags } from './tags.js';

const properties = z.strictObject({
  name: text().optional(),
  admin_state_up: flag().optional(),
  external_gateway_info: z
    .strictObject({
      network: reference(),
      enable_snat: flag().optional(),
      external_fixed_ips: z.array(z.strictObject({ ip_address: text().optional(), subnet: reference().optional() })).optional(),
    })
    .optional(),
  distributed: flag().optional(),
  ha: flag().optional(),
  availability_zone_hints: texts().optional(),
  tags: texts().optional(),
  value_specs: valueSpecs().optional(),
});
type Properties = z.infer<typeof properties>;

const wire = (p: Partial<Properties>): object =>
  given({
    name: p.name,
    admin_state_up: p.admin_state_up,
    external_gateway_info: p.external_gateway_info && gateway(p.external_gateway_info),
    distributed: p.distributed,
    ha: p.ha,
    availability_zone_hints: p.availability_zone_hints,
    ...p.value_specs,
  });

const gateway = (info: NonNullable<Properties['external_gateway_info']>): object =>
  given({
    network_id: info.network,
    enable_snat: info.enable_snat,
    external_fixed_ips: info.external_fixed_ips?.map((ip) => given({ ip_address: ip.ip_address, subnet_id: ip.subnet })),
  });

const attributesOf = ({ name, status, admin_state_up, external_gateway_info }: Router): Attributes => ({
  name,
  status,
  admin_state_up,
  external_gateway_info,
});

/** OS::Neutron::Router: the way between subnets, and out. Wire: Neutron `routers`, API v2.0. */
export const router = defineResource({
  type: 'OS::Neutron::Router',
  properties,
  updatable: ['name', 'admin_state_up', 'external_gateway_info', 'tags'],
  defaults: { admin_state_up: true, external_gateway_info: null, tags: [] },
  attributes: ['name', 'status', 'admin_state_up', 'external_gateway_info'],
  find: async (ctx, p) => {
    const { routers } = cloudOf(ctx).network;
    const named = await routers.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => isOurs(ctx, one)),
      (one) => one.status !== 'ERROR',
      (one) => routers.delete(one.id),
    );
  },
  create: async (ctx, p) => {
    const body = { ...wire(p), name: nameOf(ctx, p), description: describe(ctx) };
    const one = await cloudOf(ctx).network.routers.create(body);
    return made(one.id, isBuilt(one) && !p.tags, attributesOf(one));
  },
  poll: async (ctx, id, p) => {
    const one = await stillThere('router', cloudOf(ctx).network.routers.get(id));
    refuseError(one, 'router');
    if (!isBuilt(one)) return 'pending';
    await convergeTags(ctx, 'routers', one, p.tags);
    return { attributes: attributesOf(one) };
  },
  update: async (ctx, id, changed, p) => {
    const one = await cloudOf(ctx).network.routers.update(id, wire(changed));
    await convergeTags(ctx, 'routers', one, p.tags);
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).network.routers.delete(id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.routers.get(id)),
});
