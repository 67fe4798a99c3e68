import { ClusterWorkRepository, NodesRepository, type NodeEntity, type NodeGroupEntity } from '#libs/db';
import type { NodeState } from '#libs/kubernetes';
import { Injectable } from '@nestjs/common';
import { ReadyNodes, type ClusterSeen } from '../nodes/ready-nodes.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';

/** Until the cluster's API answers and every node is Ready; then what the cluster says of itself is written down. */
@Injectable()
export class KubernetesStep implements Step {
  readonly name = 'kubernetes';

  constructor(
    private readonly ready: ReadyNodes,
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const [groups, nodes] = await Promise.all([
      this.clusters.groups(SERVICE, ctx.cluster.uuid),
      this.nodes.ofCluster(SERVICE, ctx.cluster.uuid),
    ]);
    const seen = await this.ready.wait(ctx, nodes, groups, ctx.attempt > 1 ? 'old' : 'fresh');
    await this.writeDown(ctx, groups, nodes, seen);
  }

  private async writeDown(
    ctx: OperationContext,
    groups: readonly NodeGroupEntity[],
    nodes: readonly NodeEntity[],
    { nodes: seen, version }: ClusterSeen,
  ): Promise<void> {
    const { cluster } = ctx;
    const states = new Map(seen.map((state) => [state.name, state]));
    const runtime = seen.find((state) => state.containerRuntimeVersion)?.containerRuntimeVersion ?? null;
    await ctx.write(async (tx) => {
      await this.clusters.set(tx, cluster.uuid, {
        coeVersion: version,
        // `containerd://2.1.4`
        containerVersion: runtime?.replace(/^[a-z-]+:\/\//, '') ?? null,
        healthStatus: 'HEALTHY',
        healthStatusReason: Object.fromEntries([['api', 'ok'], ...nodes.map((node) => [`${node.name}.Ready`, 'True'])]),
      });
      for (const group of groups) {
        await this.clusters.setGroup(tx, group.uuid, { version: kubeletOf(group, nodes, states) ?? version });
      }
    });
  }
}

function kubeletOf(group: NodeGroupEntity, nodes: readonly NodeEntity[], states: ReadonlyMap<string, NodeState>): string | null {
  const first = nodes.find((node) => node.nodeGroupUuid === group.uuid);
  return (first && states.get(first.name)?.kubeletVersion) ?? null;
}
