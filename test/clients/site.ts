import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#libs/testing';
import { Installation } from '../../apps/standalone/src/installation.js';
import { eventually } from '../support/commands.js';
import { counted, inventoryOf, type Inventory } from '../support/inventory.js';

/** An answer as a client of any language sees it: nobody has checked it. */
export type WireBody = any; // oxlint-disable-line no-explicit-any -- what is read of it is what the row shows

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else the text. */
  readonly body: WireBody;
}

/** Seconds that an operation on a cluster may take. */
export const LIMIT = Number(process.env['TEST_CLIENTS_SECONDS'] ?? 120);
export const IMAGE = 'ubuntu-24.04-kube-v1.36.4';
/** Same operating system, for templates to upgrade to. */
export const KEYPAIR = 'clients';

const ROLES = ['member', 'reader'];

/** One standalone installation for all clients: each gets a project of its own, so that lists and counts are exact. */
export class ClientSite {
  private adminToken = '';
  private before: Inventory = {};
  private readonly projects: string[] = [];

  private constructor(
    readonly installation: Installation,
    readonly home: string,
  ) {}

  static async start(): Promise<ClientSite> {
    const home = mkdtempSync(join(tmpdir(), 'jeroboam-clients-'));
    const installation = await Installation.start({
      home: join(home, 'state'),
      env: {
        API_PORT: String(await freePort()),
        BOOTSTRAP_PORT: String(await freePort()),
        SANDBOX_PORT: '0',
        HEALTH_CHECK_SECONDS: '0',
      },
      // A range of its own: guests really listen there, and other tests run beside.
      sandbox: { latencies: { factor: 0.25 }, publicCidr: `127.${randomInt(30, 250)}.0.0/16` },
      say: console.log,
    });
    const site = new ClientSite(installation, home);
    site.adminToken = await site.token('admin', { name: 'admin', domain: { name: 'Default' } });
    await site.cloud('POST', '/compute/v2.1/os-keypairs', { keypair: { name: KEYPAIR } }, await site.demoToken());
    site.before = await inventoryOf(installation.sandboxAdminUrl);
    return site;
  }

  async stop(): Promise<void> {
    await this.installation.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** A project of its own in which `demo` is a member. */
  async account(name: string): Promise<Account> {
    const created = await this.cloud('POST', '/identity/v3/projects', {
      project: { name: `client-${name}`, domain_id: 'default' },
    });
    const project = created.body.project.id as string;
    this.projects.push(project);
    const users = await this.cloud('GET', '/identity/v3/users?name=demo');
    const roles = await this.cloud('GET', '/identity/v3/roles');
    for (const role of roles.body.roles as { id: string; name: string }[])
      if (ROLES.includes(role.name))
        await this.cloud('PUT', `/identity/v3/projects/${project}/users/${users.body.users[0].id}/roles/${role.id}`);
    const dir = join(this.home, name);
    mkdirSync(dir);
    const member = await this.token('demo', { id: project });
    const account = new Account(name, project, dir, member, this.adminToken, this);
    writeFileSync(account.cloudsYaml, JSON.stringify(this.clouds(project)));
    return account;
  }

  /** What is there now and was not before. */
  async left(): Promise<Record<string, number>> {
    for (const project of this.projects.splice(0)) await this.cloud('DELETE', `/identity/v3/projects/${project}`);
    const counts = counted(await inventoryOf(this.installation.sandboxAdminUrl), this.before);
    // Neutron makes one in each project at the first look.
    delete counts['security_groups'];
    return counts;
  }

  /** A call of the sandbox cloud, as the administrator when no token is given. @throws Error it is not a 2xx */
  async cloud(method: string, path: string, body?: unknown, token = this.adminToken): Promise<WireAnswer> {
    const base = this.installation.authUrl.replace('/identity/v3', '');
    const answer = await send(method, `${base}${path}`, { 'x-auth-token': token }, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  private demoToken(): Promise<string> {
    return this.token('demo', { name: 'demo', domain: { name: 'Default' } });
  }

  private async token(user: 'demo' | 'admin', project: object): Promise<string> {
    const password = this.installation.password(user);
    const identity = { methods: ['password'], password: { user: { name: user, domain: { name: 'Default' }, password } } };
    const auth = { identity, scope: { project } };
    const answer = await send('POST', `${this.installation.authUrl}/auth/tokens`, {}, { auth });
    return answer.headers.get('x-subject-token') ?? '';
  }

  private clouds(project: string): object {
    const entry = (username: 'demo' | 'admin', scope: object): object => ({
      auth: {
        auth_url: this.installation.authUrl,
        username,
        password: this.installation.password(username),
        user_domain_name: 'Default',
        ...scope,
      },
      region_name: 'sandbox',
      interface: 'public',
      identity_api_version: 3,
    });
    return {
      clouds: {
        member: entry('demo', { project_id: project }),
        admin: entry('admin', { project_name: 'admin', project_domain_name: 'Default' }),
      },
    };
  }
}

/** One client's project, and the ways into it. */
export class Account {
  readonly cloudsYaml: string;

  constructor(
    readonly name: string,
    readonly project: string,
    /** Writable folder. */
    readonly dir: string,
    readonly memberToken: string,
    readonly adminToken: string,
    readonly site: ClientSite,
  ) {
    this.cloudsYaml = join(dir, 'clouds.yaml');
  }

  get apiUrl(): string {
    return this.site.installation.apiUrl;
  }

  /** A call of the container-infra API with these headers beside the token. */
  async call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: unknown,
    token = this.memberToken,
  ): Promise<WireAnswer> {
    return send(method, `${this.apiUrl}${path}`, { 'x-auth-token': token, ...headers }, body);
  }

  /** Waits until the cluster's status no longer ends in _IN_PROGRESS. @returns the status; 'gone' when it is not there */
  async settled(cluster: string): Promise<string> {
    return eventually(`${cluster} to settle`, LIMIT, async () => {
      const { status, body } = await this.call('GET', `/v1/clusters/${cluster}`);
      if (status === 404) return 'gone';
      const now = String(body.status);
      if (now.endsWith('_FAILED')) throw new Error(`${cluster} is ${now}: ${body.status_reason}`);
      return !now.endsWith('_IN_PROGRESS') && now;
    });
  }

  /** A network with a subnet, for `fixed_network`; taken away by `dropNetwork`. */
  async network(): Promise<{ network: string; subnet: string; drop: () => Promise<void> }> {
    const create = async (path: string, body: unknown): Promise<string> => {
      const answer = await this.site.cloud('POST', `/network/v2.0/${path}`, body, this.memberToken);
      return (Object.values(answer.body)[0] as { id: string }).id;
    };
    const network = await create('networks', { network: { name: `${this.name}-net` } });
    const subnet = await create('subnets', {
      subnet: { name: `${this.name}-subnet`, network_id: network, cidr: '10.77.0.0/24', ip_version: 4 },
    });
    const drop = async (): Promise<void> => {
      await this.site.cloud('DELETE', `/network/v2.0/networks/${network}`, undefined, this.memberToken);
    };
    return { network, subnet, drop };
  }
}

async function send(method: string, url: string, headers: Readonly<Record<string, string>>, body: unknown): Promise<WireAnswer> {
  const sent = new Headers({ ...headers });
  if (body !== undefined && !sent.has('content-type')) sent.set('content-type', 'application/json');
  const init: RequestInit = { method, headers: sent, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(url, init);
  const text = await response.text();
  const parsed: unknown = response.headers.get('content-type')?.includes('json') && text !== '' ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed };
}
