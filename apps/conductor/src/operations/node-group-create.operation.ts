import type { StoredFailure, Tx } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { GroupEnd } from './group-end.js';
import { NodeChange } from './nodes/node-change.js';
import { NodeGroupSteps } from './nodes/node-group-steps.js';
import { planNodes } from './nodes/plan-nodes.js';
import type { OperationContext, OperationHandler, Step } from './operation.js';

/** A new group gets its stack and its nodes; a group of none an empty stack. */
@Injectable()
export class CreateNodeGroupOperation implements OperationHandler {
  readonly kind = 'node-group-create';
  readonly steps: readonly Step[];

  constructor(
    private readonly end: GroupEnd,
    change: NodeChange,
    steps: NodeGroupSteps,
  ) {
    this.steps = steps.around(async (ctx, group) => {
      const [own] = await change.groupNodes(ctx, [group.uuid]);
      const plan = planNodes(own?.nodes ?? [], group.nodeCount);
      if (plan.newSlots.length > 0) await change.checkRoom(ctx, (await change.standing(ctx)) + plan.newSlots.length);
      await change.plan(ctx, group, plan);
    });
  }

  complete(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.complete(ctx, tx, 'CREATE');
  }

  fail(ctx: OperationContext, tx: Tx, failure: StoredFailure): Promise<void> {
    return this.end.fail(ctx, tx, failure, 'CREATE');
  }

  unwind(ctx: OperationContext): Promise<void> {
    return this.end.unwind(ctx);
  }

  superseded(ctx: OperationContext, tx: Tx): Promise<void> {
    return this.end.superseded(ctx, tx);
  }
}
