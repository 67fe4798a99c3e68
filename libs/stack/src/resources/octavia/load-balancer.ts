import { absent } from '#libs/openstack';
import type { LoadBalancer } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, stillThere } from '../answers.js';
import { flag, given, reference, text } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { isUsable, isReady, unlessBusy } from './busy.js';

const properties = z.strictObject({
  name: text().optional(),
  description: text().optional(),
  vip_subnet: reference(),
  vip_address: text().optional(),
  provider: text().optional(),
  flavor: reference().optional(),
  availability_zone: text().optional(),
  admin_state_up: flag().optional(),
});

const attributesOf = ({ vip_address, vip_port_id, vip_subnet_id, flavor_id }: LoadBalancer): Attributes => ({
  vip_address,
  vip_port_id,
  vip_subnet_id,
  flavor_id,
});

/** OS::Octavia::LoadBalancer. Removed with all its parts. Wire: Octavia `lbaas/loadbalancers`, API v2. */
export const loadBalancer = defineResource({
  type: 'OS::Octavia::LoadBalancer',
  properties,
  updatable: ['name', 'description', 'admin_state_up'],
  defaults: { description: '', admin_state_up: true },
  attributes: ['vip_address', 'vip_port_id', 'vip_subnet_id', 'flavor_id'],
  find: async (ctx, p) => {
    const { loadBalancers } = cloudOf(ctx).loadBalancer;
    const named = await loadBalancers.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => one.name === nameOf(ctx, p) && isOurs(ctx, one) && one.provisioning_status !== 'DELETED'),
      isUsable,
      (one) => unlessBusy(loadBalancers.delete(one.id, { cascade: true })),
    );
  },
  create: async (ctx, p) => {
    const body = given({
      name: nameOf(ctx, p),
      description: describe(ctx, p.description),
      vip_subnet_id: p.vip_subnet,
      vip_address: p.vip_address,
      provider: p.provider,
      flavor_id: p.flavor,
      availability_zone: p.availability_zone,
      admin_state_up: p.admin_state_up,
    });
    return (await cloudOf(ctx).loadBalancer.loadBalancers.create(body)).id;
  },
  poll: async (ctx, id) => {
    const one = await stillThere('load balancer', cloudOf(ctx).loadBalancer.loadBalancers.get(id));
    return isReady(one, 'load balancer') ? { attributes: attributesOf(one) } : 'pending';
  },
  update: async (ctx, id, changed) => {
    const { description, ...rest } = changed;
    const body = given({ name: rest.name, admin_state_up: rest.admin_state_up });
    const described = 'description' in changed ? { ...body, description: describe(ctx, description) } : body;
    await unlessBusy(cloudOf(ctx).loadBalancer.loadBalancers.update(id, described));
    return 'updated';
  },
  remove: (ctx, id) => unlessBusy(cloudOf(ctx).loadBalancer.loadBalancers.delete(id, { cascade: true })),
  gone: async (ctx, id) => {
    const one = await absent(cloudOf(ctx).loadBalancer.loadBalancers.get(id));
    return one === null || one.provisioning_status === 'DELETED';
  },
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).loadBalancer.loadBalancers.get(id)),
  excludes: (before, after) => after.vip_address !== undefined && before.vip_address === after.vip_address,
});
