import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq';
import type { BackendFactory, ConnectionOptions, Processor, QueueOptions, WorkerOptions } from 'bullmq';
import pg from 'pg';

/** Where the queue lives: Redis when `redisUrl` is given, else schema `bullmq` of the database. */
export interface JobsSettings {
  readonly databaseUrl: string;
  readonly redisUrl?: string | undefined;
  /** Namespace of the Redis keys; tests give each run its own. */
  readonly prefix?: string | undefined;
}

/** What a log line needs; pino fits. */
export interface JobsLog {
  warn(fields: object, message: string): void;
}

/** What a job carries: Redis keeps job data in clear text, so an id and nothing else. */
export interface OperationJob {
  readonly operationId: string;
}

const QUEUE_NAME = 'operations';
/** A BullMQ object with a pool of its own LISTENs beside the pool, so that these are for queries alone. */
const POSTGRES_POOL = { queue: 4, worker: 4 };
const REDIS_CONNECT_MS = 2000;
const RETRY_MS = 1000;

export function queueBackendName(settings: JobsSettings): 'redis' | 'postgres' {
  return settings.redisUrl ? 'redis' : 'postgres';
}

/**
 * Brings schema `bullmq` up to date. May run in many processes at once: BullMQ takes an advisory lock.
 * Nothing to do on Redis. Call it beside, never inside, another migration's transaction.
 */
export async function migrateQueue(settings: JobsSettings): Promise<void> {
  if (settings.redisUrl) return;
  const client = new pg.Client({ connectionString: settings.databaseUrl });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}

export type OperationBullQueue = Queue<OperationJob>;
export type OperationBullWorker = Worker<OperationJob>;

export function openQueue(settings: JobsSettings): OperationBullQueue {
  const options: Omit<QueueOptions, 'connection'> = {
    ...prefixOf(settings),
    // Finished jobs go at once: a kept one would swallow a later job of the same operation.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  };
  if (settings.redisUrl) {
    // A request must not hang while Redis is away: fail, the sweep sends it later.
    const connection = { url: settings.redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1, ...redisTimes };
    return new Queue<OperationJob>(QUEUE_NAME, { ...options, connection });
  }
  return new Queue<OperationJob>(QUEUE_NAME, { ...options, connection: pool(settings, POSTGRES_POOL.queue) }, postgres);
}

export function openWorker(settings: JobsSettings, concurrency: number, processor: Processor<OperationJob>): OperationBullWorker {
  const options: Omit<WorkerOptions, 'connection'> = {
    ...prefixOf(settings),
    concurrency,
    autorun: false,
    // Measured: work of a killed process is taken over within 6 s on both backends.
    lockDuration: 5000,
    stalledInterval: 2000,
    maxStalledCount: 1000,
    runRetryDelay: RETRY_MS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  };
  if (settings.redisUrl) {
    const connection = { url: settings.redisUrl, maxRetriesPerRequest: null, ...redisTimes };
    return new Worker<OperationJob>(QUEUE_NAME, processor, { ...options, connection });
  }
  const connection = pool(settings, POSTGRES_POOL.worker);
  return new Worker<OperationJob>(QUEUE_NAME, processor, { ...options, connection }, postgres);
}

const redisTimes = { connectTimeout: REDIS_CONNECT_MS, retryStrategy: (): number => RETRY_MS };

const prefixOf = (settings: JobsSettings): { prefix: string } => ({ prefix: settings.prefix ?? 'jeroboam' });

const pool = (settings: JobsSettings, max: number): ConnectionOptions => ({
  connectionString: settings.databaseUrl,
  max,
  connectionTimeoutMillis: 5000,
});

/** The classes are typed for Redis; the backend differs in nothing that is used here. */
const postgres = createPostgresBackend as unknown as BackendFactory<never>;
