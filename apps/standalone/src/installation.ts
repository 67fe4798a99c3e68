import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort, startEmbeddedPostgres, type EmbeddedPostgres } from '#libs/testing';
import { Child } from './child.js';
import type { SandboxReady } from './sandbox.main.js';
import { SANDBOX_USERS, StateFolder, type StoredSecrets } from './state.js';

export interface InstallationOptions {
  readonly home: string;
  /** Overrides of the services' settings. */
  readonly env?: Readonly<Record<string, string>>;
  readonly conductors?: number;
  /** Sandbox settings; `{}`: the default latencies. */
  readonly sandbox?: Readonly<Record<string, unknown>>;
  /** A cloud that is there already, instead of the sandbox: its identity API and the KEYSTONE_ and TRUSTEE_ settings. */
  readonly cloud?: { readonly authUrl: string; readonly env: Readonly<Record<string, string>> };
  readonly say?: (line: string) => void;
}

const READY_MS = 60_000;
/** A process that ends by itself is started again, unless that happened this often within the time. */
const RESTARTS = 5;
const RESTARTS_WITHIN_MS = 60_000;
const RESTART_DELAY_MS = 500;

/** A whole cloud and a whole Jeroboam on this machine: PostgreSQL, the sandbox, the API and conductors, as child processes. */
export class Installation {
  private readonly children: Child[] = [];
  private postgres: EmbeddedPostgres | undefined;
  private stopped: Promise<void> | undefined;
  private up = false;
  private fail: (error: Error) => void = () => undefined;
  private readonly restarts: number[] = [];

  private constructor(
    readonly state: StateFolder,
    readonly apiUrl: string,
    private readonly secrets: StoredSecrets,
    private readonly options: InstallationOptions,
  ) {}

  /** Rejects when a process ends again and again: time to stop. */
  readonly failure = new Promise<never>((_, reject) => (this.fail = reject));
  authUrl = '';
  sandboxAdminUrl = '';
  databaseUrl = '';

  /**
   * Starts everything and waits until the API answers.
   * @throws AlreadyRunning when another process has the folder; Error with the child's words when one does not come up
   */
  static async start(options: InstallationOptions): Promise<Installation> {
    const state = new StateFolder(options.home);
    state.prepare();
    const owner = state.lock();
    if (owner !== null) throw new AlreadyRunning(owner, options.home);
    const port = setting(options, 'API_PORT') ?? '9511';
    const installation = new Installation(
      state,
      `http://${setting(options, 'API_HOST') ?? '127.0.0.1'}:${port}`,
      state.secrets(),
      options,
    );
    installation.failure.catch(() => undefined);
    try {
      await installation.startAll(port);
      installation.up = true;
    } catch (error) {
      await installation.stop();
      throw error;
    }
    return installation;
  }

  /** Conductors first, so that nothing is half asked; the database last. */
  stop(): Promise<void> {
    this.stopped ??= (async () => {
      for (const child of this.children.toReversed()) await child.stop();
      await this.postgres?.stop();
    })();
    return this.stopped;
  }

  password(user: keyof typeof SANDBOX_USERS): string {
    return this.secrets.passwords[user] ?? '';
  }

  /** Processes by name, for drills that end one. */
  pids(): Record<string, number> {
    return Object.fromEntries(this.children.map((child) => [child.name, child.pid]));
  }

  /** For drills: kill -9, and the same program again. */
  async killAndRestart(name: string): Promise<void> {
    const index = this.children.findIndex((child) => child.name === name);
    const child = this.children[index];
    if (!child) throw new Error(`no process ${name}`);
    await child.kill();
    this.children[index] = child.again();
  }

  private async startAll(apiPort: string): Promise<void> {
    const bootstrapPort = setting(this.options, 'BOOTSTRAP_PORT') ?? '9512';
    await assertFree(apiPort, 'API_PORT');
    await assertFree(bootstrapPort, 'BOOTSTRAP_PORT');
    const [postgres, cloud] = await Promise.all([
      startEmbeddedPostgres({ dir: this.state.postgres }),
      this.options.cloud ?? this.startSandbox(),
    ]);
    this.keepPostgres(postgres);
    this.authUrl = cloud.authUrl;
    this.databaseUrl = setting(this.options, 'DATABASE_URL') ?? postgres.url;
    const env = {
      DATABASE_URL: this.databaseUrl,
      API_PORT: apiPort,
      BOOTSTRAP_PORT: bootstrapPort,
      BOOTSTRAP_PUBLIC_URL: `https://127.0.0.1:${bootstrapPort}`,
      KEYSTONE_AUTH_URL: cloud.authUrl,
      SECRETS_KEY_RING: `local:${this.secrets.key}`,
      // Several installations on one machine: the one on the usual port has the usual ports for metrics too.
      API_METRICS_PORT: setting(this.options, 'API_METRICS_PORT') ?? (apiPort === '9511' ? undefined : '0'),
      CONDUCTOR_METRICS_PORT: setting(this.options, 'CONDUCTOR_METRICS_PORT') ?? (apiPort === '9511' ? undefined : '0'),
      ...cloud.env,
      ...this.options.env,
    };
    const api = this.child('api', '../../api/src/main.js', env);
    for (let n = 1; n <= (this.options.conductors ?? 1); n++) this.conductor(n, env);
    await this.untilReady(api);
  }

  private async startSandbox(): Promise<{ authUrl: string; env: Record<string, string> }> {
    const { passwords } = this.secrets;
    // The cluster autoscaler asks the catalogue for this name.
    const catalog = [
      { type: 'container-infra', name: 'magnum', url: `${this.apiUrl}/v1` },
      { type: 'orchestration', name: 'heat', url: `${this.apiUrl}/orchestration/v1/$(project_id)s` },
    ];
    const wanted = setting(this.options, 'SANDBOX_PORT') ?? '9513';
    if (wanted !== '0') await assertFree(wanted, 'SANDBOX_PORT');
    // The same after a restart.
    const port = Number(wanted) || (await freePort());
    const options = { dir: this.state.sandbox, port, passwords, catalog, ...this.options.sandbox };
    // Not as an argument, which every user of the computer may read.
    const sandbox = this.child('sandbox', 'sandbox.main.js', { SANDBOX_OPTIONS: JSON.stringify(options) });
    const { authUrl, adminUrl } = await sandbox.message<SandboxReady>();
    this.sandboxAdminUrl = adminUrl;
    this.state.writeCloudsYaml(authUrl, passwords);
    const env = {
      KEYSTONE_REGION: 'sandbox',
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: passwords['jeroboam'] ?? '',
      TRUSTEE_DOMAIN_ADMIN: 'jeroboam_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: passwords['jeroboam_domain_admin'] ?? '',
    };
    return { authUrl, env };
  }

  /** Starts one more conductor. */
  private conductor(n: number, env: Record<string, string | undefined>): Child {
    const name = n === 1 ? 'conductor' : `conductor-${n}`;
    return this.child(name, '../../conductor/src/main.js', {
      ...env,
      CONDUCTOR_NAME: name,
      ...(n === 1 ? {} : { CONDUCTOR_METRICS_PORT: '0' }),
    });
  }

  private child(name: string, program: string, env: Record<string, string | undefined>): Child {
    const child = new Child(name, program, env, join(this.state.logs, `${name}.log`), (ended) => this.onCrash(ended));
    this.children.push(child);
    return child;
  }

  /** Starts a process again that has ended by itself; everything it was doing goes on from the database. */
  private onCrash(child: Child): void {
    // While starting, whoever waits for it tells.
    if (this.stopped || !this.up) return;
    const why = child.ending.startsWith('SIG') ? '' : `; its last words:\n${child.lastWords}`;
    this.restart(child.name, `${child.ending}${why}`, () => {
      this.children[this.children.indexOf(child)] = child.again();
    });
  }

  private keepPostgres(postgres: EmbeddedPostgres): void {
    this.postgres = postgres;
    void postgres.ended.then(() => {
      if (this.stopped) return;
      this.restart('PostgreSQL', 'it stopped', async () => {
        this.keepPostgres(await startEmbeddedPostgres({ dir: this.state.postgres, port: postgres.port }));
      });
    });
  }

  private restart(name: string, how: string, again: () => void | Promise<void>): void {
    const now = Date.now();
    this.restarts.push(now);
    if (this.restarts.filter((at) => at > now - RESTARTS_WITHIN_MS).length > RESTARTS) {
      this.fail(new Error(`${name} has ended (${how})\nthat was too often; see ${this.state.logs}`));
      return;
    }
    this.options.say?.(`${name} has ended (${how}); starting it again`);
    setTimeout(() => {
      if (this.stopped) return;
      Promise.resolve()
        .then(again)
        .catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
    }, RESTART_DELAY_MS);
  }

  private async untilReady(api: Child): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      for (const child of this.children) child.assertRunning();
      const up = await fetch(`${this.apiUrl}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (up) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    api.assertRunning();
    throw new Error(`the API did not become ready within ${READY_MS / 1000} s; see ${this.state.logs}`);
  }
}

export class AlreadyRunning extends Error {
  constructor(
    readonly pid: number,
    home: string,
  ) {
    super(`process ${pid} already runs on ${home}`);
  }
}

function setting(options: InstallationOptions, name: string): string | undefined {
  return options.env?.[name] ?? process.env[name];
}

function assertFree(port: string, variable: string): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535)
    return Promise.reject(new Error(`${variable} is "${port}"; a port is a number from 1 to 65535`));
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () =>
      reject(new Error(`port ${port} is in use: stop what listens there, or set ${variable} to another port`)),
    );
    probe.listen(Number(port), '127.0.0.1', () => probe.close(() => resolve()));
  });
}
