import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, TextColumn } from './columns.js';

export type StackSignalStatus = 'SUCCESS' | 'FAILURE';

/** What a machine has told a wait condition handle. */
@Entity('stack_signals')
export class StackSignalEntity {
  @Column({ type: 'uuid', name: 'resource_uuid', primary: true }) resourceUuid: string;
  /** The sender's own, or counted. */
  @Column({ type: 'text', primary: true }) id: string;
  @Column({ type: 'text' }) status: StackSignalStatus;
  @TextColumn('reason') reason: string | null;
  @TextColumn('data') data: string | null;
  @CreatedAtColumn() createdAt: Date;
}
