import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '#libs/testing';
import { parse } from 'yaml';
import { Installation } from '../../apps/standalone/src/installation.js';

/** Where the running bench lives: its `clouds.yaml`, and its chroot in `root`. */
export const BENCH = process.env['OPENSTACK_BENCH_DIR'] ?? '/var/lib/openstack-bench';
const here = dirname(fileURLToPath(import.meta.url));

export interface Bench {
  readonly authUrl: string;
  readonly password: string;
  /** Who works as a tenant. */
  readonly demo: { readonly username: string; readonly password: string; readonly project: string };
}

/** @throws Error when there is no bench */
export function readBench(): Bench {
  const path = join(BENCH, 'clouds.yaml');
  if (!existsSync(path)) throw new Error(`no OpenStack bench at ${BENCH}: start it first, or set OPENSTACK_BENCH_DIR`);
  const { clouds } = parse(readFileSync(path, 'utf8')) as { clouds: Record<string, { auth: Record<string, string> }> };
  const login = (name: string, field: string): string => clouds[name]?.auth[field] ?? '';
  return {
    authUrl: login('admin', 'auth_url'),
    password: login('admin', 'password'),
    demo: {
      username: login('demo', 'username'),
      password: login('demo', 'password'),
      project: login('demo', 'project_name'),
    },
  };
}

/** Jeroboam on the bench's Keystone, with the bench's settings of Magnum. */
export async function startOurs(
  { authUrl, password }: Bench,
  home: string,
  say: (line: string) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  return Installation.start({
    home: join(home, 'state'),
    env: {
      API_PORT: String(await freePort()),
      BOOTSTRAP_PORT: String(await freePort()),
      MAX_CLUSTERS_PER_PROJECT: '100000',
      // What is PATCHed is compared, not what is looked at.
      HEALTH_CHECK_SECONDS: '0',
      ...env,
    },
    cloud: {
      authUrl,
      env: {
        KEYSTONE_REGION: 'RegionOne',
        KEYSTONE_USERNAME: 'magnum',
        KEYSTONE_PASSWORD: password,
        TRUSTEE_DOMAIN_NAME: 'magnum',
        TRUSTEE_DOMAIN_ADMIN: 'magnum_domain_admin',
        TRUSTEE_DOMAIN_ADMIN_PASSWORD: password,
      },
    },
    say,
  });
}

/** Plays the servers of the bench, which never boot; goes when this process goes. */
export function startGuests(): ChildProcess {
  const program = join(here, '../../libs/sandbox/src/guests/main.js');
  const args = ['--enable-source-maps', program, '--clouds', join(BENCH, 'clouds.yaml'), '--cloud', 'admin'];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}
