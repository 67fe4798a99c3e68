import { randomUUID } from 'node:crypto';
import { ClusterWorkRepository, NodesRepository, StacksRepository, type NewNode } from '#libs/db';
import { nodeName } from '#libs/domain';
import { parseInfraOutputs } from '#libs/drivers';
import { Injectable } from '@nestjs/common';
import { ClusterAddons } from '../../addons/cluster-addons.js';
import { firstMasterFloatingIp, isMaster } from '../cluster-plan.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { StaleNodes } from './stale-nodes.js';

/** A row for every node that shall be, and for every add-on, before anything of it is in the cloud. */
@Injectable()
export class NodesStep implements Step {
  readonly name = 'nodes';

  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly stacks: StacksRepository,
    private readonly stale: StaleNodes,
    private readonly addons: ClusterAddons,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster } = ctx;
    await this.stale.remove(ctx);
    const [groups, template, infrastructure] = await Promise.all([
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
      this.stacks.load(SERVICE, cluster.stackId ?? ''),
    ]);
    const wanted = groups.flatMap((group) =>
      Array.from({ length: group.nodeCount }, (_, slot): NewNode => ({
        uuid: randomUUID(),
        clusterUuid: cluster.uuid,
        nodeGroupUuid: group.uuid,
        projectId: cluster.projectId,
        name: nodeName(cluster, group, slot),
        slot,
        role: isMaster(group) ? 'master' : 'worker',
        facts: group.nodeFacts,
      })),
    );
    const floatingIp = firstMasterFloatingIp(parseInfraOutputs(infrastructure?.stack.outputs));
    await ctx.write(async (tx) => {
      await this.nodes.insertMissing(tx, wanted);
      await this.addons.plan(tx, ctx, { cluster, template, groups });
      if (floatingIp) await this.nodes.setFirstMasterFloatingIp(tx, cluster.uuid, floatingIp);
    });
  }
}
