import type { OperationEntity } from '#libs/db';
import { OPERATION_KINDS, OPERATION_STATUSES } from '#libs/domain';
import { z } from 'zod';
import { nullableNumber, nullableText, numberOf, textOf, wireTime } from '../../http/views.js';
import { failureView, toFailureView } from '../history/failure.view.js';
import type { ShownOperation } from './find-operations.js';

const stepView = z
  .object({
    name: textOf('Name'),
    status: textOf('`running`, `complete`, `failed`'),
    attempts: numberOf('How often it was begun'),
    error: failureView.nullable().meta({ description: 'Why it failed; null when it has not' }),
    started_at: textOf('When it was begun'),
    finished_at: nullableText('When it ended'),
    duration_ms: nullableNumber('From its first beginning to its end; null until then'),
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
  duration_ms: nullableNumber('From its beginning to its end, without the wait for others; null until then'),
  deadline_at: nullableText('Until when it must have ended'),
};
export const operationView = z.object(operationShape).meta({ id: 'Operation', description: 'A change of a cluster' });
const cloudRequestView = z
  .object({
    request_id: textOf('The cloud’s `x-openstack-request-id`'),
    resource: nullableText('Name of the resource in its stack'),
    resource_type: nullableText('Its type'),
    outcome: nullableText('`CREATE COMPLETE`, `DELETE FAILED`, ...'),
    at: textOf('When it was written down'),
  })
  .meta({ id: 'CloudRequest', description: 'A request to the cloud that made, changed or failed something' });
export const shownOperationView = z
  .object({
    ...operationShape,
    steps: z.array(stepView).meta({ description: 'In their order' }),
    cloud_requests: z
      .array(cloudRequestView)
      .meta({ description: 'At most 100: failed ones first, then the newest; the events have all' }),
  })
  .meta({ id: 'OperationShown', description: 'A change of a cluster, with its steps' });
export const operationListView = z
  .object({
    operations: z.array(operationView).meta({ description: 'One page of them' }),
    next: z.string().optional().meta({ description: 'URL of the next page' }),
  })
  .meta({ id: 'Operations', description: 'Operations of a cluster, the newest first' });

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
    duration_ms: durationMs(row),
    deadline_at: wireTime(row.deadlineAt),
  };
}

export function toShownOperationView({ row, steps, requests }: ShownOperation): z.infer<typeof shownOperationView> {
  return {
    ...toOperationView(row),
    steps: steps.map((step) => ({
      name: step.name,
      status: step.status,
      attempts: step.attempts,
      error: toFailureView(step.error),
      started_at: step.startedAt.toISOString(),
      finished_at: step.finishedAt?.toISOString() ?? null,
      duration_ms: durationMs(step),
    })),
    cloud_requests: requests.map(({ data, createdAt }) => ({
      request_id: String(data['requestId']),
      resource: textOrNull(data['resource']),
      resource_type: textOrNull(data['resourceType']),
      outcome: [data['action'], data['status']].map(textOrNull).join(' '),
      at: createdAt.toISOString(),
    })),
  };
}

const durationMs = ({ startedAt, finishedAt }: { startedAt: Date | null; finishedAt: Date | null }): number | null =>
  startedAt && finishedAt && Math.max(0, finishedAt.getTime() - startedAt.getTime());

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
