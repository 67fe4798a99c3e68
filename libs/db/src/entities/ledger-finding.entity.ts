import { Column, Entity, Index } from 'typeorm';
import { IdColumn } from './columns.js';

/**
 * What is wrong between ledger and cloud.
 * `orphan`: it has our key and no row wants it. `duplicate`: another object stands for its row. `adoptable`: its row lost the id.
 * `missing`: the row's object is gone. `changed`: somebody has changed it. `down`: a server that does nothing.
 */
export const FINDING_CLASSES = ['orphan', 'duplicate', 'adoptable', 'missing', 'changed', 'down'] as const;
export type FindingClass = (typeof FINDING_CLASSES)[number];

/** One object of the cloud, or one row, about which ledger and cloud do not say the same. */
@Entity('ledger_findings')
@Index('ledger_findings_key', ['class', 'kind', 'objectId'], { unique: true })
@Index('ledger_findings_cluster_idx', ['clusterUuid'])
export class LedgerFindingEntity {
  @IdColumn() id: number;
  @Column({ type: 'text' }) class: FindingClass;
  /** A HOT type, or `user`, `trust`. */
  @Column({ type: 'text' }) kind: string;
  @Column({ type: 'text', name: 'object_id' }) objectId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'uuid', name: 'resource_uuid', nullable: true }) resourceUuid: string | null;
  @Column({ type: 'uuid', name: 'node_uuid', nullable: true }) nodeUuid: string | null;
  /** One sentence. */
  @Column({ type: 'text' }) message: string;
  @Column({ type: 'timestamptz', name: 'first_seen_at', default: () => 'now()' }) firstSeenAt: Date;
  @Column({ type: 'timestamptz', name: 'last_seen_at', default: () => 'now()' }) lastSeenAt: Date;
}
