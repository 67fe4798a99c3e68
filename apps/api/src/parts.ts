import { readFileSync } from 'node:fs';
import type { Settings } from '#libs/config';
import { createDataSource, migrate, SecretStore, Signals, type Database } from '#libs/db';
import { migrateQueue, OperationQueue } from '#libs/jobs';
import { Cloud, type CloudSession } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import { pino, type Logger } from 'pino';
import { Policy } from './policy/policy.js';

/** What the API is made of and does not make itself: connections, keys, policy. */
export interface ApiParts {
  readonly settings: Settings;
  readonly log: Logger;
  readonly source: Database;
  readonly signals: Signals;
  readonly secrets: SecretStore;
  readonly keyRing: KeyRing;
  readonly queue: OperationQueue;
  readonly cloud: Cloud;
  /** The service user's. */
  readonly service: CloudSession;
  readonly policy: Policy;
  close(): Promise<void>;
}

/**
 * Opens what the configuration names, and brings the schema up to date. The cloud is not asked for anything yet: the
 * API starts while it is away.
 * @throws the database does not answer, the policy cannot be read
 */
export async function openParts(settings: Settings): Promise<ApiParts> {
  const log = createLogger(settings.LOG_LEVEL);
  const policy = Policy.fromFile(settings.POLICY_FILE);
  const source = await createDataSource(settings, 'jeroboam-api').initialize();
  await migrate(source);
  const jobs = { databaseUrl: settings.DATABASE_URL, redisUrl: settings.REDIS_URL };
  await migrateQueue(jobs);
  const signals = new Signals(settings.DATABASE_URL);
  await signals.start();
  const keyRing = new KeyRing(settings.SECRETS_KEY_RING);
  const queue = new OperationQueue(jobs, log);
  await queue.open();
  const cloud = new Cloud({
    authUrl: settings.KEYSTONE_AUTH_URL,
    region: settings.KEYSTONE_REGION,
    interface: settings.KEYSTONE_INTERFACE,
    caPem: settings.KEYSTONE_CA_FILE ? readFileSync(settings.KEYSTONE_CA_FILE, 'utf8') : undefined,
    onCall: (call) => log.debug({ call }, 'asked the cloud'),
  });
  const service = cloud.session({
    kind: 'password',
    username: settings.KEYSTONE_USERNAME,
    password: settings.KEYSTONE_PASSWORD,
    userDomainName: settings.KEYSTONE_USER_DOMAIN_NAME,
    projectName: settings.KEYSTONE_PROJECT_NAME,
    projectDomainName: settings.KEYSTONE_PROJECT_DOMAIN_NAME,
  });
  const secrets = new SecretStore(source, keyRing);
  const close = async (): Promise<void> => {
    await queue.close();
    await signals.close();
    await cloud.close();
    await source.destroy();
  };
  return { settings, log, source, signals, secrets, keyRing, queue, cloud, service, policy, close };
}

/** JSON on standard output. Whatever could carry a secret is cut out by name as a second line of defence. */
export function createLogger(level: string): Logger {
  const secret = ['token', 'password', 'secret', 'authorization', '["x-auth-token"]', '["x-subject-token"]', 'nonce', 'keyPem'];
  return pino({
    level,
    base: { service: 'api' },
    redact: { paths: secret.flatMap((name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`]), censor: '[hidden]' },
  });
}
