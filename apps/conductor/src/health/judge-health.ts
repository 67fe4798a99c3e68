import type { HealthNode, ObservedCluster } from '#libs/db';
import type { HealthStatus } from '#libs/domain';
import type { NodeState } from '#libs/kubernetes';

/** What a look at a cluster's API has found. */
export type Look =
  /** It is well itself, and tells its nodes. */
  | { readonly kind: 'answers'; readonly nodes: readonly NodeState[] }
  /** It answers, and something is wrong with it. */
  | { readonly kind: 'failing'; readonly words: string }
  /** Nobody answers. */
  | { readonly kind: 'unreachable'; readonly words: string };

export interface UnwellNode {
  readonly node: HealthNode;
  /** The kubelet's own words, or the lack of them. */
  readonly words: string;
}

export interface Verdict {
  readonly status: HealthStatus;
  /** As Magnum has it: `{"api": "ok", "<node>.Ready": "True"}`. */
  readonly reason: Record<string, string>;
  /** Of our nodes that have been Ready once and are to stay. */
  readonly notReady: readonly UnwellNode[];
  /** Of our nodes, those that are Ready. */
  readonly ready: readonly HealthNode[];
}

const MOST_WORDS = 300;

/**
 * What a look says of a cluster. A node that is not Ready makes it unhealthy, but for one that is only just coming or about to go
 * while an operation works on the cluster. An API that nobody can reach is no statement on its nodes. Pure.
 * Source of the shapes: Magnum's Kubernetes monitor, reference section 8.7.
 */
export function judgeHealth(cluster: Pick<ObservedCluster, 'nodes' | 'busy' | 'floatingIpEnabled'>, look: Look): Verdict {
  if (look.kind === 'failing') return { status: 'UNHEALTHY', reason: { api: bounded(look.words) }, notReady: [], ready: [] };
  if (look.kind === 'unreachable') {
    const hint = cluster.floatingIpEnabled ? '' : ' (it has no floating IP: conductors must reach the network it is in)';
    return { status: 'UNKNOWN', reason: { api: `${bounded(look.words)}${hint}` }, notReady: [], ready: [] };
  }
  const own = new Map(cluster.nodes.map((node) => [node.name, node]));
  const seen = new Set(look.nodes.map(({ name }) => name));
  const notReady: UnwellNode[] = [];
  const ready: HealthNode[] = [];
  const reason: [string, string][] = [['api', 'ok']];
  let well = true;
  for (const state of look.nodes) {
    const node = own.get(state.name);
    reason.push([`${state.name}.Ready`, readyOf(state)]);
    if (state.ready) {
      if (node) ready.push(node);
      continue;
    }
    if (!cluster.busy || (node && stays(node))) well = false;
    if (node && stays(node)) notReady.push({ node, words: bounded(`${state.reason}: ${state.message}`) });
  }
  for (const node of cluster.nodes.filter(({ name }) => !seen.has(name))) {
    if (cluster.busy && !stays(node)) continue;
    reason.push([`${node.name}.Ready`, 'Missing']);
    well = false;
    if (stays(node)) notReady.push({ node, words: 'there is no such node in the cluster' });
  }
  return { status: well ? 'HEALTHY' : 'UNHEALTHY', reason: Object.fromEntries(reason.toSorted(byName)), notReady, ready };
}

const stays = (node: HealthNode): boolean => node.ready && !node.leaving;

function readyOf({ conditions }: NodeState): string {
  return conditions.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
}

/** In one order, whatever the API's: what has not changed is not written again. */
function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  if (a === 'api') return -1;
  if (b === 'api') return 1;
  return a < b ? -1 : 1;
}

const bounded = (words: string): string => (words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}...` : words);
