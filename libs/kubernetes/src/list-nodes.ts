import { setTimeout as sleep } from 'node:timers/promises';
import { toNodeState, type NodeState, type WireNode, type WireNodeList } from './nodes.js';
import type { CallOptions, Transport } from './transport.js';

const PATH = '/api/v1/nodes';
/** Of one page of a list: some 3 MB. */
const PAGE_SIZE = '500';
/** The server ends a watch after this; bookmarks come every minute, so three minutes of silence are a dead line. */
const WATCH_SECONDS = 300;
const SILENCE_MS = 180_000;
/** Between two lists, where watches break off. */
const LIST_PAUSE_MS = 1_000;

export interface NodeList {
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** From where a watch goes on. */
  readonly resourceVersion: string;
}

/**
 * Every node as the API server remembers it, in one answer and without a question to etcd: what looks that come every minute
 * should cost. It may be a moment old.
 */
export async function rememberedNodes(transport: Transport, options: CallOptions = {}): Promise<NodeState[]> {
  const query = { resourceVersion: '0' };
  const { items } = await transport.json<WireNodeList>({ ...options, method: 'GET', path: PATH, query });
  return items.map(toNodeState);
}

/** Every node, in pages. */
export async function listNodes(transport: Transport, options: CallOptions = {}): Promise<NodeList> {
  const nodes = new Map<string, NodeState>();
  let page: WireNodeList;
  let from: string | undefined;
  do {
    page = await transport.json<WireNodeList>({
      ...options,
      method: 'GET',
      path: PATH,
      query: { limit: PAGE_SIZE, continue: from },
    });
    for (const item of page.items) nodes.set(item.metadata.name, toNodeState(item));
    from = page.metadata.continue === '' ? undefined : page.metadata.continue;
  } while (from !== undefined);
  return { nodes, resourceVersion: page.metadata.resourceVersion ?? '' };
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: WireNode;
}

/**
 * Every node, at once and again whenever one of them changed; changes that come together are told together. Costs one
 * list, then nothing while nothing changes. Ends when `signal` is aborted.
 * @throws KubernetesError when the API cannot be listed; start again after a pause
 */
export async function* watchNodes(
  transport: Transport,
  signal: AbortSignal,
  listPauseMs = LIST_PAUSE_MS,
): AsyncGenerator<readonly NodeState[]> {
  while (!signal.aborted) {
    const listed = await unlessAborted(signal, listNodes(transport, { signal }));
    if (!listed) return;
    const nodes = new Map(listed.nodes);
    yield [...nodes.values()];
    const pause = unlessAborted(signal, sleep(listPauseMs, undefined, { signal, ref: false }));
    yield* follow(transport, nodes, listed.resourceVersion, signal);
    await pause;
  }
}

/** Watches from one version on, over as many connections as it takes; returns when only a new list can tell. */
async function* follow(
  transport: Transport,
  nodes: Map<string, NodeState>,
  version: string,
  signal: AbortSignal,
): AsyncGenerator<readonly NodeState[]> {
  let from = version;
  while (!signal.aborted) {
    const before = from;
    try {
      for await (const lines of transport.lines(watchCall(from, signal), SILENCE_MS)) {
        let changed = false;
        for (const line of lines.filter((text) => text !== '')) {
          const event = JSON.parse(line) as WatchEvent;
          if (event.type === 'ERROR') return;
          from = event.object.metadata.resourceVersion ?? from;
          if (event.type === 'BOOKMARK') continue;
          changed = true;
          if (event.type === 'DELETED') nodes.delete(event.object.metadata.name);
          else nodes.set(event.object.metadata.name, toNodeState(event.object));
        }
        if (changed) yield [...nodes.values()];
      }
    } catch {
      // Too old a version, a broken line or a server that went away: the list that follows says which, or throws.
      return;
    }
    // A watch that ended without a word gives no reason to believe that the next one would do better.
    if (from === before) return;
  }
}

function watchCall(resourceVersion: string, signal: AbortSignal): Parameters<Transport['lines']>[0] {
  return {
    method: 'GET',
    path: PATH,
    signal,
    query: { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS), resourceVersion },
  };
}

async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
