import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isNotFound, KubernetesError } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

export interface DrainOptions extends CallOptions {
  /** When to stop waiting: a drain never waits for ever. */
  readonly drainMs: number;
  /** Pods get at most so long to stop; default: what each asks for. */
  readonly gracePeriodSeconds?: number;
  /** Between two looks. */
  readonly pollMs?: number;
}

export interface DrainResult {
  /** Nothing that had to go is left on the node. */
  readonly complete: boolean;
  /** Pods whose eviction was accepted. */
  readonly evicted: number;
  /** What is left, with the reason in the API's words: a disruption budget, or a pod that takes its time to stop. */
  readonly remaining: readonly { readonly namespace: string; readonly name: string; readonly reason: string }[];
}

interface WirePod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[];
  };
  readonly status?: { readonly phase?: string };
}

/**
 * Evicts every pod of a (cordoned) node and waits until they are gone. Disruption budgets are honoured: an eviction they
 * forbid is tried again until the time is over, then left. Pods of DaemonSets, static pods and finished ones stay, as
 * with `kubectl drain --force --delete-emptydir-data --ignore-daemonsets`. A node without an object has nothing to evict.
 * @throws KubernetesError other than a forbidden eviction; the signal's reason
 */
export async function drain(transport: Transport, node: string, options: DrainOptions): Promise<DrainResult> {
  const until = Date.now() + options.drainMs;
  const accepted = new Set<string>();
  const reasons = new Map<string, string>();
  for (;;) {
    const pods = (await podsOf(transport, node, options)).filter(mustGo);
    for (const pod of pods.filter((one) => !accepted.has(keyOf(one)) && one.metadata.deletionTimestamp === undefined)) {
      const refused = await evict(transport, pod, options);
      if (refused === undefined) accepted.add(keyOf(pod));
      else reasons.set(keyOf(pod), refused);
    }
    if (pods.length === 0) return { complete: true, evicted: accepted.size, remaining: [] };
    if (Date.now() >= until) {
      const remaining = pods.map((pod) => ({
        namespace: pod.metadata.namespace,
        name: pod.metadata.name,
        reason: accepted.has(keyOf(pod)) ? 'still stopping' : (reasons.get(keyOf(pod)) ?? 'still stopping'),
      }));
      return { complete: false, evicted: accepted.size, remaining };
    }
    const pauseMs = Math.max(1, Math.min(options.pollMs ?? 1_000, until - Date.now()));
    await sleep(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}

async function podsOf(transport: Transport, node: string, { signal, timeoutMs }: DrainOptions): Promise<readonly WirePod[]> {
  const list = await transport.json<{ readonly items: readonly WirePod[] }>({
    signal,
    timeoutMs,
    method: 'GET',
    path: '/api/v1/pods',
    query: { fieldSelector: `spec.nodeName=${node}` },
  });
  return list.items;
}

/** @returns undefined when accepted (or gone), else why a disruption budget forbids it now */
async function evict(transport: Transport, { metadata }: WirePod, options: DrainOptions): Promise<string | undefined> {
  const { name, namespace, uid } = metadata;
  const { gracePeriodSeconds, signal, timeoutMs } = options;
  try {
    await transport.json({
      signal,
      timeoutMs,
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        // A pod of the same name may have been born meanwhile, on another node.
        deleteOptions: { preconditions: { uid }, gracePeriodSeconds },
      },
    });
    return undefined;
  } catch (error) {
    // Gone, or another pod by now.
    if (isNotFound(error) || isConflict(error)) return undefined;
    // 429: a disruption budget. 500: several budgets for one pod, which the API does not decide on.
    if (error instanceof KubernetesError && (error.httpStatus === 429 || error.httpStatus === 500)) return error.words;
    throw error;
  }
}

function mustGo({ metadata, status }: WirePod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  if (metadata.annotations && 'kubernetes.io/config.mirror' in metadata.annotations) return false;
  return !metadata.ownerReferences?.some((owner) => owner.kind === 'DaemonSet' && owner.controller === true);
}

const keyOf = ({ metadata }: WirePod): string => metadata.uid ?? `${metadata.namespace}/${metadata.name}`;
