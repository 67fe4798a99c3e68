import { readFileSync } from 'node:fs';
import type { Settings } from '#libs/config';
import { createDataSource, migrate, SecretStore, Signals, UnitOfWork, type Database } from '#libs/db';
import { migrateQueue, OperationQueue, type JobsSettings } from '#libs/jobs';
import { Cloud } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import { pino, type Logger } from 'pino';

/** What a conductor is made of and does not make itself: connections and keys. */
export interface ConductorParts {
  readonly settings: Settings;
  readonly log: Logger;
  readonly source: Database;
  readonly uow: UnitOfWork;
  readonly signals: Signals;
  readonly secrets: SecretStore;
  readonly keyRing: KeyRing;
  readonly jobs: JobsSettings;
  readonly queue: OperationQueue;
  readonly cloud: Cloud;
  close(): Promise<void>;
}

/**
 * Opens what the configuration names, and brings the schema up to date. The cloud is not asked for anything yet.
 * @throws the database does not answer
 */
export async function openParts(settings: Settings): Promise<ConductorParts> {
  const log = createLogger(settings);
  const source = await createDataSource(settings, 'jeroboam-conductor').initialize();
  await migrate(source);
  const jobs = { databaseUrl: settings.DATABASE_URL, redisUrl: settings.REDIS_URL };
  await migrateQueue(jobs);
  const signals = new Signals(settings.DATABASE_URL);
  await signals.start();
  const keyRing = new KeyRing(settings.SECRETS_KEY_RING);
  const queue = new OperationQueue(jobs, log);
  const cloud = new Cloud({
    authUrl: settings.KEYSTONE_AUTH_URL,
    region: settings.KEYSTONE_REGION,
    interface: settings.KEYSTONE_INTERFACE,
    caPem: settings.KEYSTONE_CA_FILE ? readFileSync(settings.KEYSTONE_CA_FILE, 'utf8') : undefined,
    onCall: (call) => log.debug({ call }, 'asked the cloud'),
  });
  const close = async (): Promise<void> => {
    await queue.close();
    await signals.close();
    await cloud.close();
    await source.destroy();
  };
  const secrets = new SecretStore(source, keyRing);
  return { settings, log, source, uow: new UnitOfWork(source), signals, secrets, keyRing, jobs, queue, cloud, close };
}

/** JSON on standard output. Whatever could carry a secret is cut out by name as a second line of defence. */
function createLogger(settings: Settings): Logger {
  const names = ['token', 'password', 'secret', 'authorization', 'nonce', 'keyPem', 'userData', 'hidden'];
  return pino({
    level: settings.LOG_LEVEL,
    base: { service: 'conductor', conductor: settings.CONDUCTOR_NAME },
    redact: { paths: names.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
  });
}
