import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '#libs/testing';
import { parse } from 'yaml';
import { Installation } from '../../apps/standalone/src/installation.js';
import { certificateRequest } from '../../apps/api/test/certificate-request.js';
import { BenchCloud } from '../support/bench-cloud.js';
import type { Role } from './script.js';
import { Side } from './side.js';

const BENCH = process.env['OPENSTACK_BENCH_DIR'] ?? '/var/lib/openstack-bench';
const here = dirname(fileURLToPath(import.meta.url));

/** The bench with its Magnum, and Jeroboam beside it on the same Keystone, Nova, Neutron and Glance. */
export class WireSite {
  private constructor(
    readonly magnum: Side,
    readonly ours: Side,
    private readonly cloud: BenchCloud,
    private readonly inventory: Record<string, string[]>,
    private readonly undo: (() => Promise<void> | void)[],
  ) {}

  /** @throws Error when there is no bench, or no Magnum in it */
  static async start(say: (line: string) => void, waitSeconds: number): Promise<WireSite> {
    const bench = readBench();
    const cloud = await BenchCloud.login(bench.authUrl, bench.password);
    const magnumUrl = await cloud.magnum();
    const inventory = await cloud.inventory();
    const home = mkdtempSync(join(tmpdir(), 'jeroboam-wire-'));
    const undo: (() => Promise<void> | void)[] = [() => rmSync(home, { recursive: true, force: true })];
    try {
      const installation = await startOurs(bench, home, say);
      undo.push(() => installation.stop());
      const guests = startGuests();
      undo.push(() => void guests.kill('SIGTERM'));
      const { tokens, placeholders } = await logins(bench);
      const shared = { ...placeholders, csr: (await certificateRequest('CN=jane, O=developers')).csr };
      const magnum = new Side('Magnum', magnumUrl, tokens, { ...shared, image: 'fedora-coreos' }, waitSeconds);
      const ours = new Side('Jeroboam', installation.apiUrl, tokens, { ...shared, image: 'ubuntu' }, waitSeconds);
      return new WireSite(magnum, ours, cloud, inventory, undo);
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw error;
    }
  }

  /** What the cloud holds now and did not hold before, by kind; empty: it is as it was. */
  async left(): Promise<string[]> {
    const now = await this.cloud.inventory();
    return Object.entries(now).flatMap(([kind, ids]) =>
      ids.filter((id) => !this.inventory[kind]?.includes(id)).map((id) => `${kind} ${id}`),
    );
  }

  async stop(): Promise<void> {
    for (const step of this.undo.splice(0).toReversed()) await step();
  }
}

interface Bench {
  readonly authUrl: string;
  readonly password: string;
}

export function readBench(): Bench {
  const path = join(BENCH, 'clouds.yaml');
  if (!existsSync(path)) throw new Error(`no OpenStack bench at ${BENCH}: start it first, or set OPENSTACK_BENCH_DIR`);
  const { admin } = (parse(readFileSync(path, 'utf8')) as { clouds: Record<string, { auth: Record<string, string> }> }).clouds;
  return { authUrl: admin?.auth['auth_url'] ?? '', password: admin?.auth['password'] ?? '' };
}

/** Jeroboam on the bench's Keystone, with the bench's settings of Magnum. */
export async function startOurs({ authUrl, password }: Bench, home: string, say: (line: string) => void): Promise<Installation> {
  return Installation.start({
    home: join(home, 'state'),
    env: {
      API_PORT: String(await freePort()),
      BOOTSTRAP_PORT: String(await freePort()),
      MAX_CLUSTERS_PER_PROJECT: '100000',
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

async function logins(bench: Bench): Promise<{ tokens: Record<Role, string>; placeholders: Record<string, string> }> {
  const scoped = (user: string, project: string): Promise<Login> =>
    login(bench, user, { project: { name: project, domain: { name: 'Default' } } });
  const [demo, reader, other, admin, system, unscoped] = await Promise.all([
    scoped('demo', 'demo'),
    scoped('reader', 'demo'),
    scoped('other', 'other'),
    scoped('admin', 'admin'),
    login(bench, 'admin', { system: { all: true } }),
    login(bench, 'demo', 'unscoped'),
  ]);
  const tokens: Record<Role, string> = {
    demo: demo.token,
    reader: reader.token,
    other: other.token,
    admin: admin.token,
    system: system.token,
    unscoped: unscoped.token,
    invalid: 'not-a-token',
    nobody: '',
  };
  const placeholders = {
    project_demo: demo.projectId,
    project_other: other.projectId,
    project_admin: admin.projectId,
    user_demo: demo.userId,
    user_admin: admin.userId,
    user_other: other.userId,
  };
  return { tokens, placeholders };
}

interface Login {
  readonly token: string;
  readonly projectId: string;
  readonly userId: string;
}

async function login({ authUrl, password }: Bench, name: string, scope: unknown): Promise<Login> {
  const user = { name, domain: { name: 'Default' }, password };
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  if (!response.ok) throw new Error(`Keystone refuses ${name}: ${response.status} ${await response.text()}`);
  const { token } = (await response.json()) as { token: { user: { id: string }; project?: { id: string } } };
  return { token: response.headers.get('x-subject-token') ?? '', projectId: token.project?.id ?? '', userId: token.user.id };
}
