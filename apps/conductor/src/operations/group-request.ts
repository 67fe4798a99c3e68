import type { OperationEntity } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { z } from 'zod';

/** What the API asks for in `operation.request`: the operations that are about one node group. */
const ofGroup = z.looseObject({ nodeGroupUuid: z.uuid() });

const count = ofGroup.extend({
  nodeCount: z.int().min(0),
  previousNodeCount: z.int().min(0),
  nodesToRemove: z.array(z.string()).default([]),
  /** uuids of nodes that operations which this one has overtaken were to remove. */
  overtakenToRemove: z.array(z.string()).default([]),
  /** Of an update: whether its failure brings the old count back in the cloud too. */
  rollback: z.boolean().default(false),
});
export type CountRequest = z.infer<typeof count>;

const taint = z.object({
  key: z.string(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});
const groupUpdate = ofGroup.extend({
  previousNodeLabels: z.record(z.string(), z.string()).default({}),
  previousNodeTaints: z.array(taint).default([]),
});
export type GroupUpdateRequest = z.infer<typeof groupUpdate>;

/** The group of the operation. @throws ZodError the request is not such */
export const groupUuidOf = (operation: OperationEntity): string => ofGroup.parse(operation.request).nodeGroupUuid;
/** As `groupUuidOf`, without throwing: what an operation that fails because of its request can still say. */
export const groupUuidIfAny = (operation: OperationEntity): string | undefined =>
  ofGroup.safeParse(operation.request).data?.nodeGroupUuid;

export const countRequest = (operation: OperationEntity): CountRequest => count.parse(operation.request);
export const countRequestIfAny = (operation: OperationEntity): CountRequest | undefined =>
  count.safeParse(operation.request).data;
export const groupUpdateRequest = (request: unknown): GroupUpdateRequest => groupUpdate.parse(request);

/** An operation before this one has removed the group. */
export function nodeGroupGone(uuid: string): OperationFailure {
  return new OperationFailure('node-group-gone', 'resolve: the node group is not there any more', {
    step: 'resolve',
    object: `node group ${uuid}`,
  });
}
