import { ClusterWorkRepository, type NodeGroupEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from '../cluster-plan.js';
import { groupUuidOf, nodeGroupGone } from '../group-request.js';
import type { OperationContext, Step } from '../operation.js';
import { SERVICE } from '../service-scope.js';
import { NodeChange } from './node-change.js';

/** The steps of an operation on one node group. */
@Injectable()
export class NodeGroupSteps {
  constructor(
    private readonly change: NodeChange,
    private readonly clusters: ClusterWorkRepository,
  ) {}

  /**
   * @param plan says once which nodes come and go, with `NodeChange.plan` as its last deed
   * @param then done to the nodes that stand, when all are Ready
   */
  around(plan: (ctx: OperationContext, group: NodeGroupEntity) => Promise<void>, then: readonly Step[] = []): Step[] {
    const { change } = this;
    const step = (name: string, run: (ctx: OperationContext, groupUuids: readonly string[]) => Promise<void>): Step => ({
      name,
      run: async (ctx) => run(ctx, await this.changeable(ctx)),
    });
    return [
      step('resolve', (ctx) => change.resolve(ctx, [groupUuidOf(ctx.operation)])),
      step('leftovers', (ctx, uuids) => change.leftovers(ctx, uuids)),
      step('nodes', async (ctx) => {
        // Planned once: a plan that is begun again would be made for what the first one has left of the group.
        if (ctx.operation.request['own'] === undefined) await plan(ctx, await this.group(ctx));
      }),
      step('grow', (ctx, uuids) => change.grow(ctx, uuids)),
      step('kubernetes', (ctx, uuids) => change.join(ctx, uuids)),
      ...then,
      step('drain', (ctx, uuids) => change.drain(ctx, uuids)),
      step('shrink', (ctx, uuids) => change.shrink(ctx, uuids)),
      step('addresses', (ctx, uuids) => change.tidy(ctx, uuids)),
    ];
  }

  /** Masters come and go by an upgrade alone: each is a member of etcd. What one has left of them is the next one's. */
  private async changeable(ctx: OperationContext): Promise<string[]> {
    const group = await this.group(ctx);
    return isMaster(group) ? [] : [group.uuid];
  }

  /** @throws OperationFailure an operation before this one has removed the group */
  private async group({ cluster, operation }: OperationContext): Promise<NodeGroupEntity> {
    const uuid = groupUuidOf(operation);
    const group = (await this.clusters.groups(SERVICE, cluster.uuid)).find((one) => one.uuid === uuid);
    if (group) return group;
    throw nodeGroupGone(uuid);
  }
}
