import { hostname } from 'node:os';
import { readFileSync } from 'node:fs';
import { STACK_BACKENDS } from '#libs/domain';
import { z } from 'zod';
import { nodeSettingsText } from './node-settings.js';

/** `id:base64` of 32 bytes, several joined by commas; the first seals, all open. */
const keyRing = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .pipe(
    z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=$/, 'each key is ID:BASE64 of exactly 32 bytes')
          .transform((entry) => {
            const colon = entry.indexOf(':');
            return { id: entry.slice(0, colon), key: Buffer.from(entry.slice(colon + 1), 'base64') };
          }),
      )
      .min(1),
  );

const CLOUD_SERVICES = ['identity', 'compute', 'network', 'image', 'load-balancer', 'volume', 'orchestration'] as const;

/** `load-balancer:50,identity:20` */
const perService = z
  .string()
  .regex(
    new RegExp(`^((${CLOUD_SERVICES.join('|')}):\\d+(\\.\\d+)?(,|$))+$`),
    `SERVICE:NUMBER, comma separated; services are ${CLOUD_SERVICES.join(', ')}`,
  )
  .transform((text): Partial<Record<(typeof CLOUD_SERVICES)[number], number>> =>
    Object.fromEntries(
      text.split(',').map((entry) => {
        const [service = '', number] = entry.split(':');
        return [service, Number(number)];
      }),
    ),
  );

const port = z.coerce.number().int().min(0).max(65535);
const seconds = z.coerce.number().positive();
const flag = z.enum(['true', 'false', '1', '0']).transform((word) => word === 'true' || word === '1');

/**
 * Every setting: its variable, its default, its meaning. The README's table is made from this schema.
 * Empty strings count as absent.
 */
export const settings = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).meta({ description: 'Postgres 15 or newer: all state is here' }),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).default(20).meta({ description: 'connections of one process' }),
  DATABASE_WAIT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(10)
    .meta({ description: 'how long work waits for a free connection before the database counts as away' }),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .meta({ description: 'the queue runs on Redis when set, else on Postgres' }),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'letters, digits, - and _')
    .default('jeroboam')
    .meta({ description: 'of the queue’s keys: several installations on one Redis need one each' }),

  API_HOST: z.string().default('127.0.0.1').meta({ description: 'address the API listens on' }),
  API_PORT: port.default(9511).meta({ description: 'port the API listens on' }),
  API_PUBLIC_URL: z.url().optional().meta({ description: 'base URL in links; default: the request’s own host' }),
  API_TRUST_PROXY: flag.default(false).meta({ description: 'believe X-Forwarded-Proto, -Host and -Prefix' }),
  API_MAX_LIMIT: z.coerce.number().int().positive().default(1000).meta({ description: 'largest page of a list' }),

  BOOTSTRAP_HOST: z.string().default('127.0.0.1').meta({ description: 'address of the TLS listener for nodes' }),
  BOOTSTRAP_PORT: port.default(9512).meta({ description: 'port of the TLS listener for nodes' }),
  BOOTSTRAP_PUBLIC_URL: z
    .url({ protocol: /^https$/ })
    .default('https://127.0.0.1:9512')
    .meta({ description: 'where nodes reach that listener' }),
  BOOTSTRAP_SOURCE_CHECK: flag
    .default(true)
    .meta({ description: 'a node’s bundle is given to its own addresses (fixed, floating, router) alone' }),

  KEYSTONE_AUTH_URL: z.url().meta({ description: 'identity API, ending in /v3' }),
  KEYSTONE_REGION: z.string().optional().meta({ description: 'region of the catalogue; default: the only one' }),
  KEYSTONE_INTERFACE: z
    .enum(['public', 'internal', 'admin'])
    .default('public')
    .meta({ description: 'endpoint interface of the catalogue' }),
  KEYSTONE_CA_FILE: z.string().optional().meta({ description: 'PEM bundle that the cloud’s endpoints chain to' }),
  KEYSTONE_USERNAME: z.string().meta({ description: 'the service user' }),
  KEYSTONE_PASSWORD: z.string().meta({ description: 'its password' }),
  KEYSTONE_USER_DOMAIN_NAME: z.string().default('Default').meta({ description: 'its domain' }),
  KEYSTONE_PROJECT_NAME: z.string().default('service').meta({ description: 'its project' }),
  KEYSTONE_PROJECT_DOMAIN_NAME: z.string().default('Default').meta({ description: 'that project’s domain' }),
  TRUSTEE_DOMAIN_NAME: z.string().default('jeroboam').meta({ description: 'domain of the clusters’ own users' }),
  TRUSTEE_DOMAIN_ADMIN: z.string().meta({ description: 'administrator of that domain' }),
  TRUSTEE_DOMAIN_ADMIN_PASSWORD: z.string().meta({ description: 'its password' }),

  CLOUD_CALLS_PER_SECOND: z.coerce
    .number()
    .min(0)
    .default(500)
    .meta({ description: 'calls of one process to each service of the cloud; follows 429 by itself; 0: no limit' }),
  CLOUD_CALLS_PER_SECOND_BY_SERVICE: perService
    .optional()
    .meta({ description: 'other numbers for single services: `load-balancer:50,identity:20`' }),
  CLOUD_BREAKER_FAILURES: z.coerce
    .number()
    .int()
    .min(0)
    .default(12)
    .meta({ description: 'failures in a row after which a service of the cloud is left alone for a while; 0: never' }),
  CLOUD_BREAKER_SECONDS: seconds.default(15).meta({ description: 'the longest while' }),

  SECRETS_KEY_RING: keyRing.meta({ description: 'ID:BASE64 of 32 bytes, comma separated; the first key seals' }),
  POLICY_FILE: z.string().optional().meta({ description: 'policy.yaml of the operator' }),
  MAX_CLUSTERS_PER_PROJECT: z.coerce.number().int().min(0).default(20).meta({ description: 'quota without a row' }),
  DEFAULT_CREATE_TIMEOUT_MINUTES: z.coerce
    .number()
    .int()
    .positive()
    .default(60)
    .meta({ description: 'bound of a create when the cluster says 0 or nothing' }),
  DEFAULT_KUBE_TAG: z.string().default('v1.36.4').meta({ description: 'Kubernetes where image and labels name none' }),
  NODE_SETTINGS: nodeSettingsText.optional().meta({
    description:
      'JSON: mirrors, archives, authorities and time servers of all nodes, see docs/nodes.md; best as `NODE_SETTINGS_FILE`',
  }),
  DEFAULT_BOOT_VOLUME_SIZE: z.coerce.number().int().min(0).default(0).meta({ description: 'GiB; 0: flavor’s disk' }),

  SIGNED_CERTIFICATE_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1825)
    .default(1825)
    .meta({ description: 'how long certificates of POST /v1/certificates are good; Magnum’s are for five years' }),
  KUBECONFIG_MINUTES: z.coerce.number().int().min(5).default(60).meta({ description: 'life of a kubeconfig that asks for none' }),
  KUBECONFIG_MAX_MINUTES: z.coerce.number().int().min(5).default(1440).meta({ description: 'longest life of a kubeconfig' }),

  EVENT_STREAMS: z.coerce.number().int().min(0).default(500).meta({ description: 'live streams of events of one API process' }),
  EVENT_STREAMS_PER_PROJECT: z.coerce.number().int().min(0).default(50).meta({ description: 'of them, those of one project' }),

  ADDON_MANIFESTS_DIR: z
    .string()
    .optional()
    .meta({ description: 'folder with versions of add-ons of the operator’s own: `index.json` and the files that it names' }),

  STACK_BACKEND: z.enum(STACK_BACKENDS).default('native').meta({
    description:
      'who builds the stacks of new clusters without label `stack_backend`: native (Jeroboam itself) or heat (the cloud’s Heat)',
  }),

  CONDUCTOR_NAME: z.string().default(hostname()).meta({ description: 'unique name of this conductor' }),
  CONDUCTOR_CONCURRENCY: z.coerce.number().int().positive().default(50).meta({ description: 'operations at once' }),
  LEASE_SECONDS: seconds.default(10).meta({ description: 'a silent conductor loses its operations after this' }),
  DRAIN_SECONDS: seconds.default(300).meta({ description: 'how long a node may take to hand on its pods' }),
  DELETE_PATIENCE_SECONDS: seconds
    .default(300)
    .meta({ description: 'how long a deletion waits for one object of the cloud that will not go' }),
  CERTIFICATE_RENEWAL_DAYS: z.coerce.number().int().min(0).max(300).default(30).meta({
    description: 'masters are marked for replacement so long before their certificates end, a year after they joined; 0: never',
  }),
  SWEEP_SECONDS: seconds.default(3).meta({ description: 'how often lost jobs are looked for' }),

  LEDGER_SCAN_MINUTES: z.coerce.number().min(0).default(10).meta({
    description: 'how often the cloud is compared with what should be there, by one conductor at a time; 0: never',
  }),
  ORPHAN_CLEAN: flag.default(false).meta({
    description: 'such a look removes what nothing wants any more; false: it only tells, `npm run orphans -- clean` removes',
  }),
  ORPHAN_GRACE_MINUTES: z.coerce.number().min(0).default(60).meta({
    description: 'only what was found so long ago, and again since, is removed',
  }),

  HEALTH_CHECK_SECONDS: z.coerce.number().min(0).default(60).meta({
    description: 'how often each cluster’s API is asked how it is, by one conductor at a time; 0: never',
  }),
  HEALTH_CHECKS_AT_ONCE: z.coerce.number().int().positive().default(32).meta({
    description: 'of one conductor; as many again for clusters that did not answer last time',
  }),
  HEAL_NOT_READY_SECONDS: seconds.default(300).meta({
    description: 'a node that is NotReady so long is unhealthy, and replaced where label `auto_healing_enabled` is set',
  }),
  HEAL_MOST_PERCENT: z.coerce.number().min(0).max(100).default(50).meta({
    description: 'nothing is replaced while more than this share of a node group, and more than one node, is NotReady',
  }),

  METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'address of the listeners for /metrics, /healthz and /readyz' }),
  API_METRICS_PORT: port.default(9514).meta({ description: 'port of the API’s; 0: none' }),
  CONDUCTOR_METRICS_PORT: port.default(9515).meta({ description: 'port of the conductor’s; 0: none' }),
  METRICS_TOKEN: z.string().min(16).optional().meta({ description: 'bearer token that /metrics then wants' }),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info').meta({
    description: 'of the JSON log on standard output',
  }),
});

export type Settings = z.infer<typeof settings>;

/** A setting that cannot be taken: says which variable and why, never its value. */
export class InvalidConfiguration extends Error {}

function contentOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new InvalidConfiguration(`the configuration cannot be used:\n  ${name}_FILE: ${(error as Error).message}`);
  }
}

/**
 * Reads the environment once; the only reader of `process.env`. `NAME_FILE` gives any setting from a file.
 * @throws InvalidConfiguration with a line per variable
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Readonly<Settings> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(settings.shape)) {
    const file = env[`${name}_FILE`];
    const value = env[name] ?? (file ? contentOf(name, file) : undefined);
    if (value !== undefined && value !== '') given[name] = value;
  }
  const result = settings.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const lines = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const within = issue.path.slice(1).join('.');
    return given[name] === undefined ? `${name} is not set` : `${name}: ${within === '' ? '' : `${within}: `}${issue.message}`;
  });
  throw new InvalidConfiguration(`the configuration cannot be used:\n  ${[...new Set(lines)].join('\n  ')}`);
}

/** `POLICY_FILE` alone, for the command line: it needs no other setting. */
export function policyFile(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env['POLICY_FILE'] || undefined;
}
