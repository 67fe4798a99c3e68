import type { NodeEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { isMaster } from '../cluster-plan.js';
import type { OperationContext } from '../operation.js';
import { ControlPlane } from '../upgrade/control-plane.js';
import type { Move } from './move.js';
import { NodeChange } from './node-change.js';
import type { GroupNodes } from './node-stacks.js';
import { freeSlots } from './plan-nodes.js';

/** Which nodes of a group go, which come, and what is looked at before. */
export interface Replacement {
  /** From the rows alone, so that it can be begun again anywhere. */
  readonly next: (own: GroupNodes) => Promise<Move<{ readonly node: NodeEntity }>>;
  /** Until it is well enough for the next one to come or to go. */
  readonly settled?: (own: GroupNodes) => Promise<void>;
  /** So many are about to be planned. */
  readonly begin?: (own: GroupNodes, count: number) => Promise<void>;
}

/** Puts new machines in the place of nodes of a group: what upgrade, repair and the rotation of authorities share. */
@Injectable()
export class ReplaceNodes {
  constructor(
    private readonly change: NodeChange,
    private readonly controlPlane: ControlPlane,
  ) {}

  /**
   * Move by move until nothing is left to do.
   * @returns the group as it ends, or null where nothing had to be done or the group is gone
   */
  async run(ctx: OperationContext, groupUuid: string, how: Replacement): Promise<GroupNodes | null> {
    for (let moves = 0; ; moves++) {
      ctx.signal.throwIfAborted();
      const [own] = await this.change.groupNodes(ctx, [groupUuid]);
      if (!own) return null;
      const move = await how.next(own);
      if (move.kind === 'done') return moves > 0 ? own : null;
      await this.make(ctx, own, move, how);
    }
  }

  private async make(
    ctx: OperationContext,
    own: GroupNodes,
    move: Exclude<Move<{ readonly node: NodeEntity }>, { kind: 'done' }>,
    { settled, begin }: Replacement,
  ): Promise<void> {
    const uuids = [own.group.uuid];
    switch (move.kind) {
      case 'leave':
        return this.leave(ctx, own, nodesOf(move));
      case 'mark':
        await settled?.(own);
        return this.change.plan(ctx, own.group, { leaving: nodesOf(move), newSlots: [] });
      case 'grow':
        await this.change.grow(ctx, uuids);
        return this.change.join(ctx, uuids);
      case 'add': {
        await this.change.checkRoom(ctx, (await this.change.standing(ctx)) + move.count);
        await settled?.(own);
        const now = begin ? await this.begun(ctx, own, () => begin(own, move.count)) : own;
        const taken = new Set(own.nodes.map((node) => node.slot));
        if (now) await this.change.plan(ctx, now.group, { leaving: [], newSlots: freeSlots(taken, move.count) });
      }
    }
  }

  /** @returns the group as it is then: what its nodes are made from may have changed */
  private async begun(ctx: OperationContext, { group }: GroupNodes, begin: () => Promise<void>): Promise<GroupNodes | undefined> {
    await begin();
    const [now] = await this.change.groupNodes(ctx, [group.uuid]);
    return now;
  }

  private async leave(ctx: OperationContext, { group }: GroupNodes, nodes: readonly NodeEntity[]): Promise<void> {
    if (isMaster(group)) return this.controlPlane.leave(ctx, group, nodes);
    await this.change.drain(ctx, [group.uuid]);
    await this.change.shrink(ctx, [group.uuid]);
  }
}

const nodesOf = ({ nodes }: { readonly nodes: readonly { readonly node: NodeEntity }[] }): NodeEntity[] =>
  nodes.map(({ node }) => node);
