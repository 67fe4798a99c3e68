import { absent } from '#libs/openstack';
import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, stillThere } from '../answers.js';
import { flag, given, integer, port, reference, text, texts } from '../fields.js';
import { isUsable, loadBalancerOfPool, partGone, isReady, removePart, unlessBusy } from './busy.js';

const properties = z.strictObject({
  pool: reference(),
  address: text(),
  protocol_port: port(),
  subnet: reference().optional(),
  weight: integer(0, 256).optional(),
  monitor_address: text().optional(),
  monitor_port: port().optional(),
  admin_state_up: flag().optional(),
  tags: texts().optional(),
});

const idOf = (poolId: string, memberId: string): string => `${poolId}/${memberId}`;
const partsOf = (id: string): [poolId: string, memberId: string] => {
  const [poolId = '', memberId = ''] = id.split('/');
  return [poolId, memberId];
};

/**
 * OS::Octavia::PoolMember: an address behind a pool. Its id is `<pool>/<member>`, as the way to it needs both.
 * Wire: Octavia `lbaas/pools/{pool}/members`, API v2.
 */
export const poolMember = defineResource({
  type: 'OS::Octavia::PoolMember',
  properties,
  updatable: ['weight', 'admin_state_up', 'tags', 'monitor_address', 'monitor_port'],
  defaults: { weight: 1, admin_state_up: true, tags: [], monitor_address: null, monitor_port: null },
  attributes: ['address', 'pool_id'],
  /** A pool has an address and port once; the name is the kernel's. */
  find: async (ctx, p) => {
    const members = cloudOf(ctx).loadBalancer.members.of(p.pool);
    const named = (await absent(members.list({ name: ctx.physicalName }))) ?? [];
    const id = await adopt(
      named.filter((one) => one.name === ctx.physicalName && one.address === p.address && one.protocol_port === p.protocol_port),
      isUsable,
      (one) => unlessBusy(members.delete(one.id)),
    );
    return id === null ? null : idOf(p.pool, id);
  },
  create: async (ctx, p) => {
    const { pool, subnet, ...rest } = p;
    const body = given({ ...rest, subnet_id: subnet, name: ctx.physicalName });
    const member = await unlessBusy(cloudOf(ctx).loadBalancer.members.of(pool).create(body));
    return idOf(pool, member.id);
  },
  poll: async (ctx, id) => {
    const [poolId, memberId] = partsOf(id);
    const one = await stillThere('member', cloudOf(ctx).loadBalancer.members.of(poolId).get(memberId));
    return isReady(one, 'member') ? { attributes: { address: one.address, pool_id: poolId } } : 'pending';
  },
  update: async (ctx, id, changed) => {
    const [poolId, memberId] = partsOf(id);
    const { weight, admin_state_up, tags, monitor_address, monitor_port } = changed;
    const body = given({ weight, admin_state_up, tags, monitor_address, monitor_port });
    await unlessBusy(cloudOf(ctx).loadBalancer.members.of(poolId).update(memberId, body));
    return 'updated';
  },
  remove: (ctx, id) => {
    const [poolId, memberId] = partsOf(id);
    return removePart(ctx, cloudOf(ctx).loadBalancer.members.of(poolId), memberId, () => loadBalancerOfPool(ctx, poolId));
  },
  gone: (ctx, id) => {
    const [poolId, memberId] = partsOf(id);
    return partGone(ctx, cloudOf(ctx).loadBalancer.members.of(poolId), memberId, () => loadBalancerOfPool(ctx, poolId));
  },
  read: async (ctx, id) => {
    const [poolId, memberId] = partsOf(id);
    const one = await cloudOf(ctx).loadBalancer.members.of(poolId).get(memberId);
    return { address: one.address, pool_id: poolId };
  },
  excludes: (before, after) =>
    before.pool === after.pool && before.address === after.address && before.protocol_port === after.protocol_port,
});
