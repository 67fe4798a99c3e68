import { randomInt, randomUUID } from 'node:crypto';
import { BootstrapServer } from '../../api/src/bootstrap/bootstrap-server.js';
import { createApi } from '../../api/src/create-api.js';
import { openParts as openApi } from '../../api/src/parts.js';
import { loadConfig, type Settings } from '#libs/config';
import { ClusterEntity } from '#libs/db';
import type { ClusterClient } from '#libs/kubernetes';
import { Cloud, type Timeouts } from '#libs/openstack';
import { startSandbox, type GuestFault, type Sandbox, type SandboxOptions } from '#libs/sandbox';
import { freePort, testDatabase, type TestDatabase } from '#libs/testing';
import { createConductor, type Conductor } from '../src/create-conductor.js';
import { ClusterKube } from '../src/kubernetes/cluster-kube.js';
import { openParts, type ConductorParts } from '../src/parts.js';

export interface ClusterView {
  readonly uuid: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly stack_id: string;
  readonly cluster_template_id: string;
  readonly api_address: string | null;
  readonly coe_version: string | null;
  readonly master_addresses: string[];
  readonly node_addresses: string[];
  readonly health_status: string | null;
}

/** Postgres, sandbox, API and one conductor in this process, over the real wires. */
export class TestInstallation {
  private readonly closers: (() => Promise<unknown>)[] = [];
  database!: TestDatabase;
  sandbox!: Sandbox;
  settings!: Settings;
  parts!: ConductorParts;
  conductor!: Conductor;
  private apiUrl = '';
  private token = '';

  /** @param timeouts of the conductor's calls to the cloud */
  static async start(
    sandbox: SandboxOptions = {},
    env: Record<string, string> = {},
    timeouts?: Partial<Timeouts>,
  ): Promise<TestInstallation> {
    const it = new TestInstallation();
    try {
      await it.open(sandbox, env, timeouts);
    } catch (error) {
      await it.close();
      throw error;
    }
    return it;
  }

  private async open(sandbox: SandboxOptions, env: Record<string, string>, timeouts?: Partial<Timeouts>): Promise<void> {
    this.database = await testDatabase();
    this.closers.push(() => this.database.close());
    this.sandbox = await startSandbox({ latencies: 'zero', publicCidr: ownRange(), ...sandbox });
    this.closers.push(() => this.sandbox.close());
    const bootstrapPort = String(await freePort());
    this.settings = loadConfig({
      DATABASE_URL: this.database.url,
      REDIS_URL: process.env['TEST_REDIS_URL'],
      // Other tests use the same Redis at the same time: their conductors would take our jobs.
      QUEUE_PREFIX: `test-${randomUUID()}`,
      API_PORT: '0',
      BOOTSTRAP_PORT: bootstrapPort,
      BOOTSTRAP_PUBLIC_URL: `https://127.0.0.1:${bootstrapPort}`,
      KEYSTONE_AUTH_URL: this.sandbox.authUrl,
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: this.sandbox.passwords.jeroboam,
      TRUSTEE_DOMAIN_ADMIN: 'jeroboam_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: this.sandbox.passwords.jeroboam_domain_admin,
      SECRETS_KEY_RING: `k:${Buffer.alloc(32, 1).toString('base64')}`,
      LEDGER_SCAN_MINUTES: '0',
      HEALTH_CHECK_SECONDS: '0',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      ...env,
    });
    const parts = await openParts(this.settings);
    this.closers.push(() => parts.close());
    this.parts = timeouts ? { ...parts, cloud: this.impatientCloud(timeouts) } : parts;
    this.conductor = await createConductor(this.parts);
    await this.conductor.start();
    this.closers.push(() => this.conductor.stop());
    const apiParts = await openApi(this.settings);
    this.closers.push(() => apiParts.close());
    const api = await createApi(apiParts);
    this.closers.push(() => api.close());
    await api.listen(0, '127.0.0.1');
    await api.get(BootstrapServer).listen();
    this.apiUrl = await api.getUrl();
    await this.actAs('demo', this.sandbox.passwords.demo, 'demo');
  }

  /** For clients that speak for themselves: the endpoint without `/v1`, and the token of who acts now. */
  access(): { readonly url: string; readonly token: string } {
    return { url: this.apiUrl, token: this.token };
  }

  async close(): Promise<void> {
    for (const close of this.closers.toReversed()) await close();
  }

  /** As user demo in project demo, unless `actAs` said otherwise. @returns the answer's body; throws on 4xx and 5xx with it */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.apiUrl}/v1${path}`, {
      method,
      headers: {
        'x-auth-token': this.token,
        'openstack-api-version': 'container-infra latest',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw Object.assign(new Error(`${method} ${path}: ${response.status} ${text}`), { status: response.status });
    if (response.headers.get('content-type')?.startsWith('application/yaml')) return text as T;
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async template(overrides: Record<string, unknown> = {}): Promise<string> {
    const { uuid } = await this.request<{ uuid: string }>('POST', '/clustertemplates', {
      name: 'kube',
      coe: 'kubernetes',
      image_id: 'ubuntu-24.04-kube-v1.36.4',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
      ...overrides,
    });
    return uuid;
  }

  async create(overrides: Record<string, unknown>): Promise<string> {
    const { uuid } = await this.request<{ uuid: string }>('POST', '/clusters', {
      name: 'k1',
      master_count: 1,
      node_count: 2,
      ...overrides,
    });
    return uuid;
  }

  /** The cluster, or null when it is gone. */
  async cluster(uuid: string): Promise<ClusterView | null> {
    return this.request<ClusterView>('GET', `/clusters/${uuid}`).catch((error: unknown) => {
      if ((error as { status?: number }).status === 404) return null;
      throw error;
    });
  }

  /** Until the condition holds for the cluster. @throws Error with its last state when that takes too long */
  async until(uuid: string, condition: (cluster: ClusterView | null) => boolean, withinMs = 60_000): Promise<ClusterView | null> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const cluster = await this.cluster(uuid);
      if (condition(cluster)) return cluster;
      if (Date.now() > deadline) throw new Error(`still ${cluster?.status}: ${cluster?.status_reason}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Asks the cluster's own API, as the conductor does. */
  async withKube<T>(uuid: string, work: (kube: ClusterClient) => Promise<T>): Promise<T> {
    const row = await this.parts.source.manager.findOneByOrFail(ClusterEntity, { uuid });
    const kube = await new ClusterKube(this.parts.secrets).connect(row, 10);
    try {
      return await work(kube);
    } finally {
      await kube.close();
    }
  }

  /** Somebody removes every trust in Keystone. */
  async removeTrusts(): Promise<void> {
    const { identity } = this.parts.cloud.session({
      kind: 'password',
      username: 'jeroboam',
      password: this.sandbox.passwords.jeroboam,
      userDomainName: 'Default',
      projectName: 'service',
      projectDomainName: 'Default',
    });
    for (const trust of await identity.trusts.list({})) await identity.trusts.delete(trust.id);
  }

  /** What goes wrong in guests from now on. */
  async guestFaults(...faults: readonly GuestFault[]): Promise<void> {
    const url = `${this.sandbox.adminUrl}/guest-faults`;
    const response = await fetch(url, { method: 'PUT', body: JSON.stringify({ faults }) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Everything the cloud holds, as the sandbox counts it. Tokens aside: each login makes one. */
  async inventory(): Promise<unknown> {
    const response = await fetch(`${this.sandbox.adminUrl}/inventory`);
    return response.json();
  }

  private impatientCloud(timeouts: Partial<Timeouts>): Cloud {
    const cloud = new Cloud({ authUrl: this.sandbox.authUrl, timeouts });
    this.closers.push(() => cloud.close());
    return cloud;
  }

  /** Requests come from this user from now on. */
  async actAs(user: string, password: string, project: string): Promise<void> {
    const response = await fetch(`${this.sandbox.authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: user, domain: { name: 'Default' }, password } },
          },
          scope: { project: { name: project, domain: { name: 'Default' } } },
        },
      }),
    });
    this.token = response.headers.get('x-subject-token') ?? '';
  }
}

/** Guests really listen on their floating addresses: several tests at once must not meet there. */
const ownRange = (): string => `127.${randomInt(30, 250)}.${randomInt(0, 256)}.0/24`;
