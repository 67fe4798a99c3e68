import type { ClusterEntity, Database } from '#libs/db';
import { ClusterKube } from '../../../apps/conductor/src/kubernetes/cluster-kube.js';
import type { ClusterClient, EtcdMember, NodeState, NodeTaint } from '#libs/kubernetes';
import type { Sandbox } from '#libs/sandbox';
import type { SimulatedProcess } from './simulated-process.js';

const VERSION = 'v1.36.4';
const LOOK_MS = 50;

interface SimulatedNode {
  readonly serverId: string;
  readonly name: string;
  labels: Record<string, string>;
  taints: readonly NodeTaint[];
  unschedulable: boolean;
  /** Its server is there. */
  on: boolean;
}

/**
 * Kubernetes without guests: every server of a cluster is a Ready node of it, a master is a member of its etcd, and the row of
 * the node says that it has joined. Nothing of it is on the wire: neither bootstrap nor the cluster's API.
 */
export class SimulatedKubernetes {
  private readonly clusters = new Map<string, Map<string, SimulatedNode>>();
  /** Servers whose Node or member was removed while they were still there: they do not come back. */
  private readonly removed = new Set<string>();

  constructor(
    private readonly sandbox: Sandbox,
    private readonly database: Database,
  ) {}

  /** What a conductor is given in place of the way into real clusters. */
  kubeOf(process: SimulatedProcess): ClusterKube {
    return Object.assign(Object.create(ClusterKube.prototype) as ClusterKube, {
      connect: (cluster: ClusterEntity) => process.live(async () => this.client(cluster, process)),
    });
  }

  forget(clusterUuid: string): void {
    this.clusters.delete(clusterUuid);
  }

  /** The nodes as they are now, by name. */
  private async look({ uuid, projectId }: ClusterEntity): Promise<Map<string, SimulatedNode>> {
    const nodes = this.clusters.get(uuid) ?? new Map<string, SimulatedNode>();
    this.clusters.set(uuid, nodes);
    const mark = `-${uuid.replaceAll('-', '').slice(0, 12)}-`;
    const servers = (this.sandbox.inventory()[projectId]?.['servers'] ?? [])
      .map((row) => ({ id: String(row['id']), name: typeof row['name'] === 'string' ? row['name'] : '' }))
      .filter(({ name }) => name.includes(mark));
    const fresh = servers.filter(({ id }) => !this.removed.has(id) && ![...nodes.values()].some((node) => node.serverId === id));
    for (const { id, name } of fresh)
      nodes.set(name.toLowerCase(), {
        serverId: id,
        name: name.toLowerCase(),
        labels: {},
        taints: [],
        unschedulable: false,
        on: true,
      });
    for (const node of nodes.values()) node.on = servers.some(({ id }) => id === node.serverId);
    if (fresh.length > 0) await this.report(fresh.map(({ name }) => name));
    return nodes;
  }

  /** What the agents would have told the API. */
  private async report(names: readonly string[]): Promise<void> {
    await this.database.query(
      `UPDATE nodes SET bundle_fetched_at = coalesce(bundle_fetched_at, now()), joined_at = coalesce(joined_at, now()),
         phase = 'joined', phase_status = 'done' WHERE name = ANY($1)`,
      [names],
    );
  }

  private client(cluster: ClusterEntity, process: SimulatedProcess): ClusterClient {
    const read = <T>(what: (nodes: Map<string, SimulatedNode>) => T): Promise<T> =>
      process.live(async () => what(await this.look(cluster)));
    const change = <T>(key: string, what: (nodes: Map<string, SimulatedNode>) => T): Promise<T> =>
      process.call('kubernetes', key, async () => what(await this.look(cluster)));
    const states = (nodes: Map<string, SimulatedNode>): NodeState[] => [...nodes.values()].map(stateOf);
    const one = (name: string, set: (node: SimulatedNode) => void) => (nodes: Map<string, SimulatedNode>) => {
      const node = nodes.get(name);
      if (node) set(node);
    };
    return {
      version: () => read(() => ({ gitVersion: VERSION })),
      ready: () => read(() => undefined),
      nodes: () => read(states),
      rememberedNodes: () => read(states),
      watchNodes: (signal) => this.watch(read, states, signal),
      labelNode: (name, labels) =>
        change(
          'label a node',
          one(name, (node) => {
            const all = { ...node.labels, ...labels };
            node.labels = Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null));
          }),
        ),
      taintNode: (name, taints) =>
        change(
          'taint a node',
          one(name, (node) => {
            const gone = (taint: NodeTaint): boolean =>
              [...taints.set, ...taints.remove].some((other) => other.key === taint.key && other.effect === taint.effect);
            node.taints = [...node.taints.filter((taint) => !gone(taint)), ...taints.set];
          }),
        ),
      cordon: (name) =>
        change(
          'cordon a node',
          one(name, (node) => void (node.unschedulable = true)),
        ),
      uncordon: (name) =>
        change(
          'uncordon a node',
          one(name, (node) => void (node.unschedulable = false)),
        ),
      drain: () => change('drain a node', () => ({ complete: true, evicted: 0, remaining: [] })),
      deleteNode: (name) =>
        change('delete a node', (nodes) => {
          const node = nodes.get(name);
          if (node?.on) this.removed.add(node.serverId);
          nodes.delete(name);
        }),
      ensureBootstrapToken: () => change('make a token', () => undefined),
      deleteBootstrapToken: () => change('remove a token', () => undefined),
      apply: () => change('apply', () => []),
      removeObject: () => change('remove an object', () => true),
      etcdMembers: () => read((nodes) => [...nodes.values()].filter((node) => isMaster(node) && !this.left(node)).map(memberOf)),
      removeEtcdMember: ({ nodeName }) =>
        change('remove a member of etcd', (nodes) => {
          const node = nodes.get(nodeName.toLowerCase());
          if (!node || this.left(node)) return false;
          this.removed.add(`etcd ${node.serverId}`);
          return true;
        }),
      saveEtcdSnapshot: () =>
        change('save a snapshot of etcd', () => ({ nodeName: 'a master', path: '/simulated', revision: 1, keys: 1, bytes: 1 })),
      setClusterVersion: () => change('set the version', () => true),
      setJoiningTrust: () => change('set whom nodes trust', () => true),
      setSigningCertificate: () => change('set what signs', () => true),
      setExtensionTrust: () => change('set whom extensions trust', () => true),
      setKubeProxyVersion: () => change('set the version of kube-proxy', () => true),
      reclaimFacts: () => read(() => ({ volumes: {}, snapshots: {}, keptAddresses: [] })),
      close: async () => undefined,
    };
  }

  private left(node: SimulatedNode): boolean {
    return this.removed.has(`etcd ${node.serverId}`);
  }

  private async *watch(
    read: <T>(what: (nodes: Map<string, SimulatedNode>) => T) => Promise<T>,
    states: (nodes: Map<string, SimulatedNode>) => NodeState[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly NodeState[]> {
    let before = '';
    while (!signal.aborted) {
      const now = await read(states);
      const text = JSON.stringify(now);
      if (text !== before) yield now;
      before = text;
      await pause(LOOK_MS, signal);
    }
  }
}

const isMaster = ({ name }: SimulatedNode): boolean => /-master-\d+$/.test(name);

function stateOf(node: SimulatedNode): NodeState {
  return {
    name: node.name,
    uid: node.serverId,
    providerId: `openstack:///${node.serverId}`,
    ready: node.on,
    reason: node.on ? 'KubeletReady' : 'NodeStatusUnknown',
    message: 'simulated',
    controlPlane: isMaster(node),
    unschedulable: node.unschedulable,
    kubeletVersion: VERSION,
    containerRuntimeVersion: 'containerd://2.1.4',
    addresses: [],
    conditions: [],
    labels: node.labels,
    taints: node.taints,
  };
}

const memberOf = ({ serverId, name, on }: SimulatedNode): EtcdMember => ({
  id: serverId.slice(0, 8),
  name,
  peerUrls: [],
  clientUrls: [],
  learner: false,
  answers: on,
  leads: false,
});

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
