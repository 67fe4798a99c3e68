import type { Pool } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, stillThere } from '../answers.js';
import { flag, given, oneOf, reference, text } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { isUsable, loadBalancerOfPool, partGone, isReady, removePart, unlessBusy } from './busy.js';

const properties = z
  .strictObject({
    name: text().optional(),
    description: text().optional(),
    listener: reference().optional(),
    loadbalancer: reference().optional(),
    protocol: text(),
    lb_algorithm: z.enum(['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP', 'SOURCE_IP_PORT']),
    session_persistence: z
      .strictObject({ type: z.enum(['SOURCE_IP', 'HTTP_COOKIE', 'APP_COOKIE']), cookie_name: text().optional() })
      .optional(),
    tls_enabled: flag().optional(),
    admin_state_up: flag().optional(),
  })
  .refine(oneOf('listener', 'loadbalancer'), 'listener or loadbalancer is required');

const wire = (p: Partial<z.infer<typeof properties>>): object =>
  given({
    name: p.name,
    lb_algorithm: p.lb_algorithm,
    session_persistence: p.session_persistence && given(p.session_persistence),
    tls_enabled: p.tls_enabled,
    admin_state_up: p.admin_state_up,
  });

const attributesOf = ({ healthmonitor_id, listeners, members }: Pool): Attributes => ({ healthmonitor_id, listeners, members });

/** OS::Octavia::Pool: the members behind a listener. Wire: Octavia `lbaas/pools`, API v2. */
export const pool = defineResource({
  type: 'OS::Octavia::Pool',
  properties,
  updatable: ['name', 'description', 'lb_algorithm', 'session_persistence', 'tls_enabled', 'admin_state_up'],
  defaults: { description: '', session_persistence: null, tls_enabled: false, admin_state_up: true },
  attributes: ['healthmonitor_id', 'listeners', 'members'],
  find: async (ctx, p) => {
    const { pools } = cloudOf(ctx).loadBalancer;
    const named = await pools.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => one.name === nameOf(ctx, p) && isOurs(ctx, one)),
      isUsable,
      (one) => unlessBusy(pools.delete(one.id)),
    );
  },
  create: async (ctx, p) => {
    const body = {
      ...wire(p),
      // With both, Octavia wants the listener alone.
      ...(p.listener ? { listener_id: p.listener } : { loadbalancer_id: p.loadbalancer }),
      protocol: p.protocol,
      name: nameOf(ctx, p),
      description: describe(ctx, p.description),
    };
    return (await unlessBusy(cloudOf(ctx).loadBalancer.pools.create(body))).id;
  },
  poll: async (ctx, id) => {
    const one = await stillThere('pool', cloudOf(ctx).loadBalancer.pools.get(id));
    return isReady(one, 'pool') ? { attributes: attributesOf(one) } : 'pending';
  },
  update: async (ctx, id, changed) => {
    const body = 'description' in changed ? { ...wire(changed), description: describe(ctx, changed.description) } : wire(changed);
    await unlessBusy(cloudOf(ctx).loadBalancer.pools.update(id, body));
    return 'updated';
  },
  remove: (ctx, id) => removePart(ctx, cloudOf(ctx).loadBalancer.pools, id, () => loadBalancerOfPool(ctx, id)),
  gone: (ctx, id) => partGone(ctx, cloudOf(ctx).loadBalancer.pools, id, () => loadBalancerOfPool(ctx, id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).loadBalancer.pools.get(id)),
  /** A listener has one default pool. */
  excludes: (before, after) => after.listener !== undefined && before.listener === after.listener,
});
