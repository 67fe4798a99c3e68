import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '#libs/testing';
import pg from 'pg';
import { ContainerInfra, type ClusterView } from '../apps/standalone/src/client.js';
import { ensureTemplate, TEMPLATE } from '../apps/standalone/src/bench/api.bench.js';
import { Installation } from '../apps/standalone/src/installation.js';
import { eventually } from './support/commands.js';

const MOMENTS = 10;
const NODES = 3;

/** One object as the sandbox's inventory lists it. */
interface Listed {
  readonly id: string;
  readonly name: string;
}

/** Two conductors; the one that holds the cluster's lease is killed at ten moments of a create and ten of a delete. */
describe('kill -9 of the conductor at work', () => {
  let installation: Installation;
  let api: ContainerInfra;
  let database: pg.Client;
  let empty: unknown;
  /** How long a create and a delete take when nobody dies, in ms. */
  let createMs = 0;
  let deleteMs = 0;
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-kill-'));

  before(async () => {
    installation = await Installation.start({
      home,
      conductors: 2,
      env: {
        API_PORT: String(await freePort()),
        BOOTSTRAP_PORT: String(await freePort()),
        SANDBOX_PORT: '0',
        LEASE_SECONDS: '3',
        SWEEP_SECONDS: '0.5',
        LOG_LEVEL: 'warn',
      },
      // Slower than instant, so that there are moments to hit.
      sandbox: { latencies: { factor: 0.15, apiMs: 20 } },
    });
    api = await ContainerInfra.login(installation.apiUrl, installation.authUrl, 'demo', installation.password('demo'), 'demo');
    database = new pg.Client({ connectionString: installation.databaseUrl });
    await database.connect();
    await ensureTemplate(api);
    empty = await inventory();
    let begun = performance.now();
    const uuid = await create('warm');
    await settled(uuid);
    createMs = performance.now() - begun;
    begun = performance.now();
    await api.request('DELETE', `/clusters/${uuid}`);
    await gone(uuid);
    deleteMs = performance.now() - begun;
  });

  after(async () => {
    await database?.end();
    await installation?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  for (let moment = 0; moment < MOMENTS; moment++) {
    it(`at ${moment + 1}/${MOMENTS} of a create and of the delete after it`, async () => {
      const uuid = await create(`k${moment}`);
      await pause((createMs * (moment + 0.5)) / MOMENTS);
      const killedInCreate = await killHolder(uuid);
      const cluster = await settled(uuid);
      assert.equal(cluster.status, 'CREATE_COMPLETE', `${cluster.status_reason} (killed ${killedInCreate})`);
      assertOnce(await inventory(), uuid);

      await api.request('DELETE', `/clusters/${uuid}`);
      await pause((deleteMs * (moment + 0.5)) / MOMENTS);
      await killHolder(uuid);
      await gone(uuid);
      assert.deepEqual(await inventory(), empty, 'nothing is left');
    });
  }

  async function create(name: string): Promise<string> {
    const body = { name, cluster_template_id: TEMPLATE, master_count: 1, node_count: NODES - 1, create_timeout: 5 };
    return (await api.request<{ uuid: string }>('POST', '/clusters', body)).uuid;
  }

  const settled = (uuid: string): Promise<ClusterView> =>
    eventually(`cluster ${uuid} to settle`, 90, async () => {
      const cluster = await api.cluster(uuid);
      return cluster.status.endsWith('_IN_PROGRESS') ? undefined : cluster;
    });

  const gone = (uuid: string): Promise<true> =>
    eventually(`cluster ${uuid} to go`, 90, async () => {
      const cluster = await api.findCluster(uuid);
      if (cluster?.status === 'DELETE_FAILED') throw new Error(`DELETE_FAILED: ${cluster.status_reason}`);
      return cluster === null ? true : undefined;
    });

  /** Kills the conductor that works on the cluster now, and starts it anew. @returns its name, or null when none did */
  async function killHolder(uuid: string): Promise<string | null> {
    const { rows } = await database.query<{ owner: string }>(
      `SELECT owner FROM leases WHERE name = $1 AND owner <> '' AND expires_at > clock_timestamp()`,
      [`cluster:${uuid}`],
    );
    const owner = rows[0]?.owner;
    const name = Object.keys(installation.pids())
      .filter((child) => child.startsWith('conductor'))
      .toSorted((a, b) => b.length - a.length)
      .find((child) => owner?.startsWith(child));
    if (!name) return null;
    await installation.killAndRestart(name);
    return name;
  }

  async function inventory(): Promise<Record<string, Record<string, Listed[]>>> {
    const answer = (await (await fetch(`${installation.sandboxAdminUrl}/inventory`)).json()) as {
      projects: Record<string, Record<string, Listed[]>>;
    };
    return answer.projects;
  }

  /** Each object of the cluster stands once under its name, and there are as many servers as nodes. */
  function assertOnce(projects: Record<string, Record<string, Listed[]>>, uuid: string): void {
    const short = uuid.replaceAll('-', '').slice(0, 12);
    for (const [kind, objects] of Object.values(projects).flatMap((kinds) => Object.entries(kinds))) {
      const names = objects.map(({ name }) => name).filter((name) => name.includes(short));
      assert.deepEqual(
        names.filter((name, index) => names.indexOf(name) !== index),
        [],
        `${kind} made twice`,
      );
      if (kind === 'servers') assert.equal(names.length, NODES);
    }
  }
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
