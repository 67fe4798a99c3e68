import { Transient } from '#libs/domain';
import { absent, isConflict, OpenStackError, type CloudSession } from '#libs/openstack';
import { ResourceInError } from '../errors.js';
import type { Attributes, Created, ResourceContext } from '../resource.js';

/** The session whose pauses and reads end with the resource's signal. */
export const cloudOf = (ctx: ResourceContext): CloudSession => ctx.cloud.withSignal(ctx.signal);

/**
 * For lists of Nova and Cinder, which show the caller's own project: the service, which removes a stack whose owner is gone,
 * must name the others. Neutron and Octavia show administrators all.
 */
export async function everywhere(ctx: ResourceContext): Promise<boolean> {
  return (await ctx.cloud.projectId()) !== ctx.stack.projectId;
}

/**
 * What Neutron's and others' `status` means while something is made. DOWN is what a port without a server says.
 * Source: heat engine/resources/openstack/neutron/neutron.py, `is_built`.
 */
export const isBuilt = (object: { readonly status: string }): boolean =>
  object.status === 'ACTIVE' || object.status === 'DOWN' || object.status === '';

/** @throws ResourceInError */
export function refuseError(object: { readonly status: string }, what: string): void {
  if (object.status === 'ERROR') throw new ResourceInError(`the ${what} is in ERROR`);
}

/** The answer to a create: with the attributes when nothing more is to be waited for or done. */
export const made = (id: string, ready: boolean, attributes: Attributes): string | Created => (ready ? { id, attributes } : id);

/** An object that was made and is no longer there has failed. */
export async function stillThere<T>(what: string, call: Promise<T>): Promise<T> {
  const object = await absent(call);
  if (object === null) throw new ResourceInError(`the ${what} is gone`, 'cloud-object-deleted');
  return object;
}

/** Nothing with that id: waiting is over. */
export async function isGone(call: Promise<unknown>): Promise<boolean> {
  return (await absent(call)) === null;
}

const IN_USE_RETRY_MS = 1_000;

/**
 * "In use" during a removal is a matter of time: ports, load balancers and attachments go after the call that removes them.
 * Who else uses it is told by the cloud's words when the deadline comes.
 */
export async function unlessInUse<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof OpenStackError && isConflict(error)) throw later(error, IN_USE_RETRY_MS);
    throw error;
  }
}

/** The same question again after a while, with the cloud's words until then. */
export function later(error: OpenStackError, retryAfterMs: number): Transient {
  return new Transient(error.message, retryAfterMs, error.fields, { cause: error });
}
