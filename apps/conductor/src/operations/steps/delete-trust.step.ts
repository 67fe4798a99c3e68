import { isForbidden, isNotFound, isUnauthorized } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import { RotatedTrustees } from '../../cloud/rotated-trustees.js';
import { Trustees } from '../../cloud/trustees.js';
import { assertHolder, type OperationContext, type Step } from '../operation.js';

/** The trust, then the cluster's own user; also what a create or a rotation that ended early has left without writing it down. */
@Injectable()
export class DeleteTrustStep implements Step {
  readonly name = 'trust';

  constructor(
    private readonly identity: ClusterIdentity,
    private readonly trustees: Trustees,
    private readonly rotated: RotatedTrustees,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { uuid, trustId, trusteeUserId } = ctx.cluster;
    if (trustId) await this.removeTrust(ctx, trustId);
    const names = [...(trusteeUserId ? [] : [uuid]), ...(await this.rotated.names(uuid))];
    const others = names.length > 0 ? await this.trustees.named(ctx, names) : [];
    for (const userId of others) if (userId !== trusteeUserId) await this.trustees.remove(ctx, userId);
    if (!trusteeUserId) return;
    if (trustId) await this.trustees.removeUser(ctx, trusteeUserId);
    else await this.trustees.remove(ctx, trusteeUserId);
  }

  /** Keystone lets the trustor, whom the trustee impersonates, and administrators delete a trust. */
  private async removeTrust(ctx: OperationContext, trustId: string): Promise<void> {
    await assertHolder(ctx);
    ctx.log.info({ trust: trustId }, 'deleting the trust');
    const owner = await this.identity.owner(ctx.cluster);
    try {
      if (owner) return await owner.identity.trusts.delete(trustId);
    } catch (error) {
      if (!isUnauthorized(error) && !isForbidden(error) && !isNotFound(error)) throw error;
    }
    await this.identity.service().identity.trusts.delete(trustId);
  }
}
