import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn } from './columns.js';

export type EventLevel = 'info' | 'warning' | 'error';

/** Something that happened to a cluster, in people's words. One table for operations, resources and nodes. */
@Entity('events')
@Index('events_cluster_idx', ['clusterUuid', 'xact', 'id'])
export class EventEntity {
  @IdColumn() id: number;
  /** The transaction that wrote it: events are read in the order (xact, id). ADR 0015. */
  @Column({ type: 'bigint', default: () => 'pg_current_xact_id()::text::bigint', select: false, insert: false, update: false })
  xact: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'uuid', name: 'operation_uuid', nullable: true }) operationUuid: string | null;
  @Column({ type: 'uuid', name: 'node_uuid', nullable: true }) nodeUuid: string | null;
  /** `operation.started`, `operation.step`, `stack.resource`, `node.phase`, ... */
  @Column({ type: 'text' }) type: string;
  @Column({ type: 'text', default: 'info' }) level: EventLevel;
  @Column({ type: 'text' }) message: string;
  @JsonColumn('data') data: Record<string, unknown>;
  @CreatedAtColumn() createdAt: Date;
}
