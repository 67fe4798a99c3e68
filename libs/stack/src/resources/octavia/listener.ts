import { absent } from '#libs/openstack';
import type { Listener } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes, type ResourceContext } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, stillThere } from '../answers.js';
import { flag, given, integer, oneOf, reference, text, texts } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { isUsable, partGone, isReady, removePart, unlessBusy } from './busy.js';

const properties = z
  .strictObject({
    name: text().optional(),
    description: text().optional(),
    loadbalancer: reference().optional(),
    default_pool: reference().optional(),
    protocol: text(),
    protocol_port: integer(1, 65_535),
    connection_limit: integer(-1).optional(),
    allowed_cidrs: texts().optional(),
    /** Milliseconds of quiet after which a connection is cut. Octavia's own fields: Heat has no property for them. */
    timeout_client_data: integer(0, 86_400_000).optional(),
    timeout_member_data: integer(0, 86_400_000).optional(),
    default_tls_container_ref: text().optional(),
    sni_container_refs: texts().optional(),
    admin_state_up: flag().optional(),
  })
  .refine(oneOf('loadbalancer', 'default_pool'), 'loadbalancer or default_pool is required');

const wire = (p: Partial<z.infer<typeof properties>>): object =>
  given({
    name: p.name,
    default_pool_id: p.default_pool,
    connection_limit: p.connection_limit,
    allowed_cidrs: p.allowed_cidrs,
    timeout_client_data: p.timeout_client_data,
    timeout_member_data: p.timeout_member_data,
    default_tls_container_ref: p.default_tls_container_ref,
    sni_container_refs: p.sni_container_refs,
    admin_state_up: p.admin_state_up,
  });

async function loadBalancerOf(ctx: ResourceContext, id: string): Promise<string | undefined> {
  const one = await absent(cloudOf(ctx).loadBalancer.listeners.get(id));
  return one?.loadbalancers[0]?.id;
}

const attributesOf = ({ loadbalancers, default_pool_id }: Listener): Attributes => ({ loadbalancers, default_pool_id });

/** OS::Octavia::Listener: a port of a load balancer. Wire: Octavia `lbaas/listeners`, API v2. */
export const listener = defineResource({
  type: 'OS::Octavia::Listener',
  properties,
  updatable: [
    'name',
    'description',
    'default_pool',
    'connection_limit',
    'allowed_cidrs',
    'timeout_client_data',
    'timeout_member_data',
    'default_tls_container_ref',
    'sni_container_refs',
    'admin_state_up',
  ],
  defaults: {
    description: '',
    default_pool: null,
    connection_limit: -1,
    allowed_cidrs: [],
    timeout_client_data: null,
    timeout_member_data: null,
    default_tls_container_ref: null,
    sni_container_refs: [],
    admin_state_up: true,
  },
  attributes: ['loadbalancers', 'default_pool_id'],
  find: async (ctx, p) => {
    const { listeners } = cloudOf(ctx).loadBalancer;
    const named = await listeners.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => one.name === nameOf(ctx, p) && isOurs(ctx, one)),
      isUsable,
      (one) => unlessBusy(listeners.delete(one.id)),
    );
  },
  create: async (ctx, p) => {
    const body = {
      ...wire(p),
      ...given({ loadbalancer_id: p.loadbalancer, protocol: p.protocol, protocol_port: p.protocol_port }),
      name: nameOf(ctx, p),
      description: describe(ctx, p.description),
    };
    return (await unlessBusy(cloudOf(ctx).loadBalancer.listeners.create(body))).id;
  },
  poll: async (ctx, id) => {
    const one = await stillThere('listener', cloudOf(ctx).loadBalancer.listeners.get(id));
    return isReady(one, 'listener') ? { attributes: attributesOf(one) } : 'pending';
  },
  update: async (ctx, id, changed) => {
    const body = 'description' in changed ? { ...wire(changed), description: describe(ctx, changed.description) } : wire(changed);
    await unlessBusy(cloudOf(ctx).loadBalancer.listeners.update(id, body));
    return 'updated';
  },
  remove: (ctx, id) => removePart(ctx, cloudOf(ctx).loadBalancer.listeners, id, () => loadBalancerOf(ctx, id)),
  gone: (ctx, id) => partGone(ctx, cloudOf(ctx).loadBalancer.listeners, id, () => loadBalancerOf(ctx, id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).loadBalancer.listeners.get(id)),
  /** A port number of a load balancer is one listener's. */
  excludes: (before, after) => before.loadbalancer === after.loadbalancer && before.protocol_port === after.protocol_port,
});
