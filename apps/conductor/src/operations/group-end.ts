import { randomUUID } from 'node:crypto';
import {
  ClusterWorkRepository,
  EventsRepository,
  NodesRepository,
  OperationsRepository,
  type StoredFailure,
  type Tx,
} from '#libs/db';
import type { ClusterStatus } from '#libs/domain';
import { Injectable } from '@nestjs/common';
import { countRequestIfAny, groupUuidIfAny } from './group-request.js';
import { ownNodes, untouchedNodes, type OwnNodes } from './nodes/own-nodes.js';
import { TakeBack } from './nodes/take-back.js';
import type { OperationContext } from './operation.js';

export type Verb = 'CREATE' | 'UPDATE' | 'ROLLBACK';
const SETTLED_AS = { CREATE: 'UPDATE', UPDATE: 'UPDATE', ROLLBACK: 'ROLLBACK' } as const;
const MINUTE_MS = 60_000;

/** How operations on one node group end: in the transaction that ends the operation, the cluster locked. */
@Injectable()
export class GroupEnd {
  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly operations: OperationsRepository,
    private readonly events: EventsRepository,
    private readonly takeBack: TakeBack,
  ) {}

  /** Nodes on their way out that can stay do. */
  unwind(ctx: OperationContext): Promise<void> {
    return this.takeBack.run(ctx);
  }

  /** The operation that takes over says anew which nodes are to go; those that have begun to go do. */
  async superseded(ctx: OperationContext, tx: Tx): Promise<void> {
    await this.nodes.unmarkLeaving(tx, untouchedNodes(ctx));
  }

  async complete({ cluster, operation }: OperationContext, tx: Tx, verb: Verb): Promise<void> {
    const uuid = groupUuidIfAny(operation);
    if (uuid) await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, `${verb}_COMPLETE`, null);
    await this.clusters.settle(tx, cluster.uuid, operation.uuid, SETTLED_AS[verb]);
  }

  /**
   * New nodes that were never Ready are to go, marked ones to which nothing has happened stay; the group's count is put
   * back, less the nodes that cannot be kept any more; an update with `rollback` is followed by the operation that brings the old nodes back.
   */
  async fail(ctx: OperationContext, tx: Tx, failure: StoredFailure, verb: Verb): Promise<void> {
    const { cluster, operation } = ctx;
    const uuid = groupUuidIfAny(operation);
    const own = ownNodes(ctx);
    if (!uuid) return this.clusters.settle(tx, cluster.uuid, operation.uuid, SETTLED_AS[verb]);
    const group = { uuid, operationUuid: operation.uuid };
    await this.nodes.markUnreadyLeaving(tx, uuid);
    await this.nodes.unmarkLeaving(tx, untouchedNodes(ctx));
    const status: ClusterStatus = `${verb}_FAILED`;
    const count = countRequestIfAny(operation);
    const rollsBack = count?.rollback === true && !(await this.clusters.hasOpenOfGroup(tx, group));
    await this.clusters.settleGroup(tx, group, rollsBack ? 'ROLLBACK_IN_PROGRESS' : status, failure.message);
    if (count) {
      const shrinks = count.nodeCount < count.previousNodeCount && !rollsBack;
      const standing = shrinks ? await this.nodes.countStanding(tx, uuid) : Infinity;
      await this.clusters.putBackNodeCount(tx, group, Math.min(count.previousNodeCount, standing));
    }
    if (rollsBack) await this.insertRollback(ctx, tx, uuid, count.previousNodeCount, own);
    await this.clusters.settle(tx, cluster.uuid, operation.uuid, SETTLED_AS[verb]);
  }

  /** No wake-up is needed: whoever ends this operation looks for the next one. */
  private async insertRollback(
    { cluster, operation, deadline }: OperationContext,
    tx: Tx,
    nodeGroupUuid: string,
    nodeCount: number,
    own: OwnNodes,
  ): Promise<void> {
    const { projectId, userId, requestId, createdAt, deadlineAt } = operation;
    const uuid = randomUUID();
    await this.operations.insert(tx, {
      uuid,
      clusterUuid: cluster.uuid,
      projectId,
      userId,
      requestId,
      kind: 'rollback',
      request: {
        nodeGroupUuid,
        nodeCount,
        previousNodeCount: nodeCount,
        nodesToRemove: own.added,
        rollbackOf: operation.uuid,
      },
      deadlineMinutes: Math.max(1, Math.ceil(((deadlineAt ?? deadline).getTime() - createdAt.getTime()) / MINUTE_MS)),
    });
    await this.events.add(tx, {
      clusterUuid: cluster.uuid,
      projectId,
      operationUuid: uuid,
      type: 'operation.accepted',
      message: `rollback: the node group goes back to ${nodeCount} nodes`,
      data: { kind: 'rollback', rollbackOf: operation.uuid },
    });
  }
}
