import pg from 'pg';
import { ContainerInfra, type ClusterView } from '../client.js';
import type { Installation } from '../installation.js';
import { ensureTemplate, TEMPLATE } from './api.bench.js';
import { postgresPid, processUse, useSince, type ProcessUse } from './process-use.js';

export interface CreateMeasurement {
  readonly nodes: number;
  /** From the request to CREATE_COMPLETE, seconds. */
  readonly wallSeconds: number;
  /** What the sandbox's own latencies add up to on the longest way, seconds. */
  readonly criticalPathSeconds: number;
  readonly cloudCallsPerNode: number;
  /** The calls there were most of: `network POST /ports`, and how many. */
  readonly mostCalls: readonly { readonly call: string; readonly count: number }[];
  readonly stackRowsPerNode: number;
  /** All events of the cluster: of its stacks, its operation, its nodes. */
  readonly eventsPerNode: number;
  readonly deleteSeconds: number;
  /** Where the wall time went: the wait for a conductor, then the operation's steps. */
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
  /** Of the processes while the cluster was made; empty where the system does not tell. */
  readonly processes: readonly ProcessUse[];
}

const LIMIT_MS = 600_000;
const MOST_CALLS = 6;
/** Between two looks at the cluster: a large one takes time to show, and takes it from what is measured. */
const pollMs = (nodes: number): number => (nodes > 100 ? 500 : 100);

/** Creates and deletes one cluster with a control-plane node and `nodes - 1` workers on the sandbox at its default latencies. */
export async function benchCreate(installation: Installation, nodes: number): Promise<CreateMeasurement> {
  const api = await ContainerInfra.login(
    installation.apiUrl,
    installation.authUrl,
    'demo',
    installation.password('demo'),
    'demo',
  );
  await ensureTemplate(api);
  await fetch(`${installation.sandboxAdminUrl}/calls`, { method: 'DELETE' });
  const use = (): ProcessUse[] => processUse(installation.pids(), postgresPid(installation.state.postgres));
  const before = use();
  const begunAt = Date.now();
  const begun = performance.now();
  const { uuid } = await api.request<{ uuid: string }>('POST', '/clusters', {
    name: `bench-${nodes}`,
    cluster_template_id: TEMPLATE,
    master_count: 1,
    node_count: nodes - 1,
    create_timeout: 30,
  });
  const cluster = await settled(api, uuid, nodes);
  const wallSeconds = (performance.now() - begun) / 1000;
  if (cluster?.status !== 'CREATE_COMPLETE') throw new Error(`${nodes} nodes: ${cluster?.status}: ${cluster?.status_reason}`);
  const processes = useSince(before, use());
  const calls = await cloudCalls(installation);
  const kept = await countRows(installation.databaseUrl, uuid);
  const steps = await stepSeconds(api, uuid, begunAt);
  const removed = performance.now();
  await api.request('DELETE', `/clusters/${uuid}`);
  const left = await settled(api, uuid, nodes);
  if (left) throw new Error(`${nodes} nodes: ${left.status}: ${left.status_reason}`);
  return {
    nodes,
    wallSeconds,
    criticalPathSeconds: await criticalPath(installation),
    cloudCallsPerNode: calls.reduce((sum, { count }) => sum + count, 0) / nodes,
    mostCalls: calls.slice(0, MOST_CALLS),
    stackRowsPerNode: kept.rows / nodes,
    eventsPerNode: kept.events / nodes,
    deleteSeconds: (performance.now() - removed) / 1000,
    steps,
    processes,
  };
}

async function stepSeconds(api: ContainerInfra, uuid: string, begunAt: number): Promise<CreateMeasurement['steps']> {
  const { steps } = await api.lastOperation(uuid);
  let before = begunAt;
  const spent = steps.map(({ name, started_at }, index) => {
    const begun = Date.parse(started_at);
    const last = index === 0 ? 'pick-up' : (steps[index - 1]?.name ?? '');
    const entry = { name: last, seconds: (begun - before) / 1000 };
    before = begun;
    return { entry, name };
  });
  const last = steps.at(-1);
  const end = last?.finished_at ? [{ name: last.name, seconds: (Date.parse(last.finished_at) - before) / 1000 }] : [];
  return [...spent.map(({ entry }) => entry), ...end];
}

/** The cluster once nothing is in progress any more; null when it is gone. */
async function settled(api: ContainerInfra, uuid: string, nodes: number): Promise<ClusterView | null> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const cluster = await api.findCluster(uuid);
    if (!cluster?.status.endsWith('_IN_PROGRESS')) return cluster;
    if (Date.now() > deadline) throw new Error(`still ${cluster.status} after ${LIMIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pollMs(nodes)));
  }
}

/** Calls to Nova, Neutron, Glance, Octavia and Cinder, most first; logging in is not counted, tokens serve all nodes. */
async function cloudCalls({ sandboxAdminUrl }: Installation): Promise<{ call: string; count: number }[]> {
  const { counts } = (await (await fetch(`${sandboxAdminUrl}/calls`)).json()) as {
    counts: { service: string; method: string; template: string; count: number }[];
  };
  return counts
    .filter(({ service }) => service !== 'identity')
    .map(({ method, template, count }) => ({ call: `${method} ${template}`, count }))
    .sort((a, b) => b.count - a.count);
}

async function countRows(databaseUrl: string, clusterUuid: string): Promise<{ rows: number; events: number }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: number; events: number }>(
      `SELECT (SELECT count(*)::int FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid WHERE s.cluster_uuid = $1) AS rows,
         (SELECT count(*)::int FROM events WHERE cluster_uuid = $1) AS events`,
      [clusterUuid],
    );
    return rows[0] ?? { rows: 0, events: 0 };
  } finally {
    await client.end();
  }
}

interface SandboxLatencies {
  readonly latencies: { readonly apiMs: number; readonly serverBuildMs: number; readonly factor: number };
  readonly guests: { readonly bootMs: number; readonly steps: Readonly<Record<string, number>>; readonly nodeReadyMs: number };
}

/**
 * The longest way through a create, each part as long as the sandbox makes it, everything of ours taken as instant:
 * network, subnet, router interface, port, server (5 calls) ─> server ACTIVE ─> boot ─> prepare ─> containerd
 * ─> kubeadm init ─> a worker's kubeadm join ─> Ready.
 */
async function criticalPath({ sandboxAdminUrl }: Installation): Promise<number> {
  const { latencies, guests } = (await (await fetch(`${sandboxAdminUrl}/latencies`)).json()) as SandboxLatencies;
  const steps = ['prepare', 'containerd', 'kubeadm-init', 'kubeadm-join'].reduce(
    (sum, step) => sum + (guests.steps[step] ?? 0),
    0,
  );
  return ((5 * latencies.apiMs + latencies.serverBuildMs) * latencies.factor + guests.bootMs + steps + guests.nodeReadyMs) / 1000;
}
