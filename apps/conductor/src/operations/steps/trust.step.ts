import { CLUSTER_SECRET, clusterOwner, ClusterWorkRepository, OPERATION_TOKEN, operationOwner, SecretStore } from '#libs/db';
import { isForbidden, isNotFound, isUnauthorized } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { Trustees } from '../../cloud/trustees.js';
import type { OperationContext, Step } from '../operation.js';

/**
 * The right to act for the user after his token has gone: a user of the cluster's own in the trustee domain, and a trust
 * from the caller to it with exactly the roles of his token. Then the token is erased.
 *
 *   password sealed ─> user (found by name = cluster uuid) ─> trust (found by trustee) ─> ids stored, token erased
 */
@Injectable()
export class TrustStep implements Step {
  readonly name = 'trust';

  constructor(
    private readonly trustees: Trustees,
    private readonly secrets: SecretStore,
    private readonly clusters: ClusterWorkRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster, operation } = ctx;
    const token = await this.secrets.find(operationOwner(operation.uuid), OPERATION_TOKEN);
    if (cluster.trustId && cluster.trusteeUserId && (token === null || (await this.works(ctx)))) {
      if (token !== null) await ctx.write((tx) => this.secrets.erase(tx, operationOwner(operation.uuid)));
      return;
    }
    const { trustId, trusteeUserId } = await this.trustees.ensure(ctx, token, {
      name: cluster.uuid,
      secret: { owner: clusterOwner(cluster.uuid), purpose: CLUSTER_SECRET.trusteePassword },
      hint: 'delete the cluster and create it again',
    });
    await ctx.write(async (tx) => {
      await this.clusters.set(tx, cluster.uuid, { trustId, trusteeUserId });
      await this.secrets.erase(tx, operationOwner(operation.uuid));
    });
  }

  /** Whether the trust of an earlier try does: it may be why that one failed. */
  private async works(ctx: OperationContext): Promise<boolean> {
    const owner = await this.trustees.ownerOf(ctx);
    if (!owner) return false;
    try {
      await owner.logInAgain();
      return true;
    } catch (error) {
      if (isUnauthorized(error) || isForbidden(error) || isNotFound(error)) return false;
      throw error;
    }
  }
}
