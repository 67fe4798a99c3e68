import type { DataSource } from 'typeorm';
import type { Lease } from './unit-of-work.js';

/** The lease under which one conductor at a time acts for a cluster. */
export const clusterLease = (clusterUuid: string): string => `cluster:${clusterUuid}`;

/**
 * Rights to act, kept by compare-and-set on Postgres' own clock. Each statement is a transaction of its own.
 * `owner` must be new for each acquisition: the same owner twice would be two holders of one lease.
 */
export class LeasesRepository {
  constructor(private readonly source: DataSource) {}

  /**
   * The lease with a higher epoch than ever before, or null while somebody else's lives. Waits for writes that are under
   * way under the old one: those lock its row FOR KEY SHARE (`UnitOfWork.fenced`), which keeps FOR UPDATE out and lets
   * the renewals of its holder through.
   */
  async acquire(name: string, owner: string, ttlMs: number): Promise<Lease | null> {
    const rows: { epoch: string }[] = await this.source.query(
      `WITH waited AS MATERIALIZED (
         SELECT name FROM leases WHERE name = $1 AND expires_at <= clock_timestamp() FOR UPDATE)
       INSERT INTO leases AS held (name, owner, epoch, expires_at)
       SELECT $1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond' FROM (SELECT count(*) FROM waited) AS first
       ON CONFLICT (name) DO UPDATE
         SET owner = excluded.owner, epoch = held.epoch + 1, expires_at = excluded.expires_at
         WHERE held.expires_at <= clock_timestamp()
       RETURNING epoch`,
      [name, owner, ttlMs],
    );
    const row = rows[0];
    return row ? { name, owner, epoch: row.epoch } : null;
  }

  /** Prolongs all of them in one statement. @returns the owners of those still held */
  async renew(leases: readonly Lease[], ttlMs: number): Promise<Set<string>> {
    if (leases.length === 0) return new Set();
    const [rows]: [{ owner: string }[], number] = await this.source.query(
      `UPDATE leases SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
       FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (name, owner, epoch)
       WHERE leases.name = mine.name AND leases.owner = mine.owner AND leases.epoch = mine.epoch
       RETURNING leases.owner`,
      [leases.map((l) => l.name), leases.map((l) => l.owner), leases.map((l) => l.epoch), ttlMs],
    );
    return new Set(rows.map((row) => row.owner));
  }

  /** Gives it back: free at once, and a late write under it is refused. Not held any more is fine. */
  async release(lease: Lease): Promise<void> {
    await this.source.query(
      `UPDATE leases SET owner = '', expires_at = clock_timestamp() WHERE name = $1 AND owner = $2 AND epoch = $3`,
      [lease.name, lease.owner, lease.epoch],
    );
  }

  /** Removes the rows of leases that nobody has held for a day. Owners never come back, so an epoch may begin anew. */
  async removeStale(): Promise<void> {
    await this.source.query(`DELETE FROM leases WHERE expires_at < clock_timestamp() - interval '1 day'`);
  }
}
