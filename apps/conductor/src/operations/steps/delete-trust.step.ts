import { isForbidden, isNotFound, isUnauthorized } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import type { OperationContext, Step } from '../operation.js';

/** The trust, then the cluster's own user; also what a create that ended early has left without writing it down. */
@Injectable()
export class DeleteTrustStep implements Step {
  readonly name = 'trust';

  constructor(private readonly identity: ClusterIdentity) {}

  async run(ctx: OperationContext): Promise<void> {
    const { uuid, trustId, trusteeUserId } = ctx.cluster;
    if (trustId) await this.removeTrust(ctx, trustId);
    const admin = this.identity.trusteeAdmin();
    const userIds = trusteeUserId ? [trusteeUserId] : await this.unrecordedUsers(ctx, uuid);
    for (const userId of userIds) {
      if (!trustId) await this.removeTrustsOf(ctx, userId);
      ctx.log.info({ user: userId }, 'deleting the trustee user');
      await admin.identity.users.delete(userId);
    }
  }

  /** Keystone lets the trustor, whom the trustee impersonates, and administrators delete a trust. */
  private async removeTrust(ctx: OperationContext, trustId: string): Promise<void> {
    ctx.log.info({ trust: trustId }, 'deleting the trust');
    const owner = await this.identity.owner(ctx.cluster);
    try {
      if (owner) return await owner.identity.trusts.delete(trustId);
    } catch (error) {
      if (!isUnauthorized(error) && !isForbidden(error) && !isNotFound(error)) throw error;
    }
    await this.identity.service().identity.trusts.delete(trustId);
  }

  private async unrecordedUsers(ctx: OperationContext, clusterUuid: string): Promise<string[]> {
    const admin = this.identity.trusteeAdmin().withSignal(ctx.signal);
    const domain = (await admin.whoAmI()).domainId;
    if (!domain) return [];
    const users = await admin.identity.users.list({ name: clusterUuid, domain_id: domain });
    return users.filter((user) => user.name === clusterUuid).map((user) => user.id);
  }

  private async removeTrustsOf(ctx: OperationContext, trusteeUserId: string): Promise<void> {
    const service = this.identity.service().withSignal(ctx.signal);
    for (const trust of await service.identity.trusts.list({ trustee_user_id: trusteeUserId })) {
      await service.identity.trusts.delete(trust.id);
    }
  }
}
