import {
  ClusterWorkRepository,
  NodesRepository,
  OperationsRepository,
  type NodeEntity,
  type StoredFailure,
  type Tx,
} from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from './cluster-plan.js';
import { NodeChange } from './nodes/node-change.js';
import { ownNodes, untouchedNodes } from './nodes/own-nodes.js';
import { TakeBack } from './nodes/take-back.js';
import type { GroupNodes } from './nodes/node-stacks.js';
import { ReplaceNodes } from './nodes/replace-nodes.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';
import { MendStacks } from './repair/mend-stacks.js';
import { nextRepair, type RepairedNode } from './repair/repair-move.js';
import { planOf, storedPlan, type RepairedGroup } from './repair/repair-request.js';
import { ResolveRepair } from './repair/resolve-repair.js';
import { SERVICE } from './service-scope.js';
import { ControlPlane } from './upgrade/control-plane.js';

/**
 * Nodes that are unwell make room for new ones, and groups that have too few get what they miss. Masters first and one by
 * one, so that etcd keeps its majority; then the workers of each group together.
 */
@Injectable()
export class RepairOperation implements OperationHandler {
  readonly kind = 'repair';
  readonly steps: readonly Step[];

  constructor(
    private readonly clusters: ClusterWorkRepository,
    private readonly nodes: NodesRepository,
    private readonly operations: OperationsRepository,
    change: NodeChange,
    private readonly replace: ReplaceNodes,
    private readonly controlPlane: ControlPlane,
    private readonly takeBack: TakeBack,
    resolve: ResolveRepair,
    stacks: MendStacks,
  ) {
    this.steps = [
      { name: 'resolve', run: (ctx) => resolve.run(ctx) },
      { name: 'infrastructure', run: (ctx) => stacks.run(ctx) },
      { name: 'control-plane', run: (ctx) => this.groups(ctx, true) },
      { name: 'workers', run: (ctx) => this.groups(ctx, false) },
      { name: 'addresses', run: (ctx) => change.tidy(ctx, uuidsOf(ctx)) },
    ];
  }

  async complete(ctx: OperationContext, tx: Tx): Promise<void> {
    const { cluster, operation } = ctx;
    await this.report(ctx, tx, await this.nodes.all(tx, cluster.uuid));
    for (const uuid of uuidsOf(ctx)) {
      await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_COMPLETE', null);
    }
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  /** New nodes that were never Ready are to go; marked ones to which nothing has happened stay. */
  async fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    const { cluster, operation } = ctx;
    for (const { uuid } of storedPlan(ctx)?.groups ?? []) await this.nodes.markUnreadyLeaving(tx, uuid);
    await this.nodes.unmarkLeaving(tx, untouchedNodes(ctx));
    const rows = await this.nodes.all(tx, cluster.uuid);
    await this.report(ctx, tx, rows);
    const failed = await this.unfinished(ctx, tx, rows);
    for (const uuid of uuidsOf(ctx)) {
      if (!failed.includes(uuid)) {
        await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_COMPLETE', null);
      }
    }
    for (const uuid of failed) {
      await this.clusters.settleGroup(tx, { uuid, operationUuid: operation.uuid }, 'UPDATE_FAILED', failure.message);
    }
    await this.clusters.settle(tx, cluster.uuid, operation.uuid);
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.takeBack.run(ctx);
  }

  /** Groups that are not yet what they should be: the failure is theirs. Never none. */
  private async unfinished(ctx: OperationContext, tx: Tx, rows: readonly NodeEntity[]): Promise<string[]> {
    const plan = storedPlan(ctx);
    if (!plan) {
      const groups = await this.clusters.groupStatuses(tx, ctx.cluster.uuid);
      const waiting = groups.filter(({ status }) => status === 'UPDATE_IN_PROGRESS');
      return (waiting.length > 0 ? waiting : groups.filter(({ status }) => !status.startsWith('DELETE_'))).map(
        ({ uuid }) => uuid,
      );
    }
    const open = plan.groups.filter((group) => {
      const own = rows.filter((node) => node.nodeGroupUuid === group.uuid);
      return nextRepair(repaired(own, group, new Set(plan.down)), group.wanted, 1).kind !== 'done';
    });
    return (open.length > 0 ? open : plan.groups).map(({ uuid }) => uuid);
  }

  /** How many nodes were to go and have gone, and how many new ones are Ready. */
  private async report(ctx: OperationContext, tx: Tx, rows: readonly NodeEntity[]): Promise<void> {
    const broken = (storedPlan(ctx)?.groups ?? []).flatMap((group) => group.broken);
    const there = new Map(rows.map((node) => [node.uuid, node]));
    const removed = broken.filter((uuid) => !there.has(uuid)).length;
    const added = ownNodes(ctx).added.filter((uuid) => there.get(uuid)?.readyAt).length;
    await this.operations.addToResult(tx, ctx.operation.uuid, { broken: broken.length, removed, added });
  }

  private async groups(ctx: OperationContext, masters: boolean): Promise<void> {
    const rows = await this.clusters.groups(SERVICE, ctx.cluster.uuid);
    for (const target of planOf(ctx).groups) {
      const row = rows.find((group) => group.uuid === target.uuid);
      if (!row || isMaster(row) !== masters) continue;
      if (masters) await this.masters(ctx, target);
      else await this.workers(ctx, target);
    }
  }

  private async workers(ctx: OperationContext, target: RepairedGroup): Promise<void> {
    const down = new Set(planOf(ctx).down);
    await this.replace.run(ctx, target.uuid, {
      next: async ({ nodes }) => nextRepair(repaired(nodes, target, down), target.wanted, Infinity),
    });
  }

  private async masters(ctx: OperationContext, target: RepairedGroup): Promise<void> {
    const settled = ({ nodes }: GroupNodes): Promise<void> => this.controlPlane.healthy(ctx, nodes, new Set(target.broken));
    const changed = await this.replace.run(ctx, target.uuid, {
      next: async (own) => nextRepair(repaired(own.nodes, target, await this.down(ctx, target, own)), target.wanted, 1),
      settled,
    });
    if (changed) await settled(changed);
  }

  /** Masters that do nothing any more. One whose etcd is silent is as good as gone: etcd takes no new member beside it. */
  private async down(ctx: OperationContext, { broken }: RepairedGroup, { nodes }: GroupNodes): Promise<Set<string>> {
    const known = new Set(planOf(ctx).down);
    const standing = nodes.filter((node) => broken.includes(node.uuid) && node.leavingSince === null);
    if (standing.every((node) => known.has(node.uuid))) return known;
    return new Set([...known, ...(await this.controlPlane.silent(ctx, standing))]);
  }
}

function repaired(
  nodes: readonly NodeEntity[],
  { broken }: RepairedGroup,
  down: ReadonlySet<string>,
): (RepairedNode & { readonly node: NodeEntity })[] {
  return nodes.map((node) => {
    const { uuid, slot, leavingSince, readyAt } = node;
    return { node, uuid, slot, leavingSince, readyAt, broken: broken.includes(uuid), down: down.has(uuid) };
  });
}

const uuidsOf = (ctx: OperationContext): string[] => (storedPlan(ctx)?.groups ?? []).map(({ uuid }) => uuid);
