import { ClusterWorkRepository, OperationsRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ownerSession, ClusterIdentity } from '../../cloud/cluster-identity.js';
import { resolvedOf } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { resolveCloud } from '../resolve-cloud.js';
import { SERVICE } from '../service-scope.js';

/** Names of flavors, images and networks become ids, once. */
@Injectable()
export class ResolveStep implements Step {
  readonly name = 'resolve';

  constructor(
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly operations: OperationsRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster, operation } = ctx;
    if (resolvedOf(operation)) return;
    const [cloud, groups, template] = await Promise.all([
      ownerSession(this.identity, ctx),
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
    ]);
    const resolved = await resolveCloud(cloud, cluster, groups, template);
    await ctx.write((tx) => this.operations.addToRequest(tx, operation.uuid, { resolved }));
    operation.request = { ...operation.request, resolved };
  }
}
