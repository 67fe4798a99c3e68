import { ClusterWorkRepository, NodesRepository, type StoredFailure, type Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { groupUuidIfAny, groupUuidOf } from './group-request.js';
import { NodeChange } from './nodes/node-change.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { DeleteStacksStep } from './steps/delete-stacks.step.js';

/** A group goes: its nodes out of Kubernetes, its stack out of the cloud, last of all its rows. */
@Injectable()
export class DeleteNodeGroupOperation implements OperationHandler {
  readonly kind = 'node-group-delete';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly change: NodeChange,
    stacks: DeleteStacksStep,
  ) {
    this.steps = [
      { name: 'drain', run: (ctx) => this.drain(ctx) },
      { name: 'node-group', run: (ctx) => stacks.ofGroup(ctx, groupUuidOf(ctx.operation)) },
    ];
  }

  async complete({ cluster, operation }: OperationContext, tx: Tx): Promise<void> {
    const uuid = groupUuidIfAny(operation);
    if (uuid) await this.clusters.removeGroup(tx, uuid);
    await this.clusters.healthOfNodes(tx, cluster.uuid);
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  async fail({ cluster, operation }: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    const uuid = groupUuidIfAny(operation);
    if (uuid) await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'DELETE_FAILED', failure.message);
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  private async drain(ctx: OperationContext): Promise<void> {
    const uuid = groupUuidOf(ctx.operation);
    const [own] = await this.change.groupNodes(ctx, [uuid]);
    if (!own || own.nodes.length === 0) return;
    const uuids = own.nodes.map((node) => node.uuid);
    await ctx.write((tx) => this.nodes.markLeaving(tx, uuids));
    await this.change.drain(ctx, [uuid]);
  }
}
