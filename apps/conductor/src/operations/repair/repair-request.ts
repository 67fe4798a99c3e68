import type { OperationEntity } from '#libs/db';
import { z } from 'zod';
import type { OperationContext } from '../operation.js';

const request = z.looseObject({
  nodeGroupUuid: z.uuid().nullable().default(null),
  /** None: all that are marked unhealthy, and what groups have too few of. */
  nodeUuids: z.array(z.uuid()).default([]),
  /** No node is replaced: only what they stand on is mended. */
  infrastructureOnly: z.boolean().default(false),
  reason: z.string().default(''),
});
export type RepairRequest = z.infer<typeof request>;

/** @throws ZodError it is not such */
export const repairRequest = (operation: OperationEntity): RepairRequest => request.parse(operation.request);

/** What is to become of a group. */
export interface RepairedGroup {
  readonly uuid: string;
  readonly name: string;
  /** How many nodes it is to have when it is done. */
  readonly wanted: number;
  /** Uuids of those that make room. */
  readonly broken: readonly string[];
}

/** Found out once, kept in the operation's request. */
export interface RepairPlan {
  /** Masters first: workers join through them. */
  readonly groups: readonly RepairedGroup[];
  /** Uuids of broken nodes whose machines are gone or stand still. */
  readonly down: readonly string[];
}

export const storedPlan = ({ operation }: OperationContext): RepairPlan | undefined =>
  operation.request['repair'] as RepairPlan | undefined;

/** @throws Error the step resolve has not run */
export function planOf(ctx: OperationContext): RepairPlan {
  const plan = storedPlan(ctx);
  if (!plan) throw new Error('the step resolve has not run');
  return plan;
}
