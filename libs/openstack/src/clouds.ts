import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Interface } from './catalogue.js';
import type { Credentials } from './credentials.js';

/** What `new Cloud(...)` and `cloud.session(...)` need. */
export interface CloudConfig {
  readonly authUrl: string;
  readonly region?: string | undefined;
  readonly interface: Interface;
  readonly caPem?: string | undefined;
  readonly credentials: Credentials;
}

/** The file or the variables cannot be used: says which and why, never a value. */
export class InvalidClouds extends Error {}

export type Environment = Readonly<Record<string, string | undefined>>;

const auth = z.looseObject({
  auth_url: z.string(),
  username: z.string().optional(),
  password: z.coerce.string().optional(),
  user_domain_name: z.string().optional(),
  user_domain_id: z.string().optional(),
  project_id: z.string().optional(),
  project_name: z.string().optional(),
  project_domain_name: z.string().optional(),
  domain_name: z.string().optional(),
  default_domain: z.string().optional(),
  application_credential_id: z.string().optional(),
  application_credential_secret: z.coerce.string().optional(),
  trust_id: z.string().optional(),
  user_id: z.string().optional(),
  token: z.string().optional(),
});
type Auth = z.infer<typeof auth>;

const entry = z.looseObject({
  auth,
  auth_type: z.string().optional(),
  region_name: z.string().nullish(),
  interface: z.string().optional(),
  cacert: z.string().nullish(),
});

/**
 * A cloud as the OpenStack client knows it: the entry `OS_CLOUD` (or `name`) of `clouds.yaml`, with `secure.yaml` beside it
 * on top, else the variables `OS_*`. The file is `OS_CLIENT_CONFIG_FILE`, else the first of `./clouds.yaml`,
 * `~/.config/openstack/clouds.yaml`, `/etc/openstack/clouds.yaml`.
 * @param env the environment, given by who may read it
 * @throws InvalidClouds
 */
export function loadClouds(env: Environment, name: string | undefined = env.OS_CLOUD): CloudConfig {
  if (name === undefined) return configOf('OS_*', fromVariables(env));
  const file = filesOf(env).find((path) => read(path) !== null);
  if (file === undefined) throw new InvalidClouds('there is no clouds.yaml');
  const raw = merge(cloudIn(file, name) ?? {}, cloudIn(file.replace(/clouds\.ya?ml$/, 'secure.yaml'), name) ?? {});
  if (Object.keys(raw).length === 0) throw new InvalidClouds(`${file} has no cloud ${name}`);
  return configOf(`cloud ${name} of ${file}`, raw);
}

function configOf(where: string, raw: unknown): CloudConfig {
  const parsed = entry.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new InvalidClouds(`${where}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { auth: given, auth_type: type, region_name: region, interface: chosen, cacert } = parsed.data;
  const caPem = cacert ? read(cacert) : undefined;
  if (caPem === null) throw new InvalidClouds(`${where}: the file of cacert cannot be read`);
  return {
    authUrl: given.auth_url,
    region: region ?? undefined,
    interface: interfaceOf(where, chosen),
    caPem,
    credentials: credentialsOf(where, given, type),
  };
}

function interfaceOf(where: string, word: string | undefined): Interface {
  const plain = (word ?? 'public').replace(/URL$/, '');
  if (plain === 'public' || plain === 'internal' || plain === 'admin') return plain;
  throw new InvalidClouds(`${where}: interface is public, internal or admin`);
}

function credentialsOf(where: string, given: Auth, type = ''): Credentials {
  if (given.application_credential_id !== undefined) {
    const secret = need(where, given, 'application_credential_secret');
    return { kind: 'application-credential', id: given.application_credential_id, secret };
  }
  if (given.token !== undefined || /token/.test(type)) return { kind: 'token', token: need(where, given, 'token') };
  const password = need(where, given, 'password');
  if (given.trust_id !== undefined) {
    return { kind: 'trust', trustId: given.trust_id, userId: need(where, given, 'user_id'), password };
  }
  const fallback = given.default_domain ?? 'Default';
  return {
    kind: 'password',
    username: need(where, given, 'username'),
    password,
    userDomainName: given.user_domain_name ?? (given.user_domain_id === 'default' ? 'Default' : fallback),
    projectId: given.project_id,
    projectName: given.project_name,
    projectDomainName: given.project_name === undefined ? undefined : (given.project_domain_name ?? fallback),
    domainName: given.domain_name,
  };
}

function need(where: string, given: Auth, field: keyof Auth): string {
  const value = given[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidClouds(`${where}: ${field} is missing`);
}

function fromVariables(env: Environment): object {
  const given: Record<string, string> = {};
  for (const field of Object.keys(auth.shape)) {
    const value = env[`OS_${field.toUpperCase()}`];
    if (value) given[field] = value;
  }
  return {
    auth: given,
    auth_type: env.OS_AUTH_TYPE || undefined,
    region_name: env.OS_REGION_NAME || undefined,
    interface: env.OS_INTERFACE || env.OS_ENDPOINT_TYPE || undefined,
    cacert: env.OS_CACERT || undefined,
  };
}

function filesOf(env: Environment): string[] {
  if (env.OS_CLIENT_CONFIG_FILE) return [env.OS_CLIENT_CONFIG_FILE];
  return ['clouds.yaml', join(env.HOME ?? homedir(), '.config/openstack/clouds.yaml'), '/etc/openstack/clouds.yaml'];
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function cloudIn(path: string, name: string): Record<string, unknown> | undefined {
  const text = read(path);
  if (text === null) return undefined;
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    // The parser's message quotes the line, and the line may be a password.
    throw new InvalidClouds(`${path} is not YAML`);
  }
  const clouds = record(record(document).clouds);
  return clouds[name] === undefined ? undefined : record(clouds[name]);
}

function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    result[key] = isRecord(value) && isRecord(base[key]) ? merge(record(base[key]), value) : value;
  }
  return result;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
