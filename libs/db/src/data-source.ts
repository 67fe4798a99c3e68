import { migrations } from '#migrations';
import { DataSource } from 'typeorm';
import * as entities from './entities/index.js';
import { PreparedClient } from './prepared-client.js';

/** The connection pool, as type and as injection token: nobody else imports TypeORM. */
export { DataSource as Database } from 'typeorm';

export interface DatabaseSettings {
  readonly DATABASE_URL: string;
  readonly DATABASE_POOL_SIZE: number;
  /** For a free connection. */
  readonly DATABASE_WAIT_SECONDS: number;
}

/** The connection pool; not yet connected. `applicationName` is what `pg_stat_activity` shows. */
export function createDataSource(settings: DatabaseSettings, applicationName = 'jeroboam'): DataSource {
  return new DataSource({
    type: 'postgres',
    url: settings.DATABASE_URL,
    poolSize: settings.DATABASE_POOL_SIZE,
    applicationName,
    entities: Object.values(entities).filter((value) => typeof value === 'function'),
    migrations,
    migrationsTableName: 'migrations',
    // A statement that hangs must not hang its operation: the pool's error is retried like any other. A process that was
    // stopped inside a transaction must not keep its leases locked from those who take them over.
    extra: {
      Client: PreparedClient,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 5_000,
      connectionTimeoutMillis: settings.DATABASE_WAIT_SECONDS * 1000,
    },
  });
}

/** Serialises processes that start together: TypeORM does not lock while it migrates. */
const MIGRATION_LOCK = 951_195_119;

/**
 * A dump that was restored on another server carries transactions that this one has yet to come to: its events would be told
 * never, or after newer ones. They become the oldest. The newest row alone is looked at.
 */
const ADOPT_RESTORED_EVENTS = `
  UPDATE events SET xact = 0
  WHERE (SELECT xact FROM events ORDER BY id DESC LIMIT 1) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`;

/** Brings the schema up to date. May be called by any number of processes at once. */
export async function migrate(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations({ transaction: 'each' });
    await runner.query(ADOPT_RESTORED_EVENTS);
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}
