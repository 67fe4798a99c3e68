import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateRequest } from '../../apps/api/test/certificate-request.js';
import { BenchCloud } from '../support/bench-cloud.js';
import { readBench, startGuests, startOurs, type Bench } from '../support/bench-site.js';
import type { Role } from './script.js';
import { Side } from './side.js';

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
