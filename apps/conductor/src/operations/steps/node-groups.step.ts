import { ClusterWorkRepository, NodesRepository } from '#libs/db';
import { StackFailed } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { NodeStacks } from '../nodes/node-stacks.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';

/** Ports and servers of all groups, one stack each, all at once: workers do not wait for masters. */
@Injectable()
export class NodeGroupsStep implements Step {
  readonly name = 'node-groups';

  constructor(
    private readonly nodeStacks: NodeStacks,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const [groups, nodes] = await Promise.all([
      this.clusters.groups(SERVICE, ctx.cluster.uuid),
      this.nodes.ofCluster(SERVICE, ctx.cluster.uuid),
    ]);
    const wanted = groups.map((group) => ({ group, nodes: nodes.filter((node) => node.nodeGroupUuid === group.uuid) }));
    await this.nodeStacks.apply(ctx, wanted, async (group, error) => {
      if (!(error instanceof StackFailed)) return;
      await ctx.write((tx) => this.clusters.setGroup(tx, group.uuid, { statusReason: error.message }));
    });
    await this.nodeStacks.writeAddresses(
      ctx,
      groups.map((group) => group.uuid),
    );
  }
}
