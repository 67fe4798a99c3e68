import { kubernetesVersionOf, networkPlan } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  ClusterWorkRepository,
  OperationsRepository,
  type ClusterTemplateEntity,
  type NodeFacts,
  type NodeGroupEntity,
} from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { ownerSession, ClusterIdentity } from '../../cloud/cluster-identity.js';
import { resolvedOf } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { resolveCloud, type ResolvedCloud } from '../resolve-cloud.js';
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
    const facts = groups.map((group) => ({
      uuid: group.uuid,
      nodeFacts: this.nodeFacts(ctx, group, groups, template, resolved),
    }));
    await ctx.write(async (tx) => {
      await this.operations.addToRequest(tx, operation.uuid, { resolved });
      for (const { uuid, nodeFacts } of facts) await this.clusters.setGroup(tx, uuid, { nodeFacts });
    });
    operation.request = { ...operation.request, resolved };
  }

  private nodeFacts(
    { cluster }: OperationContext,
    group: NodeGroupEntity,
    groups: readonly NodeGroupEntity[],
    template: ClusterTemplateEntity,
    resolved: ResolvedCloud,
  ): NodeFacts {
    const ids = resolved.groups[group.uuid];
    if (!ids) throw new Error(`nothing was resolved for node group ${group.name}`);
    const { flavorId, imageId, imageKubeVersion } = ids;
    const { nodeCidr } = networkPlan({
      labels: cluster.labels,
      networkDriver: template.networkDriver,
      existingCidr: resolved.existingNetwork?.cidr ?? null,
      nodeCount: groups.reduce((sum, one) => sum + one.nodeCount, 0),
    });
    const kubernetesVersion = kubernetesVersionOf(
      { kube_version: imageKubeVersion },
      group.labels,
      this.settings.DEFAULT_KUBE_TAG,
    );
    return { flavorId, imageId, kubernetesVersion, imageKubeVersion, nodeCidr };
  }
}
