import type { EventEntity, NodeEntity, NodePhaseEntity, OperationEntity, OperationStepEntity } from '#libs/db';
import { NODE_PHASES, OPERATION_KINDS, OPERATION_STATUSES } from '#libs/domain';
import { z } from 'zod';
import { nullableNumber, nullableText, numberOf, textOf, wireTime } from '../../http/views.js';
import { failureView, toFailureView } from './failure.view.js';

export const eventView = z
  .object({
    id: numberOf('Number; rises with time'),
    type: textOf('`operation.accepted`, `operation.step`, `stack.resource`, `node.phase`, ...'),
    level: z.enum(['info', 'warning', 'error']).meta({ description: 'How bad it is' }),
    message: textOf('One sentence'),
    operation_id: nullableText('uuid of the operation it belongs to'),
    node_id: nullableText('uuid of the node it is about'),
    data: z.record(z.string(), z.unknown()).meta({ description: 'Further fields, by type' }),
    created_at: textOf('When'),
  })
  .meta({ id: 'Event', description: 'Something that happened to a cluster' });
export const eventListView = z
  .object({
    events: z.array(eventView).meta({ description: 'Oldest first' }),
    after: numberOf('Give it as `after` to go on from here; the same as before when nothing is new'),
  })
  .meta({ id: 'Events', description: 'Events of a cluster, the oldest first' });

const stepView = z
  .object({
    name: textOf('Name'),
    status: textOf('`running`, `complete`, `failed`'),
    attempts: numberOf('How often it was begun'),
    error: failureView.nullable().meta({ description: 'Why it failed; null when it has not' }),
    started_at: textOf('When it was begun'),
    finished_at: nullableText('When it ended'),
  })
  .meta({ id: 'OperationStep', description: 'A step of an operation' });
const operationShape = {
  uuid: textOf('uuid'),
  cluster_uuid: textOf('uuid of the cluster'),
  kind: z.enum(OPERATION_KINDS).meta({ description: 'What was asked for' }),
  status: z.enum(OPERATION_STATUSES).meta({ description: 'How far it is' }),
  step: nullableText('The step it is in, or ended in'),
  progress: numberOf('Percent'),
  error: failureView.nullable().meta({ description: 'Why it failed; null when it has not' }),
  attempts: numberOf('How often a conductor took it up'),
  result: z.record(z.string(), z.unknown()).nullable().meta({ description: 'What it has to report, by kind; null when nothing' }),
  retry_of: nullableText('uuid of the operation that it does again'),
  aborted_by: nullableText('Who asked for its end'),
  request_id: textOf('Id of the request that asked for it'),
  user_id: textOf('Who asked for it'),
  created_at: textOf('When it was asked for'),
  started_at: nullableText('When it was begun'),
  finished_at: nullableText('When it ended'),
  deadline_at: nullableText('Until when it must have ended'),
};
export const operationView = z.object(operationShape).meta({ id: 'Operation', description: 'A change of a cluster' });
export const shownOperationView = z
  .object({ ...operationShape, steps: z.array(stepView).meta({ description: 'In their order' }) })
  .meta({ id: 'OperationShown', description: 'A change of a cluster, with its steps' });
export const operationListView = z
  .object({
    operations: z.array(operationView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page' }),
  })
  .meta({ id: 'Operations', description: 'Operations of a cluster, the newest first' });

const phaseView = z
  .object({
    phase: z.enum(NODE_PHASES).meta({ description: 'Which' }),
    status: z.enum(['started', 'done', 'failed']).meta({ description: 'How it went' }),
    exit_code: nullableNumber('Of the command that ended it'),
    log_tail: nullableText('The end of its log, secrets masked'),
    at: textOf('When it was reported'),
  })
  .meta({ id: 'NodePhase', description: 'What a node reported' });
export const nodeView = z
  .object({
    uuid: textOf('uuid'),
    name: textOf('Name of server and Kubernetes node'),
    role: z.enum(['master', 'worker']).meta({ description: 'Role' }),
    nodegroup_id: textOf('uuid of the node group'),
    slot: numberOf('Number in the group'),
    server_id: nullableText('Nova server'),
    private_address: nullableText('Address on the cluster’s network'),
    floating_address: nullableText('Floating address'),
    phase: z.enum(NODE_PHASES).meta({ description: 'The newest phase' }),
    phase_status: z.enum(['started', 'done', 'failed']).meta({ description: 'Its state' }),
    phase_at: textOf('Since when'),
    ready_at: nullableText('When Kubernetes first said Ready'),
    unhealthy_since: nullableText('Since when it is known to be unwell; null: nothing is known against it'),
    unhealthy_reason: nullableText('What is wrong with it'),
    phases: z.array(phaseView).meta({ description: 'What it reported, in order' }),
  })
  .meta({ id: 'Node', description: 'A machine of a cluster' });
export const nodeListView = z
  .object({ nodes: z.array(nodeView).meta({ description: 'All of them' }) })
  .meta({ id: 'Nodes', description: 'The machines of a cluster, masters first' });

export function toEventView(row: EventEntity): z.infer<typeof eventView> {
  return {
    id: row.id,
    type: row.type,
    level: row.level,
    message: row.message,
    operation_id: row.operationUuid,
    node_id: row.nodeUuid,
    data: row.data,
    created_at: row.createdAt.toISOString(),
  };
}

export function toOperationView(row: OperationEntity): z.infer<typeof operationView> {
  return {
    uuid: row.uuid,
    cluster_uuid: row.clusterUuid,
    kind: row.kind,
    status: row.status,
    step: row.step,
    progress: row.progress,
    error: toFailureView(row.error),
    attempts: row.attempts,
    result: row.result,
    retry_of: row.retryOf,
    aborted_by: row.abortedBy,
    request_id: row.requestId,
    user_id: row.userId,
    created_at: wireTime(row.createdAt),
    started_at: wireTime(row.startedAt),
    finished_at: wireTime(row.finishedAt),
    deadline_at: wireTime(row.deadlineAt),
  };
}

export function toShownOperationView(
  row: OperationEntity,
  steps: readonly OperationStepEntity[],
): z.infer<typeof shownOperationView> {
  return {
    ...toOperationView(row),
    steps: steps.map((step) => ({
      name: step.name,
      status: step.status,
      attempts: step.attempts,
      error: toFailureView(step.error),
      started_at: step.startedAt.toISOString(),
      finished_at: step.finishedAt?.toISOString() ?? null,
    })),
  };
}

export function toNodeView(row: NodeEntity, phases: readonly NodePhaseEntity[]): z.infer<typeof nodeView> {
  return {
    uuid: row.uuid,
    name: row.name,
    role: row.role,
    nodegroup_id: row.nodeGroupUuid,
    slot: row.slot,
    server_id: row.serverId,
    private_address: row.privateIp,
    floating_address: row.floatingIp,
    phase: row.phase,
    phase_status: row.phaseStatus,
    phase_at: row.phaseAt.toISOString(),
    ready_at: row.readyAt?.toISOString() ?? null,
    unhealthy_since: row.unhealthySince?.toISOString() ?? null,
    unhealthy_reason: row.unhealthyReason,
    phases: phases.map((phase) => ({
      phase: phase.phase,
      status: phase.status,
      exit_code: phase.exitCode,
      log_tail: phase.logTail,
      at: phase.at.toISOString(),
    })),
  };
}
