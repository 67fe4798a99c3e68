import { OperationsRepository, type StoredFailure, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from './cluster-plan.js';
import { GroupEnd } from './group-end.js';
import { groupUpdateRequest, groupUuidOf } from './group-request.js';
import { LabelNodes } from './nodes/label-nodes.js';
import { NodeChange } from './nodes/node-change.js';
import { NodeGroupSteps } from './nodes/node-group-steps.js';
import { planNodes } from './nodes/plan-nodes.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { SERVICE } from './service-scope.js';

/**
 * A group's labels and taints reach the nodes that stand; later ones get them with their bundle. What an earlier operation
 * has left half-way is mended too: afterwards the group has as many nodes as it says.
 */
@Injectable()
export class UpdateNodeGroupOperation implements OperationHandler {
  readonly kind = 'node-group-update';
  readonly steps: readonly Step[];

  constructor(
    private readonly end: GroupEnd,
    private readonly change: NodeChange,
    private readonly operations: OperationsRepository,
    private readonly labels: LabelNodes,
    steps: NodeGroupSteps,
  ) {
    this.steps = steps.around(
      async (ctx, group) => {
        const [own] = await change.groupNodes(ctx, [group.uuid]);
        const nodes = own?.nodes ?? [];
        // Another count is another operation's, when one is still to come.
        const awaited = await this.operations.hasOpenCount(SERVICE, { clusterUuid: ctx.cluster.uuid, uuid: group.uuid });
        const standing = nodes.filter((node) => node.leavingSince === null).length;
        await change.plan(ctx, group, planNodes(nodes, awaited || isMaster(group) ? standing : group.nodeCount));
      },
      [{ name: 'labels', run: (ctx) => this.relabel(ctx) }],
    );
  }

  complete(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.complete(ctx, tx, 'UPDATE');
  }

  fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    return this.end.fail(ctx, tx, failure, 'UPDATE');
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.end.unwind(ctx);
  }

  superseded(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.superseded(ctx, tx);
  }

  /** Also keys that an update before this one should have removed, and did not. */
  private async relabel(ctx: OperationContext): Promise<void> {
    const uuid = groupUuidOf(ctx.operation);
    const requests = await this.operations.requestsSinceComplete(SERVICE, { clusterUuid: ctx.cluster.uuid, uuid }, this.kind);
    const before = requests.map((request) => groupUpdateRequest(request));
    const [own] = await this.change.groupNodes(ctx, [uuid]);
    if (!own) return;
    await this.labels.run(ctx, own.group, own.nodes, {
      labels: before.flatMap(({ previousNodeLabels }) => Object.keys(previousNodeLabels)),
      taints: before.flatMap(({ previousNodeTaints }) => previousNodeTaints),
    });
  }
}
