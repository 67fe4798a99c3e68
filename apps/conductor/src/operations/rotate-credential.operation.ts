import {
  CLUSTER_SECRET,
  clusterOwner,
  ClusterWorkRepository,
  OPERATION_TOKEN,
  operationOwner,
  OperationsRepository,
  SecretStore,
  type SecretOwner,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ClusterAddons } from '../addons/cluster-addons.js';
import { ClusterIdentity, type Trustee } from '../cloud/cluster-identity.js';
import { RotatedTrustees, rotatedName } from '../cloud/rotated-trustees.js';
import { Trustees } from '../cloud/trustees.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { SERVICE } from './service-scope.js';

/**
 * The cluster acts for the caller from now on: a new user and a new trust, and when they work the switch, one transaction;
 * then whatever other user there is of the cluster goes. Its status and those of its groups are not touched.
 *
 *   password sealed ─> user ─> trust ─> tried ─> switched ─> told to the cluster's own pods ─> old ones removed
 */
@Injectable()
export class RotateCredentialOperation implements OperationHandler {
  readonly kind = 'rotate-credential';
  readonly steps: readonly Step[] = [
    { name: 'trust', run: (ctx) => this.switch(ctx) },
    { name: 'cloud-config', run: (ctx) => this.addons.bring(ctx) },
    { name: 'old-trust', run: (ctx) => this.removeOthers(ctx) },
  ];

  constructor(
    private readonly trustees: Trustees,
    private readonly rotated: RotatedTrustees,
    private readonly identity: ClusterIdentity,
    private readonly secrets: SecretStore,
    private readonly clusters: ClusterWorkRepository,
    private readonly operations: OperationsRepository,
    private readonly addons: ClusterAddons,
  ) {}

  async complete(): Promise<void> {}

  /** The operation itself says why. */
  async fail(): Promise<void> {}

  /** Of a rotation that was not switched to, nothing is left. */
  async unwind(ctx: OperationContext): Promise<void> {
    if (ctx.operation.request['switched'] !== true) await this.giveUp(ctx);
  }

  private async switch(ctx: OperationContext): Promise<void> {
    const { cluster, operation } = ctx;
    if (operation.request['switched'] === true) return;
    const owner = operationOwner(operation.uuid);
    try {
      const made = await this.make(ctx, owner);
      await this.identity.trustee(made).withSignal(ctx.signal).whoAmI();
      await ctx.write(async (tx) => {
        const { trustId, trusteeUserId, password } = made;
        await this.clusters.set(tx, cluster.uuid, { trustId, trusteeUserId });
        await this.secrets.put(tx, clusterOwner(cluster.uuid), CLUSTER_SECRET.trusteePassword, password);
        await this.secrets.erase(tx, owner);
        await this.operations.addToRequest(tx, operation.uuid, { switched: true });
      });
    } catch (error) {
      // Whoever told this one to stop may have somebody else at it.
      if (!ctx.signal.aborted) await this.giveUp(ctx);
      throw error;
    }
    operation.request = { ...operation.request, switched: true };
  }

  private async make(ctx: OperationContext, owner: SecretOwner): Promise<Trustee> {
    return this.trustees.ensure(ctx, await this.secrets.find(owner, OPERATION_TOKEN), {
      name: rotatedName(ctx.operation),
      secret: { owner, purpose: CLUSTER_SECRET.trusteePassword },
      hint: 'ask again',
    });
  }

  /** A try that failed leaves nothing; what cannot be removed now is removed by the next rotation, or with the cluster. */
  private async giveUp(ctx: OperationContext): Promise<void> {
    try {
      const current = (await this.clusters.find(SERVICE, ctx.cluster.uuid))?.trusteeUserId;
      for (const userId of await this.trustees.named(ctx, [rotatedName(ctx.operation)])) {
        if (userId !== current) await this.trustees.remove(ctx, userId);
      }
    } catch (error) {
      ctx.log.warn({ error: String(error) }, 'removing an unused trustee failed');
    }
  }

  private async removeOthers(ctx: OperationContext): Promise<void> {
    const current = ctx.cluster.trusteeUserId;
    const names = await this.rotated.names(ctx.cluster.uuid);
    for (const userId of await this.trustees.named(ctx, names)) {
      if (userId !== current) await this.trustees.remove(ctx, userId);
    }
  }
}
