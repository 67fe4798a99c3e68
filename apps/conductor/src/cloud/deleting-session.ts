import { isForbidden, isNotFound, isUnauthorized, OpenStackError, type CloudSession } from '#libs/openstack';
import { StackFailed } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import type { OperationContext } from '../operations/operation.js';
import { ClusterIdentity } from './cluster-identity.js';

/** Who asks, and whether nobody else can be asked: what is refused to the last one is refused. */
export interface ActingAs {
  readonly session: CloudSession;
  readonly last: boolean;
}

/** Who removes what a cluster has in the cloud: its owner by the trust, else the service itself. */
@Injectable()
export class DeletingSession {
  constructor(private readonly identity: ClusterIdentity) {}

  /**
   * Work that may be begun again at any point, as the owner; as the service when he turns out to be gone on the way: a token
   * of his that is kept may outlive his trust.
   */
  async use<T>(ctx: OperationContext, work: (as: ActingAs) => Promise<T>): Promise<T> {
    const owner = await this.owner(ctx);
    if (owner) {
      try {
        return await work({ session: owner.withSignal(ctx.signal), last: false });
      } catch (error) {
        if (!isOwnerGone(error)) throw error;
        ctx.log.warn({ error: String(error) }, 'the owner may not any more: going on as the service');
      }
    }
    return work({ session: this.service().withSignal(ctx.signal), last: true });
  }

  service(): CloudSession {
    return this.identity.service();
  }

  /** The owner by the trust, if the trust still works: user, roles and project may have gone. */
  async owner(ctx: OperationContext): Promise<CloudSession | null> {
    const owner = await this.identity.owner(ctx.cluster);
    if (!owner) return null;
    try {
      await owner.withSignal(ctx.signal).whoAmI();
      return owner;
    } catch (error) {
      if (!isOwnerGone(error)) throw error;
      ctx.log.warn({ error: String(error) }, 'the trust does not work any more: acting as the service');
      return null;
    }
  }
}

/** Whether the cloud refuses who asks, not what is asked. */
export function isOwnerGone(error: unknown): boolean {
  if (error instanceof StackFailed) return error.failures.some(({ cause }) => isOwnerGone(cause));
  // Keystone says 404 of a trust that is gone, to whoever logs in by it.
  const trustGone = error instanceof OpenStackError && error.service === 'identity' && isNotFound(error);
  return isUnauthorized(error) || isForbidden(error) || trustGone;
}
