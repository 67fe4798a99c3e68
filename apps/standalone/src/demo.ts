import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ContainerInfra, type ClusterView } from './client.js';
import { fetchCredentials, listNodes, renderKubeconfig } from './kubeconfig.js';
import { progressView } from './progress.js';
import { quote } from './shell.js';

const CLUSTER = 'demo';
const TEMPLATE = 'demo-template';
const POLL_MS = 250;
const LIMIT_MS = 180_000;

export interface DemoTarget {
  readonly home: string;
  readonly apiUrl: string;
  readonly authUrl: string;
  readonly password: string;
  /** Aborted when the services are going away: the demo says no more. */
  readonly signal: AbortSignal;
}

/**
 * The main job, shown: a template, a cluster of three nodes, its kubeconfig, its nodes.
 * @throws Error with the cluster's own reason when it fails
 */
export async function runDemo(target: DemoTarget, out: NodeJS.WriteStream): Promise<void> {
  const say = (line = ''): void => void out.write(`${line}\n`);
  const api = await ContainerInfra.login(target.apiUrl, target.authUrl, 'demo', target.password, 'demo');
  await removeLast(api, say);
  const template = await ensureTemplate(api);
  if (target.signal.aborted) return;
  say(`cluster template ${TEMPLATE}: ${template.uuid}`);
  const started = Date.now();
  const { uuid } = await api.request<{ uuid: string }>('POST', '/clusters', {
    name: CLUSTER,
    cluster_template_id: TEMPLATE,
    master_count: 1,
    node_count: 2,
    create_timeout: 10,
  });
  say(`cluster ${CLUSTER}: ${uuid}`);
  say(`accepted after ${Date.now() - started} ms; 1 control-plane node, 2 workers`);
  say();
  const cluster = await watch(api, uuid, started, out, target.signal);
  if (!cluster) return;
  if (cluster.status !== 'CREATE_COMPLETE') throw new Error(`${cluster.status}: ${cluster.status_reason ?? 'no reason given'}`);

  const credentials = await fetchCredentials(api, cluster);
  const file = join(target.home, 'demo.kubeconfig');
  writeFileSync(file, renderKubeconfig(CLUSTER, credentials), { mode: 0o600 });
  const nodes = await listNodes(credentials);
  say();
  say(`Kubernetes ${cluster.coe_version ?? ''} at ${cluster.api_address ?? ''}, with its own certificate:`);
  say();
  table(
    ['NAME', 'STATUS', 'ROLES', 'VERSION', 'INTERNAL-IP'],
    nodes.map((node) => [node.name, node.ready ? 'Ready' : 'NotReady', node.roles, node.version, node.address]),
  ).forEach((line) => say(`  ${line}`));
  say();
  next(target, file).forEach((line) => say(line));
}

/** The cloud keeps its state, so the cluster of the last run is still there. */
async function removeLast(api: ContainerInfra, say: (line: string) => void): Promise<void> {
  if (!(await api.findCluster(CLUSTER))) return;
  say(`deleting the cluster ${CLUSTER} of an earlier run ...`);
  await api.request('DELETE', `/clusters/${CLUSTER}`);
  const deadline = Date.now() + LIMIT_MS;
  for (let cluster = await api.findCluster(CLUSTER); cluster; cluster = await api.findCluster(CLUSTER)) {
    if (cluster.status === 'DELETE_FAILED')
      throw new Error(`the earlier cluster could not be deleted: ${cluster.status_reason ?? ''}`);
    if (Date.now() > deadline) throw new Error(`the earlier cluster is still ${cluster.status} after ${LIMIT_MS / 1000} s`);
    await pause();
  }
}

async function ensureTemplate(api: ContainerInfra): Promise<{ uuid: string }> {
  const { clustertemplates } = await api.request<{ clustertemplates: { uuid: string; name: string }[] }>(
    'GET',
    '/clustertemplates',
  );
  const existing = clustertemplates.find(({ name }) => name === TEMPLATE);
  if (existing) return existing;
  return api.request('POST', '/clustertemplates', {
    name: TEMPLATE,
    coe: 'kubernetes',
    image_id: 'ubuntu-24.04-kube-v1.36.4',
    external_network_id: 'public',
    master_flavor_id: 'm1.medium',
    flavor_id: 'm1.small',
    dns_nameserver: '8.8.8.8',
    network_driver: 'calico',
  });
}

/** The cluster when nothing is in progress any more; null when interrupted. */
async function watch(
  api: ContainerInfra,
  uuid: string,
  started: number,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<ClusterView | null> {
  const view = progressView(out, started);
  // At once: the cursor is back before anything else is said.
  signal.addEventListener('abort', () => view.close());
  let newest = 0;
  try {
    for (;;) {
      if (signal.aborted) return null;
      const [cluster, nodes, events] = await Promise.all([api.cluster(uuid), api.nodes(uuid), api.events(uuid, newest)]);
      newest = events.at(-1)?.id ?? newest;
      if (signal.aborted) return null;
      view.update(cluster, nodes, events);
      if (!cluster.status.endsWith('_IN_PROGRESS')) return cluster;
      if (Date.now() - started > LIMIT_MS) throw new Error(`still ${cluster.status} after ${LIMIT_MS / 1000} s`);
      await pause();
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    view.close();
  }
}

/** Commands that are right when copied: from the folder that the demo was started in. */
function next(target: DemoTarget, kubeconfig: string): string[] {
  const here = process.env['INIT_CWD'] ?? process.cwd();
  const root = process.cwd();
  const path = (file: string): string => {
    const near = relative(here, file);
    return quote(near.startsWith('..') ? file : near);
  };
  const npm = `${process.env['JEROBOAM_HOME'] ? `JEROBOAM_HOME=${quote(target.home)} ` : ''}npm${here === root ? '' : ` --prefix ${quote(root)}`}`;
  const start = npm.endsWith('npm') ? `${npm} start` : `${npm} run start`;
  return [
    'What to try next:',
    ...columns([
      [start, 'it stays up; the rest in another terminal'],
      [`export OS_CLIENT_CONFIG_FILE=${quote(join(target.home, 'clouds.yaml'))} OS_CLOUD=sandbox`, ''],
      ['openstack coe cluster list', 'from python3-magnumclient'],
      ['openstack coe cluster show demo', ''],
      [`kubectl --kubeconfig ${path(kubeconfig)} get nodes -o wide`, ''],
      [`${npm} run reset`, 'forget everything (stop it first)'],
    ]),
    `Every call, in the browser, while it is up: ${target.apiUrl}/docs`,
  ];
}

/** Remarks behind commands, one below the other. */
function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.filter(([, remark]) => remark).map(([command]) => command.length));
  return rows.map(([command, remark]) => (remark ? `  ${command.padEnd(width)}   # ${remark}` : `  ${command}`));
}

/** Columns as wide as their widest cell. */
export function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));
