import type { NodeFacts, OperationEntity } from '#libs/db';
import { z } from 'zod';
import type { OperationContext } from '../operation.js';

const request = z.looseObject({
  nodeGroupUuid: z.uuid(),
  clusterTemplateUuid: z.uuid(),
  previousClusterTemplateUuid: z.uuid(),
  maxBatchSize: z.int().min(1).default(1),
});
export type UpgradeRequest = z.infer<typeof request>;

/** What the API has asked for. @throws ZodError it is not such */
export const upgradeRequest = (operation: OperationEntity): UpgradeRequest => request.parse(operation.request);

/** What a group is to become. */
export interface GroupTarget {
  readonly uuid: string;
  readonly name: string;
  readonly facts: NodeFacts;
  /** How many nodes it is to have when it is done. */
  readonly wanted: number;
  /** What its row is to say: the image in the template's words; null: its own stays. */
  readonly imageId: string | null;
}

/** Found out once, kept in the operation's request. */
export interface UpgradeTarget {
  /** `v1.36.4` */
  readonly version: string;
  /** The template names it by the label `kube_tag`. */
  readonly tagged: boolean;
  /** The masters, when the control plane is part of it. */
  readonly controlPlane: GroupTarget | null;
  /** What the masters are made from on the way there, when a minor lies between; unset: nothing does. */
  readonly stages?: readonly NodeFacts[];
  readonly workers: readonly GroupTarget[];
}

export const storedTarget = ({ operation }: OperationContext): UpgradeTarget | undefined =>
  operation.request['upgrade'] as UpgradeTarget | undefined;

/** @throws Error the step resolve has not run */
export function targetOf(ctx: OperationContext): UpgradeTarget {
  const target = storedTarget(ctx);
  if (!target) throw new Error('the step resolve has not run');
  return target;
}

export const groupsOf = ({ controlPlane, workers }: UpgradeTarget): GroupTarget[] => [
  ...(controlPlane ? [controlPlane] : []),
  ...workers,
];
