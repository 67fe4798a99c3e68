import type { Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { EventEntity, type EventLevel } from './entities/index.js';
import { withinScope } from './page.js';

/** Which events of a cluster; what is not said does not count. */
export interface EventFilter {
  readonly operationUuid?: string | null;
  readonly nodeUuid?: string | null;
  /** A type, or what stands before its dot: `stack.resource`, `operation`. */
  readonly type?: string | null;
  /** This level and what is worse. */
  readonly level?: EventLevel | null;
}

/** Behind an event, in the order (transaction, id). */
export interface EventPosition {
  readonly xact: string;
  readonly id: string;
}

export interface EventPage {
  readonly rows: readonly EventEntity[];
  /** Where the next page begins. */
  readonly position: EventPosition;
  /** Whether the cluster has newer events that cannot be told yet, because an older transaction has not ended. */
  readonly held: boolean;
}

const LEVELS: readonly EventLevel[] = ['info', 'warning', 'error'];
const BEGINNING: EventPosition = { xact: '-1', id: '0' };

/**
 * The events of a cluster, none ever missed. Ids are handed out before the commit and in any order, so a reader that goes by
 * them passes rows that are committed later. Here a page ends before the oldest transaction that still runs: all before it
 * is final, and whatever comes later has a later transaction. ADR 0015.
 */
export class EventFeedRepository {
  constructor(private readonly source: DataSource) {}

  /**
   * Right behind the event of this number. For a number that the cluster has not, before all events with a higher one: some
   * may be told again, none is left out.
   */
  async positionAfter(clusterUuid: string, id: number): Promise<EventPosition> {
    if (id === 0) return BEGINNING;
    const exact: { xact: string }[] = await this.source.query('SELECT xact FROM events WHERE cluster_uuid = $1 AND id = $2', [
      clusterUuid,
      id,
    ]);
    if (exact[0]) return { xact: exact[0].xact, id: String(id) };
    const [next]: { xact: string; id: string }[] = await this.source.query(
      'SELECT xact, id FROM events WHERE cluster_uuid = $1 AND id > $2 ORDER BY xact, id LIMIT 1',
      [clusterUuid, id],
    );
    if (next) return { xact: next.xact, id: String(BigInt(next.id) - 1n) };
    // Nothing is known of it: what is committed from now on is new.
    const { horizon } = await this.horizon(clusterUuid);
    return behindAll(horizon);
  }

  /** @param filter the position goes on over what it leaves out */
  async page(
    scope: Scope,
    clusterUuid: string,
    after: EventPosition,
    limit: number,
    filter: EventFilter = {},
  ): Promise<EventPage> {
    // Asked first: all that is before this horizon is committed or rolled back when the next statement looks.
    const { horizon, held } = await this.horizon(clusterUuid);
    const query = this.source.manager
      .createQueryBuilder(EventEntity, 'e')
      .addSelect('e.xact')
      .where('e.cluster_uuid = :clusterUuid AND (e.xact, e.id) > (:xact, :id) AND e.xact < :horizon', {
        clusterUuid,
        ...after,
        horizon,
      });
    const { operationUuid, nodeUuid, type, level } = filter;
    if (operationUuid) query.andWhere('e.operation_uuid = :operationUuid', { operationUuid });
    if (nodeUuid) query.andWhere('e.node_uuid = :nodeUuid', { nodeUuid });
    if (type) query.andWhere('(e.type = :type OR starts_with(e.type, :prefix))', { type, prefix: `${type}.` });
    if (level) query.andWhere('e.level IN (:...levels)', { levels: LEVELS.slice(LEVELS.indexOf(level)) });
    const rows = await withinScope(query, scope).orderBy('e.xact').addOrderBy('e.id').limit(limit).getMany();
    const last = rows.at(-1);
    const full = last !== undefined && rows.length >= limit;
    const position = full ? { xact: last.xact, id: String(last.id) } : behindAll(horizon);
    return { rows, position, held };
  }

  /** Whether the cluster is there. */
  async isAlive(clusterUuid: string): Promise<boolean> {
    const rows: unknown[] = await this.source.query('SELECT 1 FROM clusters WHERE uuid = $1', [clusterUuid]);
    return rows.length > 0;
  }

  private async horizon(clusterUuid: string): Promise<{ horizon: string; held: boolean }> {
    const [row]: { horizon: string; held: boolean }[] = await this.source.query(
      `SELECT horizon, EXISTS (SELECT 1 FROM events WHERE cluster_uuid = $1 AND xact >= horizon) AS held
       FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) AS now`,
      [clusterUuid],
    );
    return row ?? { horizon: '0', held: false };
  }
}

/** Behind every event of transactions before the horizon. */
const behindAll = (horizon: string): EventPosition => ({
  xact: String(BigInt(horizon) - 1n),
  id: String(Number.MAX_SAFE_INTEGER),
});
