import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#libs/testing';
import pg from 'pg';
import { ensureTemplate, TEMPLATE } from '../../apps/standalone/src/bench/api.bench.js';
import { ApiError, ContainerInfra, type ClusterView } from '../../apps/standalone/src/client.js';
import { Installation } from '../../apps/standalone/src/installation.js';
import { eventually } from './commands.js';
import { counted, inventoryOf, refuseSecrets, type Inventory } from './inventory.js';

export const LEASE_SECONDS = 2;
const LIMIT_SECONDS = 60;

/** How long each step takes when nothing is in its way. */
export type StepTimes = readonly { readonly name: string; readonly ms: number }[];

/** An installation of real processes with two conductors and a cloud slow enough to have moments. */
export class Processes {
  private readonly home = mkdtempSync(join(tmpdir(), 'jeroboam-faults-'));
  installation!: Installation;
  database!: pg.Client;
  private api!: ContainerInfra;
  private empty: Inventory = {};
  /** What a cluster is made of, by kind. */
  private whole: Record<string, number> = {};
  createSteps: StepTimes = [];
  deleteSteps: StepTimes = [];

  /** Starts all, and makes and removes one cluster undisturbed: what it is made of, and how long each step takes. */
  static async start(env: Record<string, string | undefined> = {}): Promise<Processes> {
    const it = new Processes();
    try {
      await it.open(env);
    } catch (error) {
      await it.stop();
      throw error;
    }
    return it;
  }

  private async open(env: Record<string, string | undefined>): Promise<void> {
    this.installation = await Installation.start({
      home: this.home,
      conductors: 2,
      env: given({
        API_PORT: String(await freePort()),
        BOOTSTRAP_PORT: String(await freePort()),
        SANDBOX_PORT: '0',
        LEASE_SECONDS: String(LEASE_SECONDS),
        SWEEP_SECONDS: '0.5',
        LOG_LEVEL: 'info',
        ...env,
      }),
      // Slower than instant, so that there are moments to hit.
      // A range of its own: guests really listen there, and other tests run beside.
      sandbox: { latencies: { factor: 0.1, apiMs: 200 }, publicCidr: `127.${randomInt(30, 250)}.${randomInt(0, 256)}.0/24` },
    });
    const { apiUrl, authUrl, databaseUrl } = this.installation;
    this.api = await ContainerInfra.login(apiUrl, authUrl, 'demo', this.installation.password('demo'), 'demo');
    this.database = await connect(databaseUrl);
    await ensureTemplate(this.api);
    this.empty = await this.inventory();
    const uuid = await this.create('warm');
    assert.equal((await this.settled(uuid)).status, 'CREATE_COMPLETE');
    this.whole = counted(await this.inventory(), this.empty);
    this.createSteps = await this.stepTimes(uuid, 'create');
    await this.askDelete(uuid);
    await this.assertGone(uuid);
    this.deleteSteps = await this.stepTimes(uuid, 'delete');
  }

  /** After the server has ended under us. @returns whether it answers */
  async reconnect(): Promise<boolean> {
    await this.database.end().catch(() => undefined);
    try {
      this.database = await connect(this.installation.databaseUrl);
      return true;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    await this.database?.end().catch(() => undefined);
    await this.installation?.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  async create(name: string): Promise<string> {
    const body = { name, cluster_template_id: TEMPLATE, master_count: 1, node_count: 1, create_timeout: 5 };
    return (await this.api.request<{ uuid: string }>('POST', '/clusters', body)).uuid;
  }

  /** Any request, as user demo. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.api.request<T>(method, path, body);
  }

  /** What there is more than at the start, by kind. */
  async made(): Promise<Record<string, number>> {
    return counted(await this.inventory(), this.empty);
  }

  askDelete(uuid: string): Promise<void> {
    return this.api.request('DELETE', `/clusters/${uuid}`);
  }

  settled(uuid: string, withinSeconds = LIMIT_SECONDS): Promise<ClusterView> {
    return eventually(
      `cluster ${uuid} to settle`,
      withinSeconds,
      async () => {
        const cluster = await this.api.cluster(uuid).catch(unlessUnavailable);
        return cluster?.status.endsWith('_IN_PROGRESS') ? undefined : cluster;
      },
      200,
    );
  }

  /** Until no operation of the cluster is open. */
  async untilIdle(uuid: string): Promise<void> {
    await eventually(
      `operations of ${uuid} to end`,
      LIMIT_SECONDS,
      async () => {
        const { rowCount } = await this.database.query(
          `SELECT 1 FROM operations WHERE cluster_uuid = $1 AND status IN ('pending', 'running')`,
          [uuid],
        );
        return rowCount === 0 ? true : undefined;
      },
      50,
    );
  }

  /** COMPLETE, and as many objects of each kind as a cluster has, once each. */
  async assertWhole(uuid: string, how: string): Promise<void> {
    const cluster = await this.settled(uuid);
    assert.equal(cluster.status, 'CREATE_COMPLETE', `${cluster.status_reason} (${how})`);
    assert.deepEqual(counted(await this.inventory(), this.empty), this.whole, how);
  }

  async assertGone(uuid: string): Promise<void> {
    await this.untilGone(uuid);
    await this.assertEmpty();
  }

  async assertEmpty(): Promise<void> {
    assert.deepEqual(counted(await this.inventory(), this.empty), {}, 'nothing is left');
  }

  /** @throws Error the delete fails */
  async untilGone(uuid: string): Promise<void> {
    await eventually(
      `cluster ${uuid} to go`,
      LIMIT_SECONDS,
      async () => {
        const cluster = await this.api.findCluster(uuid).catch(unlessUnavailable);
        if (cluster?.status === 'DELETE_FAILED') throw new Error(`DELETE_FAILED: ${cluster.status_reason}`);
        return cluster === null ? true : undefined;
      },
      200,
    );
  }

  /** Waits until the cluster's operation is in this step, and so much longer. @returns who holds the lease then */
  async reach(uuid: string, step: string, ms: number): Promise<{ holder: string | null; step: string | null }> {
    const at = (): Promise<{ holder: string | null; step: string | null }> => this.at(uuid);
    await eventually(
      `step ${step}`,
      LIMIT_SECONDS,
      async () => {
        const { rowCount } = await this.database.query(
          `SELECT 1 FROM operation_steps s JOIN operations o ON o.uuid = s.operation_uuid
           WHERE o.id = (SELECT max(id) FROM operations WHERE cluster_uuid = $1) AND s.name = $2`,
          [uuid, step],
        );
        return rowCount === 1;
      },
      5,
    );
    await new Promise((resolve) => setTimeout(resolve, ms));
    return at();
  }

  /** Who works on the cluster, and on which step. */
  private async at(uuid: string): Promise<{ holder: string | null; step: string | null }> {
    const { rows } = await this.database.query<{ owner: string; step: string | null }>(
      `SELECT l.owner, o.step FROM leases l JOIN operations o ON 'cluster:' || o.cluster_uuid = l.name
       WHERE o.cluster_uuid = $1 AND o.status = 'running' AND l.owner <> '' AND l.expires_at > clock_timestamp()`,
      [uuid],
    );
    const [row] = rows;
    // `conductor-2/<uuid of this acquisition>`
    return { holder: row?.owner.split('/')[0] ?? null, step: row?.step ?? null };
  }

  /** How often a conductor has taken up the newest operation. */
  async attempts(uuid: string): Promise<number> {
    const { rows } = await this.database.query<{ attempts: number }>(
      'SELECT attempts FROM operations WHERE cluster_uuid = $1 ORDER BY id DESC LIMIT 1',
      [uuid],
    );
    return rows[0]?.attempts ?? 0;
  }

  inventory(): Promise<Inventory> {
    return inventoryOf(this.installation.sandboxAdminUrl);
  }

  /** What the cloud has been asked since `forgetCalls`, in words. */
  async calls(): Promise<string[]> {
    const { calls } = (await (await fetch(`${this.installation.sandboxAdminUrl}/calls?limit=100`)).json()) as {
      calls: { service: string; method: string; path: string; status: number }[];
    };
    return calls.map(({ service, method, path, status }) => `${service} ${method} ${path}: ${status}`);
  }

  async forgetCalls(): Promise<void> {
    await fetch(`${this.installation.sandboxAdminUrl}/calls`, { method: 'DELETE' });
  }

  /** Takes away what a failed test has left. */
  async cleanUp(): Promise<void> {
    const { clusters } = await this.api.request<{ clusters: { uuid: string }[] }>('GET', '/clusters');
    for (const { uuid } of clusters) {
      await this.askDelete(uuid);
      await this.assertGone(uuid);
    }
  }

  /** What all processes have logged. @throws AssertionError a secret is in it */
  refuseSecretsInLogs(): void {
    const dir = this.installation.state.logs;
    for (const file of readdirSync(dir)) {
      const text = readFileSync(join(dir, file), 'utf8');
      refuseSecrets(text, Object.values(this.installation.state.secrets().passwords));
    }
  }

  /** Of the newest operation of this kind. */
  async stepTimes(uuid: string, kind: string): Promise<StepTimes> {
    const { rows } = await this.database.query<{ name: string; ms: number }>(
      `SELECT s.name, (extract(epoch FROM s.finished_at - s.started_at) * 1000)::float8 AS ms
       FROM operation_steps s JOIN operations o ON o.uuid = s.operation_uuid
       WHERE o.id = (SELECT max(id) FROM operations WHERE cluster_uuid = $1 AND kind = $2) ORDER BY s.position`,
      [uuid, kind],
    );
    return rows;
  }
}

function given(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The server may end at any time: what is asked then fails by itself. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'faults-test' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** 503: any client asks again. */
function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.status !== 503) throw error;
}

/** So many moments, in all the steps and for the rest in the longest ones: at least one in each. */
export function moments(steps: StepTimes, count: number): { step: string; ms: number }[] {
  const shares = steps.map(({ name, ms }) => ({ name, ms, share: 1 }));
  for (let left = count - shares.length; left > 0; left--) {
    const longest = shares.reduce((a, b) => (b.ms / b.share > a.ms / a.share ? b : a));
    longest.share++;
  }
  return shares.flatMap(({ name, ms, share }) =>
    Array.from({ length: share }, (_, index) => ({ step: name, ms: (ms * (index + 0.2)) / share })),
  );
}
