import type { StackAction, StackBackendName, StackStatus } from '#libs/domain';
import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, JsonColumn, RevisionColumn, TextColumn, TimeColumn } from './columns.js';

/** What the cloud should hold for a cluster, as a HOT template, and how far it is. */
@Entity('stacks')
@Index('stacks_name_key', ['clusterUuid', 'name'], { unique: true })
export class StackEntity {
  @Column({ type: 'uuid', primary: true }) uuid: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'uuid', name: 'node_group_uuid', nullable: true }) nodeGroupUuid: string | null;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'text', default: 'native' }) backend: StackBackendName;
  @Column({ type: 'text', default: 'INIT' }) action: StackAction;
  @Column({ type: 'text', default: 'COMPLETE' }) status: StackStatus;
  @TextColumn('status_reason') statusReason: string | null;
  @Column({ type: 'jsonb' }) template: Record<string, unknown>;
  /** Without the hidden ones. */
  @JsonColumn('parameters') parameters: Record<string, unknown>;
  @JsonColumn('outputs') outputs: Record<string, unknown>;
  /** How another service that builds it knows it: see the backend. Null: none does. */
  @Column({ type: 'jsonb', nullable: true }) remote: Record<string, unknown> | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}

@Entity('stack_resources')
@Index('stack_resources_name_key', ['stackUuid', 'name'], { unique: true })
export class StackResourceEntity {
  @Column({ type: 'uuid', primary: true }) uuid: string;
  @Column({ type: 'uuid', name: 'stack_uuid' }) stackUuid: string;
  /** The logical name in the template; `<logical name>~<number>` when another object has taken its place and this one is to go. */
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'text' }) type: string;
  @Column({ type: 'text', name: 'physical_name' }) physicalName: string;
  @TextColumn('physical_id') physicalId: string | null;
  @Column({ type: 'text', default: 'INIT' }) action: StackAction;
  @Column({ type: 'text', default: 'COMPLETE' }) status: StackStatus;
  @TextColumn('status_reason') statusReason: string | null;
  @JsonColumn('attributes') attributes: Record<string, unknown>;
  /** What the object was made from: properties with parameters and ids filled in, hidden ones left out. Null: nothing yet. */
  @Column({ type: 'jsonb', nullable: true }) definition: Record<string, unknown> | null;
  /** Uuids of the rows that this one was made from: the edges for a removal, whatever the template says by then. */
  @JsonColumn('requires', '[]') requires: string[];
  /** Intents committed: above 1, or 1 without an id after a crash, the next attempt looks before it creates. */
  @Column({ type: 'integer', default: 0 }) attempts: number;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}
