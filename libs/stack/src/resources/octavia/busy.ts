import { absent, isConflict, OpenStackError } from '#libs/openstack';
import { ResourceInError } from '../../errors.js';
import type { ResourceContext } from '../../resource.js';
import { cloudOf, later } from '../answers.js';

const BUSY_RETRY_MS = 1_000;

/**
 * Octavia does one thing at a time per load balancer and answers 409 meanwhile. Only its words tell that from a real
 * conflict ("immutable", "Invalid state"): it has one fault code for all.
 * Source: octavia/common/exceptions.py, ImmutableObject and LBPendingStateError.
 * @throws Transient while the load balancer works
 */
export async function unlessBusy<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof OpenStackError && isConflict(error) && /immutable|invalid state/i.test(error.words)) {
      throw later(error, BUSY_RETRY_MS);
    }
    throw error;
  }
}

interface Provisioned {
  readonly id: string;
  readonly provisioning_status: string;
  readonly operating_status: string;
}

/** @throws ResourceInError; Octavia says no more than the status */
export function isReady(object: Provisioned, what: string): boolean {
  switch (object.provisioning_status) {
    case 'ACTIVE':
      return true;
    case 'ERROR':
    case 'DELETED':
      throw new ResourceInError(
        `the ${what} is in provisioning status ${object.provisioning_status} (operating status ${object.operating_status || 'unknown'})`,
        'load-balancer-in-error',
      );
    default:
      return false;
  }
}

export const isUsable = (object: Provisioned): boolean =>
  object.provisioning_status !== 'ERROR' && object.provisioning_status !== 'DELETED';

interface Part {
  delete(id: string): Promise<void>;
  get(id: string): Promise<Provisioned>;
}

/**
 * Removes a part of a load balancer. A load balancer in ERROR takes no change but its own removal, which takes its parts
 * along: there a part counts as removed.
 */
export async function removePart(
  ctx: ResourceContext,
  part: Part,
  id: string,
  loadBalancerOf: () => Promise<string | undefined>,
): Promise<void> {
  try {
    await unlessBusy(part.delete(id));
  } catch (error) {
    if (!(await isLost(ctx, loadBalancerOf))) throw error;
  }
}

/**
 * Whether a part is gone after its removal. One that Octavia has tried to remove and left in ERROR goes with its load
 * balancer, whose removal cascades: it must not keep a cluster from being deleted.
 */
export async function partGone(
  ctx: ResourceContext,
  part: Part,
  id: string,
  loadBalancerOf: () => Promise<string | undefined>,
): Promise<boolean> {
  const object = await absent(part.get(id));
  if (object === null || object.provisioning_status === 'DELETED') return true;
  if (object.provisioning_status === 'ERROR') return true;
  return object.provisioning_status !== 'PENDING_DELETE' && isLost(ctx, loadBalancerOf);
}

/** Whether the load balancer is in ERROR, or gone with all its parts. */
async function isLost(ctx: ResourceContext, loadBalancerOf: () => Promise<string | undefined>): Promise<boolean> {
  const id = await loadBalancerOf();
  if (id === undefined) return false;
  const loadBalancer = await absent(cloudOf(ctx).loadBalancer.loadBalancers.get(id));
  return loadBalancer === null || loadBalancer.provisioning_status === 'ERROR';
}

/** A pool's load balancer, if pool and load balancer are there. */
export async function loadBalancerOfPool(ctx: ResourceContext, poolId: string | undefined): Promise<string | undefined> {
  if (!poolId) return undefined;
  const pool = await absent(cloudOf(ctx).loadBalancer.pools.get(poolId));
  return pool?.loadbalancers[0]?.id;
}
