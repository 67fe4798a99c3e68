import { absent } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type ResourceContext } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, stillThere } from '../answers.js';
import { flag, given, integer, reference, text } from '../fields.js';
import { isUsable, loadBalancerOfPool, partGone, isReady, removePart, unlessBusy } from './busy.js';

const properties = z.strictObject({
  pool: reference(),
  type: z.enum(['PING', 'TCP', 'HTTP', 'HTTPS', 'TLS-HELLO', 'UDP-CONNECT', 'SCTP']),
  /** Seconds, both. */
  delay: integer(0),
  timeout: integer(0),
  max_retries: integer(1, 10),
  http_method: text().optional(),
  url_path: text().optional(),
  expected_codes: text().optional(),
  admin_state_up: flag().optional(),
});

async function loadBalancerOf(ctx: ResourceContext, id: string): Promise<string | undefined> {
  const one = await absent(cloudOf(ctx).loadBalancer.healthMonitors.get(id));
  return loadBalancerOfPool(ctx, one?.pools[0]?.id);
}

/** OS::Octavia::HealthMonitor: how a pool knows its members. Wire: Octavia `lbaas/healthmonitors`, API v2. */
export const healthMonitor = defineResource({
  type: 'OS::Octavia::HealthMonitor',
  properties,
  updatable: ['delay', 'timeout', 'max_retries', 'http_method', 'url_path', 'expected_codes', 'admin_state_up'],
  defaults: { http_method: null, url_path: null, expected_codes: null, admin_state_up: true },
  attributes: [],
  /** A pool has at most one. */
  find: async (ctx, p) => {
    const { healthMonitors } = cloudOf(ctx).loadBalancer;
    const named = await healthMonitors.list({ name: ctx.physicalName });
    return adopt(
      named.filter((one) => one.name === ctx.physicalName && one.pools.some((pool) => pool.id === p.pool)),
      isUsable,
      (one) => unlessBusy(healthMonitors.delete(one.id)),
    );
  },
  create: async (ctx, p) => {
    const { pool, ...rest } = p;
    const body = given({ ...rest, pool_id: pool, name: ctx.physicalName });
    return (await unlessBusy(cloudOf(ctx).loadBalancer.healthMonitors.create(body))).id;
  },
  poll: async (ctx, id) => {
    const one = await stillThere('health monitor', cloudOf(ctx).loadBalancer.healthMonitors.get(id));
    return isReady(one, 'health monitor') ? { attributes: {} } : 'pending';
  },
  update: async (ctx, id, changed) => {
    const { pool: _pool, type: _type, ...rest } = changed;
    await unlessBusy(cloudOf(ctx).loadBalancer.healthMonitors.update(id, given(rest)));
    return 'updated';
  },
  remove: (ctx, id) => removePart(ctx, cloudOf(ctx).loadBalancer.healthMonitors, id, () => loadBalancerOf(ctx, id)),
  gone: (ctx, id) => partGone(ctx, cloudOf(ctx).loadBalancer.healthMonitors, id, () => loadBalancerOf(ctx, id)),
  read: () => Promise.resolve({}),
  /** A pool has one. */
  excludes: (before, after) => before.pool === after.pool,
});
