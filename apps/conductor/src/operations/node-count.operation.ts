import { EventsRepository, NodesRepository, type NodeGroupEntity, type StoredFailure, type Tx } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { boundedList } from './awaited.js';
import { isMaster } from './cluster-plan.js';
import { GroupEnd, type Verb } from './group-end.js';
import { countRequest } from './group-request.js';
import { NodeChange } from './nodes/node-change.js';
import { NodeGroupSteps } from './nodes/node-group-steps.js';
import { planNodes } from './nodes/plan-nodes.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { SERVICE } from './service-scope.js';

/** A request may name ten thousand: an event is no place for them. */
const MOST_NAMED = 20;

/** A node group gets another number of nodes. Decorated, so that the classes below are given its parts. */
@Injectable()
abstract class NodeCountOperation implements OperationHandler {
  abstract readonly kind: 'resize' | 'update' | 'rollback';
  protected readonly verb: Verb = 'UPDATE';
  readonly steps: readonly Step[];

  constructor(
    private readonly end: GroupEnd,
    private readonly change: NodeChange,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    steps: NodeGroupSteps,
  ) {
    this.steps = steps.around((ctx, group) => this.plan(ctx, group));
  }

  complete(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.complete(ctx, tx, this.verb);
  }

  fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    return this.end.fail(ctx, tx, failure, this.verb);
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.end.unwind(ctx);
  }

  superseded(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.superseded(ctx, tx);
  }

  private async plan(ctx: OperationContext, group: NodeGroupEntity): Promise<void> {
    const { cluster, operation } = ctx;
    const request = countRequest(operation);
    if (isMaster(group)) {
      throw new OperationFailure('masters-fixed', 'nodes: the number of masters cannot be changed', {
        step: 'nodes',
        object: `node group ${group.name}`,
      });
    }
    const rows = await this.nodes.ofCluster(SERVICE, cluster.uuid);
    const own = rows.filter((node) => node.nodeGroupUuid === group.uuid);
    const named = [...request.nodesToRemove, ...request.overtakenToRemove];
    const plan = planNodes(own, request.nodeCount, named);
    const unknown = plan.unknown.filter((entry) => request.nodesToRemove.includes(entry));
    if (plan.newSlots.length > 0) {
      const others = rows.filter((node) => node.nodeGroupUuid !== group.uuid && node.leavingSince === null);
      await this.change.checkRoom(ctx, others.length + request.nodeCount);
    }
    if (unknown.length > 0 && this.kind !== 'rollback') await this.warn(ctx, group, unknown);
    await this.change.plan(ctx, group, plan);
  }

  private async warn(ctx: OperationContext, group: NodeGroupEntity, unknown: readonly string[]): Promise<void> {
    const { cluster, operation } = ctx;
    await ctx.write((tx) =>
      this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        operationUuid: operation.uuid,
        type: 'operation.nodes-unknown',
        level: 'warning',
        message: `nodes_to_remove: node group ${group.name} has no node ${boundedList(unknown, MOST_NAMED)}`,
        data: { nodesToRemove: unknown.slice(0, MOST_NAMED) },
      }),
    );
  }
}

/** `actions/resize`. */
@Injectable()
export class ResizeOperation extends NodeCountOperation {
  readonly kind = 'resize';
}

/** A PATCH of the cluster's `node_count`. */
@Injectable()
export class UpdateClusterOperation extends NodeCountOperation {
  readonly kind = 'update';
}

/** After an update with `rollback` that failed: its nodes go, the count before it comes back. */
@Injectable()
export class RollbackOperation extends NodeCountOperation {
  readonly kind = 'rollback';
  protected override readonly verb = 'ROLLBACK';
}
