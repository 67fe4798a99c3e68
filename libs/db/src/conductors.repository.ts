import type { DataSource } from 'typeorm';
import { ConductorEntity } from './entities/index.js';

/** Heartbeats: what `mservices` shows. Not a tenant's. */
export class ConductorsRepository {
  constructor(private readonly source: DataSource) {}

  async beat(host: string): Promise<void> {
    await this.source.query(
      `INSERT INTO conductors AS c (host, report_count) VALUES ($1, 1)
       ON CONFLICT (host) DO UPDATE SET report_count = c.report_count + 1, last_seen_at = now(), updated_at = now()`,
      [host],
    );
  }

  async list(): Promise<ConductorEntity[]> {
    return this.source.manager.find(ConductorEntity, { order: { id: 'ASC' } });
  }

  /** Removes conductors that have been silent for this many days. */
  async removeSilent(days: number): Promise<void> {
    await this.source.query(`DELETE FROM conductors WHERE last_seen_at < now() - $1 * interval '1 day'`, [days]);
  }
}
