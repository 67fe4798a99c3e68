import { dig, StatusError, type KubeObject } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';

/**
 * Whether a pod may be evicted now. Every pod counts as healthy, and as wanted: no controller of theirs runs here. Selectors by
 * `matchLabels` alone.
 * @throws StatusError 429 in Kubernetes' words. Source: pkg/registry/core/pod/storage/eviction.go
 */
export function assertEvictable(etcd: SimulatedEtcd, namespace: string, name: string): void {
  const pod = etcd.get('/pods', namespace, name)?.object;
  if (!pod) return;
  for (const { object: budget } of etcd.list('policy/poddisruptionbudgets', namespace)) {
    if (!selects(budget, pod)) continue;
    const matching = etcd.list('/pods', namespace).filter(({ object }) => selects(budget, object)).length;
    const least = countOf(dig(budget, 'spec', 'minAvailable'), matching);
    const most = countOf(dig(budget, 'spec', 'maxUnavailable'), matching);
    const needed = least ?? matching - (most ?? 0);
    if (matching - 1 >= needed) continue;
    throw new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${matching} currently`,
        },
      ],
    });
  }
}

function selects(budget: KubeObject, pod: KubeObject): boolean {
  const wanted = Object.entries((dig(budget, 'spec', 'selector', 'matchLabels') ?? {}) as Record<string, string>);
  return wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** A number, or a share of all, rounded up. */
function countOf(value: unknown, all: number): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Math.ceil((Number.parseInt(value, 10) / 100) * all) : undefined;
}
