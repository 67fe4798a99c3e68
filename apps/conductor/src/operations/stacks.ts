import type { ClusterEntity } from '#libs/db';
import { isStackBackend, labelText, type StackBackendName } from '#libs/domain';
import type { StackPlan } from '#libs/drivers';
import type { CloudSession } from '#libs/openstack';
import type { StackRef, StackRun } from '#libs/stack';
import type { OperationContext } from './operation.js';

export const INFRASTRUCTURE = 'infrastructure';

/** The stack of a plan. The group's name is not unique for ever, its uuid is. */
export function stackRef(
  cluster: ClusterEntity,
  uuid: string,
  plan: StackPlan,
  group: { uuid: string; name: string } | null,
): StackRef {
  return {
    uuid,
    name: group ? `nodegroup-${group.uuid}` : INFRASTRUCTURE,
    clusterUuid: cluster.uuid,
    clusterName: cluster.name,
    projectId: cluster.projectId,
    nodeGroupUuid: group?.uuid ?? null,
    template: plan.template,
    parameters: plan.parameters,
    backend: backendOf(cluster),
  };
}

/** What the cluster asks for; undefined: whatever is configured. */
export function backendOf({ labels }: Pick<ClusterEntity, 'labels'>): StackBackendName | undefined {
  const wanted = labelText(labels, 'stack_backend');
  return isStackBackend(wanted) ? wanted : undefined;
}

/** The engine's own bound lies behind the operation's, so that the operation's deadline is told as what it is. */
const BEHIND_DEADLINE_MS = 60_000;

export function stackRun(
  ctx: OperationContext,
  cloud: CloudSession,
  signal: AbortSignal = ctx.signal,
  hidden: Readonly<Record<string, string>> = {},
): StackRun {
  return {
    cloud,
    lease: ctx.lease,
    signal,
    deadline: new Date(ctx.deadline.getTime() + BEHIND_DEADLINE_MS),
    hidden,
    operationUuid: ctx.operation.uuid,
  };
}
