import {
  ClusterWorkRepository,
  EventsRepository,
  NodesRepository,
  OperationsRepository,
  type NodeEntity,
  type NodeFacts,
  type StoredFailure,
  type Tx,
} from '#libs/db';
import { compareVersions } from '#libs/bootstrap';
import { Injectable } from '@nestjs/common';
import { ClusterAddons } from '../addons/cluster-addons.js';
import { groupUuidIfAny } from './group-request.js';
import { NodeChange } from './nodes/node-change.js';
import { untouchedNodes } from './nodes/own-nodes.js';
import { TakeBack } from './nodes/take-back.js';
import type { GroupNodes } from './nodes/node-stacks.js';
import { ReplaceNodes } from './nodes/replace-nodes.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { SERVICE } from './service-scope.js';
import { ControlPlane } from './upgrade/control-plane.js';
import { ResolveUpgrade } from './upgrade/resolve-upgrade.js';
import { nextMove, type UpgradedNode } from './upgrade/upgrade-move.js';
import { groupsOf, storedTarget, targetOf, upgradeRequest, type GroupTarget } from './upgrade/upgrade-request.js';

/**
 * A cluster gets machines of another version: the control plane first, one by one, then the workers in batches. New ones come
 * before old ones go. It stops at the first batch that does not become well; the old nodes stand, and the next upgrade goes on.
 */
@Injectable()
export class UpgradeOperation implements OperationHandler {
  readonly kind = 'upgrade';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly events: EventsRepository,
    private readonly operations: OperationsRepository,
    change: NodeChange,
    private readonly replace: ReplaceNodes,
    private readonly controlPlane: ControlPlane,
    private readonly takeBack: TakeBack,
    private readonly addons: ClusterAddons,
    resolve: ResolveUpgrade,
  ) {
    this.steps = [
      { name: 'resolve', run: (ctx) => resolve.run(ctx) },
      { name: 'control-plane', run: (ctx) => this.masters(ctx) },
      { name: 'workers', run: (ctx) => this.workers(ctx) },
      { name: 'addons', run: (ctx) => this.followWithAddons(ctx) },
      {
        name: 'addresses',
        run: (ctx) =>
          change.tidy(
            ctx,
            groupsOf(targetOf(ctx)).map(({ uuid }) => uuid),
          ),
      },
    ];
  }

  async complete(ctx: OperationContext, tx: Tx): Promise<void> {
    const { cluster, operation } = ctx;
    const target = targetOf(ctx);
    const { clusterTemplateUuid } = upgradeRequest(operation);
    const { version, tagged } = target;
    for (const { uuid, imageId, facts } of groupsOf(target)) {
      if (imageId === null) await this.clusters.setGroup(tx, uuid, { version: facts.kubernetesVersion });
      else await this.clusters.followImage(tx, uuid, { imageId, version, tagged });
      await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_COMPLETE', null);
    }
    if (target.controlPlane) {
      await this.clusters.followTemplate(tx, cluster.uuid, { templateUuid: clusterTemplateUuid, version, tagged });
    }
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  async fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    const { cluster, operation } = ctx;
    const target = storedTarget(ctx);
    for (const { uuid } of target ? groupsOf(target) : []) await this.nodes.markUnreadyLeaving(tx, uuid);
    await this.nodes.unmarkLeaving(tx, untouchedNodes(ctx));
    const uuid = groupUuidIfAny(operation);
    if (uuid) await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_FAILED', failure.message);
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.takeBack.run(ctx);
  }

  /** Kubernetes takes one minor at a time: where one lies between, every master is replaced by one of it first. */
  private async masters(ctx: OperationContext): Promise<void> {
    const { controlPlane: target, stages = [] } = targetOf(ctx);
    if (!target) return;
    for (const facts of [...stages, target.facts]) {
      // An upgrade that stopped half-way may be past this one.
      if (facts !== target.facts && (await this.isPast(ctx, facts.kubernetesVersion))) continue;
      await this.controlPlaneTo(ctx, { ...target, facts });
    }
  }

  private async isPast(ctx: OperationContext, version: string): Promise<boolean> {
    const masters = (await this.nodes.ofCluster(SERVICE, ctx.cluster.uuid)).filter(
      (node) => node.role === 'master' && node.leavingSince === null && node.readyAt !== null,
    );
    const ahead = masters.map(({ facts }) => (facts === null ? -1 : compareVersions(facts.kubernetesVersion, version)));
    return ahead.every((one) => one >= 0) && ahead.some((one) => one > 0);
  }

  private async controlPlaneTo(ctx: OperationContext, target: GroupTarget): Promise<void> {
    const version = target.facts.kubernetesVersion;
    await this.controlPlane.announce(ctx, version);
    await this.roll(ctx, target, 1, async ({ nodes }) => {
      await this.controlPlane.healthy(ctx, nodes);
      await this.snapshot(ctx, nodes, target);
    });
    await this.controlPlane.follow(ctx, version);
    // From here on that is what answers, whatever becomes of the workers.
    await ctx.write((tx) => this.clusters.set(tx, ctx.cluster.uuid, { coeVersion: version }));
  }

  /** On the master that stays the longest: the new ones first, then the last of the old. */
  private async snapshot(ctx: OperationContext, nodes: readonly NodeEntity[], target: GroupTarget): Promise<void> {
    const standing = nodes.filter((node) => node.leavingSince === null && node.readyAt !== null);
    const lasting = standing.toSorted(
      (a, b) => Number(isOf(b.facts, target.facts)) - Number(isOf(a.facts, target.facts)) || b.slot - a.slot,
    );
    const saved = await this.controlPlane.snapshot(
      ctx,
      lasting.map(({ name }) => name),
    );
    if (saved) await ctx.write((tx) => this.operations.addToResult(tx, ctx.operation.uuid, { snapshot: saved }));
  }

  /** They get the versions for the new Kubernetes; what others have changed in them goes back. */
  private async followWithAddons(ctx: OperationContext): Promise<void> {
    const { controlPlane, version } = targetOf(ctx);
    if (!controlPlane) return;
    await this.addons.follow(ctx, version);
    await this.addons.bring(ctx, { again: true });
  }

  private async workers(ctx: OperationContext): Promise<void> {
    const { maxBatchSize } = upgradeRequest(ctx.operation);
    for (const target of targetOf(ctx).workers) await this.roll(ctx, target, maxBatchSize);
  }

  private async roll(
    ctx: OperationContext,
    target: GroupTarget,
    batch: number,
    settled?: (own: GroupNodes) => Promise<void>,
  ): Promise<void> {
    await this.replace.run(ctx, target.uuid, {
      next: async ({ nodes }) =>
        nextMove(
          nodes.map((node) => upgradedNode(node, target)),
          target.wanted,
          batch,
        ),
      ...(settled ? { settled } : {}),
      begin: (own, count) => this.begin(ctx, own, target, count),
    });
  }

  private async begin(ctx: OperationContext, { group, nodes }: GroupNodes, target: GroupTarget, count: number): Promise<void> {
    const { cluster, operation } = ctx;
    const left = nodes.filter((node) => !isOf(node.facts, target.facts)).length;
    await ctx.write(async (tx) => {
      await this.clusters.setGroup(tx, group.uuid, { nodeFacts: target.facts });
      await this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        operationUuid: operation.uuid,
        type: 'upgrade.batch',
        message: `node group ${group.name}: ${count} of ${left} nodes go to Kubernetes ${target.facts.kubernetesVersion}`,
        data: { nodeGroup: group.name, count, left, version: target.facts.kubernetesVersion },
      });
    });
  }
}

function upgradedNode(node: NodeEntity, target: GroupTarget): UpgradedNode & { readonly node: NodeEntity } {
  const { uuid, slot, leavingSince, readyAt } = node;
  return { node, uuid, slot, leavingSince, readyAt, current: isOf(node.facts, target.facts) };
}

function isOf(facts: NodeFacts | null, target: NodeFacts): boolean {
  return facts !== null && facts.imageId === target.imageId && facts.kubernetesVersion === target.kubernetesVersion;
}
