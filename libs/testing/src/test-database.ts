import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataSource, migrate, type Database } from '#libs/db';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';

export interface TestDatabase {
  readonly url: string;
  /** Connected, migrated, empty. */
  readonly source: Database;
  /** Disconnects and drops. */
  close(): Promise<void>;
}

const TEMPLATE = 'jeroboam_template';

/** One server for this process, unless `TEST_POSTGRES_URL` names one for all of them. */
let server: Promise<{ url: string; own?: EmbeddedPostgres; dir?: string }> | undefined;
let users = 0;

/** A migrated database of the caller's own on a real PostgreSQL. Some 70 ms; the first in a process starts the server. */
export async function testDatabase(poolSize = 10): Promise<TestDatabase> {
  users++;
  server ??= start();
  const { url: base } = await server;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(base, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`));
  const url = withDatabase(base, name);
  const source = await openSource(url, poolSize);
  return {
    url,
    source,
    close: async () => {
      await source.destroy();
      await withClient(base, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
      if (--users === 0) await stop();
    },
  };
}

/** A server with the migrated template in it, for many processes of a test run. */
export async function startTestServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-test-postgres-'));
  const own = await startEmbeddedPostgres({ dir, volatile: true });
  await prepareTemplate(own.url);
  return {
    url: own.url,
    stop: async () => {
      await own.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Tests starve each other of time: what waits for a connection is in no hurry. */
function openSource(url: string, poolSize: number): Promise<Database> {
  const settings = { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize, DATABASE_WAIT_SECONDS: 60 };
  return createDataSource(settings, 'jeroboam-test').initialize();
}

async function start(): Promise<{ url: string; own?: EmbeddedPostgres; dir?: string }> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given) return { url: given };
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-test-postgres-'));
  const own = await startEmbeddedPostgres({ dir, volatile: true });
  await prepareTemplate(own.url);
  return { url: own.url, own, dir };
}

async function stop(): Promise<void> {
  const current = server;
  server = undefined;
  const { own, dir } = (await current) ?? {};
  await own?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
}

async function prepareTemplate(base: string): Promise<void> {
  await withClient(base, (client) => client.query(`CREATE DATABASE ${TEMPLATE}`));
  const source = await openSource(withDatabase(base, TEMPLATE), 2);
  await migrate(source);
  await source.destroy();
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(base: string, name: string): string {
  const url = new URL(base);
  url.pathname = `/${name}`;
  return url.href;
}
