import type { Settings } from '#libs/config';
import { ClusterWorkRepository, OperationsRepository } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { ownerSession, ClusterIdentity } from '../../cloud/cluster-identity.js';
import { resolvedOf } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { addressPlan, factsOf } from '../node-facts.js';
import { resolveCloud } from '../resolve-cloud.js';
import { SETTINGS } from '../../tokens.js';
import { SERVICE } from '../service-scope.js';

/** Names of flavors, images and networks become ids, once. */
@Injectable()
export class ResolveStep implements Step {
  readonly name = 'resolve';

  constructor(
    private readonly identity: ClusterIdentity,
    private readonly clusters: ClusterWorkRepository,
    private readonly operations: OperationsRepository,
    @Inject(SETTINGS) private readonly settings: Settings,
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
    const nodeCount = groups.reduce((sum, group) => sum + group.nodeCount, 0);
    const { nodeCidr } = addressPlan(cluster, template, resolved, nodeCount);
    const facts = groups.map((group) => ({
      uuid: group.uuid,
      nodeFacts: factsOf(group, resolved, nodeCidr, this.settings.DEFAULT_KUBE_TAG),
    }));
    await ctx.write(async (tx) => {
      await this.operations.addToRequest(tx, operation.uuid, { resolved });
      for (const { uuid, nodeFacts } of facts) await this.clusters.setGroup(tx, uuid, { nodeFacts });
    });
    operation.request = { ...operation.request, resolved };
  }
}
