import type { ErrorCode, FixableBy, OperationKind, OperationStatus } from '#libs/domain';
import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn, TextColumn, TimeColumn } from './columns.js';

/** Why an operation or one of its steps failed: the whole of what `status_reason` says in one line. */
export interface StoredFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step?: string;
  readonly object?: string;
  /** What stands behind a `code` that says only how it ended, such as `deadline-exceeded`. */
  readonly cause?: ErrorCode;
  readonly fixableBy?: FixableBy;
  readonly hint?: string;
  /** Where the code is explained. */
  readonly docs?: string;
  /** The cloud's id of the request that went wrong. */
  readonly requestId?: string;
}

/** One asked-for change of a cluster. Outlives the cluster. */
@Entity('operations')
@Index('operations_cluster_idx', ['clusterUuid', 'id'])
export class OperationEntity {
  @IdColumn() id: number;
  @Column({ type: 'uuid', unique: true }) uuid: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text', name: 'user_id' }) userId: string;
  @Column({ type: 'text', name: 'request_id' }) requestId: string;
  @Column({ type: 'text' }) kind: OperationKind;
  @JsonColumn('request') request: Record<string, unknown>;
  @Column({ type: 'text', default: 'pending' }) status: OperationStatus;
  @TextColumn('step') step: string | null;
  /** Percent */
  @Column({ type: 'integer', default: 0 }) progress: number;
  @Column({ type: 'jsonb', nullable: true }) error: StoredFailure | null;
  /** How often a conductor took it up. */
  @Column({ type: 'integer', default: 0 }) attempts: number;
  /** It is to end: because somebody asked for that (`abortedBy`), or because another operation takes over. */
  @Column({ type: 'boolean', name: 'abort_requested', default: false }) abortRequested: boolean;
  /** The user who asked for its end; null when nobody did, or another operation takes over. */
  @TextColumn('aborted_by') abortedBy: string | null;
  /** The operation that this one does again. */
  @Column({ type: 'uuid', name: 'retry_of', nullable: true }) retryOf: string | null;
  /** What it has to report, by kind. No secrets. */
  @Column({ type: 'jsonb', nullable: true }) result: Record<string, unknown> | null;
  @TimeColumn('deadline_at') deadlineAt: Date | null;
  @Column({ type: 'timestamptz', name: 'not_before', default: () => 'now()' }) notBefore: Date;
  @TimeColumn('sent_at') sentAt: Date | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('started_at') startedAt: Date | null;
  @TimeColumn('finished_at') finishedAt: Date | null;
}

@Entity('operation_steps')
export class OperationStepEntity {
  @Column({ type: 'uuid', name: 'operation_uuid', primary: true }) operationUuid: string;
  @Column({ type: 'text', primary: true }) name: string;
  @Column({ type: 'integer' }) position: number;
  @Column({ type: 'text' }) status: 'running' | 'complete' | 'failed';
  @Column({ type: 'integer', default: 1 }) attempts: number;
  @Column({ type: 'jsonb', nullable: true }) error: StoredFailure | null;
  @Column({ type: 'timestamptz', name: 'started_at', default: () => 'now()' }) startedAt: Date;
  @TimeColumn('finished_at') finishedAt: Date | null;
}
