import type { DataSource } from 'typeorm';
import { StackSignalEntity } from './entities/index.js';

export type StackSignal = Readonly<Pick<StackSignalEntity, 'id' | 'status' | 'reason' | 'data'>>;

/** Kept of one handle: a machine in foreign hands must not fill the database. */
const MOST_SIGNALS = 1_000;
const HANDLE = 'OS::Heat::WaitConditionHandle';

/** Signals to wait condition handles. No scope: a sender proves by its token that it was given the handle. */
export class StackSignalsRepository {
  constructor(private readonly source: DataSource) {}

  /**
   * Keeps a signal; one of the same id takes the place of the one before. Without an id it is counted: `1`, `2`, ...
   * @returns false: there is no such handle, or it has had too many
   */
  async add(resourceUuid: string, signal: Omit<StackSignal, 'id'> & { readonly id: string | null }): Promise<boolean> {
    return this.source.transaction(async (manager) => {
      const handles: unknown[] = await manager.query(
        'SELECT 1 FROM stack_resources WHERE uuid = $1 AND type = $2 FOR NO KEY UPDATE',
        [resourceUuid, HANDLE],
      );
      const count = await manager.countBy(StackSignalEntity, { resourceUuid });
      if (handles.length === 0 || count >= MOST_SIGNALS) return false;
      const { id, status, reason, data } = signal;
      await manager.query(
        `INSERT INTO stack_signals (resource_uuid, id, status, reason, data) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (resource_uuid, id) DO UPDATE SET status = excluded.status, reason = excluded.reason, data = excluded.data`,
        [resourceUuid, id ?? String(count + 1), status, reason, data],
      );
      return true;
    });
  }

  /** In the order in which they came. */
  async of(resourceUuid: string): Promise<StackSignal[]> {
    return this.source.manager.find(StackSignalEntity, {
      select: { id: true, status: true, reason: true, data: true },
      where: { resourceUuid },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
  }
}
