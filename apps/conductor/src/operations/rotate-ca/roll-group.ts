import type { NodeEntity, NodeGroupEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from '../cluster-plan.js';
import { NodeChange } from '../nodes/node-change.js';
import { freeSlots } from '../nodes/plan-nodes.js';
import type { OperationContext } from '../operation.js';
import { ControlPlane } from '../upgrade/control-plane.js';
import { nextMove, type UpgradedNode } from '../upgrade/upgrade-move.js';

/** Of a group of workers so many are replaced together. */
const BATCH_SHARE = 0.1;

/** Puts new machines in the place of all nodes of a group that were made before a moment. May be begun again at any point. */
@Injectable()
export class RollGroup {
  constructor(
    private readonly change: NodeChange,
    private readonly controlPlane: ControlPlane,
  ) {}

  /** Masters one at a time, workers in batches; new ones come before old ones go. */
  async run(ctx: OperationContext, group: NodeGroupEntity, madeBefore: Date): Promise<void> {
    const uuids = [group.uuid];
    const master = isMaster(group);
    for (;;) {
      ctx.signal.throwIfAborted();
      const [own] = await this.change.groupNodes(ctx, uuids);
      // Removed meanwhile: nobody is left.
      if (!own) return;
      const wanted = await this.change.wantedCount(ctx, own.group);
      const batch = master ? 1 : Math.max(1, Math.floor(wanted * BATCH_SHARE));
      const move = nextMove(
        own.nodes.map((node) => rolled(node, madeBefore)),
        wanted,
        batch,
      );
      if (move.kind === 'done') return;
      if (move.kind === 'add' || move.kind === 'mark') {
        if (master) await this.controlPlane.healthy(ctx, own.nodes);
      }
      switch (move.kind) {
        case 'leave':
          await this.leave(
            ctx,
            own.group,
            move.nodes.map(({ node }) => node),
          );
          break;
        case 'mark':
          await this.change.plan(ctx, own.group, { leaving: move.nodes, newSlots: [] });
          break;
        case 'grow':
          await this.change.grow(ctx, uuids);
          await this.change.join(ctx, uuids);
          break;
        case 'add': {
          await this.change.checkRoom(ctx, (await this.change.standing(ctx)) + move.count);
          const taken = new Set(own.nodes.map((node) => node.slot));
          await this.change.plan(ctx, own.group, { leaving: [], newSlots: freeSlots(taken, move.count) });
        }
      }
    }
  }

  private async leave(ctx: OperationContext, group: NodeGroupEntity, nodes: readonly NodeEntity[]): Promise<void> {
    if (isMaster(group)) return this.controlPlane.leave(ctx, group, nodes);
    await this.change.drain(ctx, [group.uuid]);
    await this.change.shrink(ctx, [group.uuid]);
  }
}

function rolled(node: NodeEntity, madeBefore: Date): UpgradedNode & { readonly node: NodeEntity } {
  const { uuid, slot, leavingSince, readyAt, createdAt } = node;
  return { node, uuid, slot, leavingSince, readyAt, current: createdAt >= madeBefore };
}
