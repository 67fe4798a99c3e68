import { readFileSync } from 'node:fs';
import type { Settings } from '#libs/config';
import { createDataSource, migrate, SecretStore, Signals, type Database } from '#libs/db';
import { migrateQueue, OperationQueue, type JobsSettings } from '#libs/jobs';
import { Cloud, type TrafficLimits } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { cloudMetrics } from './cloud-metrics.js';

/** What every server process of ours stands on. */
export interface Backends {
  readonly settings: Settings;
  readonly log: Logger;
  readonly source: Database;
  readonly signals: Signals;
  readonly secrets: SecretStore;
  readonly keyRing: KeyRing;
  readonly jobs: JobsSettings;
  readonly queue: OperationQueue;
  readonly cloud: Cloud;
  /** Of this process, for Prometheus. */
  readonly metrics: Registry;
  close(): Promise<void>;
}

/**
 * Opens what the configuration names, and brings the schema up to date; any number of processes may do so at once. The cloud
 * is not asked for anything yet: a process starts while it is away.
 * @param applicationName what `pg_stat_activity` shows
 * @param traffic what of the limits for the cloud is this process's own
 * @throws the database does not answer
 */
export async function openBackends(
  settings: Settings,
  log: Logger,
  applicationName: string,
  traffic: TrafficLimits = {},
): Promise<Backends> {
  const source = await createDataSource(settings, applicationName).initialize();
  await migrate(source);
  const jobs = { databaseUrl: settings.DATABASE_URL, redisUrl: settings.REDIS_URL, prefix: settings.QUEUE_PREFIX };
  await migrateQueue(jobs);
  const signals = new Signals(settings.DATABASE_URL);
  await signals.start();
  const keyRing = new KeyRing(settings.SECRETS_KEY_RING);
  const queue = new OperationQueue(jobs, log);
  const metrics = new Registry();
  const watched = cloudMetrics(metrics);
  const cloud = new Cloud({
    authUrl: settings.KEYSTONE_AUTH_URL,
    region: settings.KEYSTONE_REGION,
    interface: settings.KEYSTONE_INTERFACE,
    caPem: settings.KEYSTONE_CA_FILE ? readFileSync(settings.KEYSTONE_CA_FILE, 'utf8') : undefined,
    traffic: { ...trafficLimits(settings), ...traffic },
    onCall: (call) => {
      watched.onCall(call);
      log.debug({ call }, 'asked the cloud');
    },
  });
  watched.watch(cloud);
  const close = async (): Promise<void> => {
    await queue.close();
    await signals.close();
    await cloud.close();
    await source.destroy();
  };
  return {
    settings,
    log,
    source,
    signals,
    secrets: new SecretStore(source, keyRing),
    keyRing,
    jobs,
    queue,
    cloud,
    metrics,
    close,
  };
}

/** How much of the cloud the settings let one process ask for. */
function trafficLimits(settings: Settings): TrafficLimits {
  return {
    callsPerSecond: settings.CLOUD_CALLS_PER_SECOND,
    byService: settings.CLOUD_CALLS_PER_SECOND_BY_SERVICE,
    breakerFailures: settings.CLOUD_BREAKER_FAILURES,
    breakerLongestMs: settings.CLOUD_BREAKER_SECONDS * 1000,
  };
}
