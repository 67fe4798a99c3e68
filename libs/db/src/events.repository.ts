import type { DataSource } from 'typeorm';
import { EventEntity, type EventLevel } from './entities/index.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

export interface NewEvent {
  readonly clusterUuid: string;
  readonly projectId: string;
  readonly operationUuid?: string | null;
  readonly nodeUuid?: string | null;
  /** `operation.started`, `operation.step`, `node.phase`, ... */
  readonly type: string;
  readonly level?: EventLevel;
  /** One sentence for people, without secrets. */
  readonly message: string;
  readonly data?: Record<string, unknown>;
}

export class EventsRepository {
  constructor(private readonly source: DataSource) {}

  async add(tx: Tx, ...events: readonly NewEvent[]): Promise<void> {
    if (events.length > 0)
      await tx.manager.insert(
        EventEntity,
        events.map((event) => values<EventEntity>(event)),
      );
  }

  /** Retention: events of clusters that are gone, older than this many days. */
  async removeOfGone(olderThanDays: number): Promise<void> {
    await this.source.query(
      `DELETE FROM events WHERE created_at < now() - $1 * interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM clusters c WHERE c.uuid = events.cluster_uuid)`,
      [olderThanDays],
    );
  }
}
