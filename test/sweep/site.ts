import { randomInt, randomUUID } from 'node:crypto';
import { loadConfig, type Settings } from '#libs/config';
import { OperationsRepository, UnitOfWork, type Database } from '#libs/db';
import { noGuestLatencies, startSandbox, type Sandbox } from '#libs/sandbox';
import { freePort, testDatabase } from '#libs/testing';
import { BootstrapServer } from '../../apps/api/src/bootstrap/bootstrap-server.js';
import { createApi } from '../../apps/api/src/create-api.js';
import { openParts as openApi } from '../../apps/api/src/parts.js';
import { openParts, type ConductorParts } from '../../apps/conductor/src/parts.js';
import { SERVICE } from '../../apps/conductor/src/operations/service-scope.js';
import { LeftConnections } from './process/gated-database.js';
import { SimulatedKubernetes } from './process/simulated-kubernetes.js';
import { SimulatedQueue } from './process/simulated-queue.js';

/** The bound of every operation: one that ends by it has not ended by itself. */
export const BOUND_SECONDS = 300;
/** How soon a lost job is sent again. */
const SWEEP_MS = 500;
const LEASE_SECONDS = 3;
/** What the guests wait for others: they are as fast as the machine. */
const GUEST_PATIENCE = 0.1;

/** `whole`: machines that boot, fetch their bundle, join over TLS; `simulated`: servers that are nodes by being there. */
export type Guests = 'whole' | 'simulated';

/** Postgres, the sandbox, and the API: one of each for many clusters. */
export class SweepSite {
  readonly queue = new SimulatedQueue();
  readonly connections = new LeftConnections();
  private readonly closers: (() => Promise<unknown>)[] = [];
  database!: Database;
  sandbox!: Sandbox;
  settings!: Settings;
  parts!: ConductorParts;
  /** Null where the guests are whole. */
  kubernetes: SimulatedKubernetes | null = null;
  apiUrl = '';
  private sweep: NodeJS.Timeout | undefined;

  private constructor(readonly guests: Guests) {}

  static async start(guests: Guests = 'simulated'): Promise<SweepSite> {
    const it = new SweepSite(guests);
    try {
      await it.open();
    } catch (error) {
      await it.close();
      throw error;
    }
    return it;
  }

  private async open(): Promise<void> {
    const database = await testDatabase();
    this.closers.push(() => database.close());
    this.database = database.source;
    this.closers.push(async () => this.connections.close());
    // Conductors die young here: their connections would plan most statements anew.
    const name = new URL(database.url).pathname.slice(1);
    await this.database.query(`ALTER DATABASE ${name} SET plan_cache_mode = force_generic_plan`);
    await this.database.query(`CREATE FUNCTION sweep_bound() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      NEW.deadline_at := now() + ${BOUND_SECONDS} * interval '1 second'; RETURN NEW; END $$`);
    await this.database.query(
      `CREATE TRIGGER sweep_bound BEFORE INSERT ON operations FOR EACH ROW EXECUTE FUNCTION sweep_bound()`,
    );
    const range = randomInt(30, 250);
    this.sandbox = await startSandbox({
      latencies: 'zero',
      publicCidr: `127.${range}.0.0/18`,
      guestInternalCidr: `127.${range}.64.0/18`,
      guestLatencies: noGuestLatencies,
      guestPatience: GUEST_PATIENCE,
      ...(this.guests === 'simulated' ? { guests: false } : {}),
    });
    this.closers.push(() => this.sandbox.close());
    if (this.guests === 'simulated') this.kubernetes = new SimulatedKubernetes(this.sandbox, this.database);
    const bootstrapPort = String(await freePort());
    this.settings = loadConfig({
      DATABASE_URL: database.url,
      QUEUE_PREFIX: `sweep-${randomUUID()}`,
      API_PORT: '0',
      BOOTSTRAP_PORT: bootstrapPort,
      BOOTSTRAP_PUBLIC_URL: `https://127.0.0.1:${bootstrapPort}`,
      KEYSTONE_AUTH_URL: this.sandbox.authUrl,
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: this.sandbox.passwords.jeroboam,
      TRUSTEE_DOMAIN_ADMIN: 'jeroboam_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: this.sandbox.passwords.jeroboam_domain_admin,
      SECRETS_KEY_RING: `k:${Buffer.alloc(32, 1).toString('base64')}`,
      LEASE_SECONDS: String(LEASE_SECONDS),
      DRAIN_SECONDS: '2',
      LEDGER_SCAN_MINUTES: '0',
      HEALTH_CHECK_SECONDS: '0',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    });
    const parts = await openParts(this.settings);
    this.closers.push(() => parts.close());
    this.parts = { ...parts, queue: this.queue };
    const apiParts = await openApi(this.settings);
    this.closers.push(() => apiParts.close());
    const api = await createApi({ ...apiParts, queue: this.queue });
    this.closers.push(() => api.close());
    await api.listen(0, '127.0.0.1');
    await api.get(BootstrapServer).listen();
    this.apiUrl = await api.getUrl();
    this.sendAgain(new OperationsRepository(parts.source));
  }

  async close(): Promise<void> {
    clearTimeout(this.sweep);
    for (const close of this.closers.splice(0).toReversed()) await close();
  }

  uow(): UnitOfWork {
    return this.parts.uow;
  }

  /** A project with a user of its own. */
  async tenant(name: string): Promise<{ projectId: string; login: () => Promise<string> }> {
    const password = randomUUID();
    const { project } = await this.keystone<{ project: { id: string } }>('POST', '/projects', { project: { name } });
    const { user } = await this.keystone<{ user: { id: string } }>('POST', '/users', {
      user: { name, password, domain_id: 'default' },
    });
    const { roles } = await this.keystone<{ roles: { id: string; name: string }[] }>('GET', '/roles');
    for (const role of roles.filter((one) => ['member', 'reader'].includes(one.name)))
      await this.keystone('PUT', `/projects/${project.id}/users/${user.id}/roles/${role.id}`);
    return { projectId: project.id, login: () => this.login(name, password, name) };
  }

  private async login(user: string, password: string, project: string): Promise<string> {
    const identity = { methods: ['password'], password: { user: { name: user, domain: { name: 'Default' }, password } } };
    const scope = { project: { name: project, domain: { name: 'Default' } } };
    const response = await fetch(`${this.sandbox.authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope } }),
    });
    const token = response.headers.get('x-subject-token');
    if (!token) throw new Error(`login of ${user}: ${response.status} ${await response.text()}`);
    return token;
  }

  private async keystone<T>(method: string, path: string, body?: unknown): Promise<T> {
    // The nightly sweep outlives a token.
    const adminToken = await this.login('admin', this.sandbox.passwords.admin, 'admin');
    const response = await fetch(`${this.sandbox.authUrl}${path}`, {
      method,
      headers: { 'x-auth-token': adminToken, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** The sweep of lost operations, as each conductor runs it. */
  private sendAgain(operations: OperationsRepository): void {
    const round = async (): Promise<void> => {
      const lost = await operations.claimLost(SERVICE, SWEEP_MS, 500).catch(() => []);
      for (const uuid of lost) await this.queue.add(uuid);
      this.sweep = setTimeout(() => void round(), SWEEP_MS);
    };
    void round();
  }
}
