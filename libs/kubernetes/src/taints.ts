import { isConflict } from './errors.js';
import type { NodeTaint, WireNode } from './nodes.js';
import type { CallOptions, Transport } from './transport.js';

const TRIES = 5;

/** A taint is known by key and effect. */
export type TaintKey = Pick<NodeTaint, 'key' | 'effect'>;

export interface TaintChange {
  readonly set: readonly NodeTaint[];
  readonly remove: readonly TaintKey[];
}

/**
 * Sets and removes taints of a node; the others stay, whoever set them. The list is one value to Kubernetes, so it is
 * written against the version that was read, and again when somebody else was faster.
 * @throws KubernetesError
 */
export async function changeTaints(
  transport: Transport,
  path: string,
  change: TaintChange,
  options?: CallOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { metadata, spec } = await transport.json<WireNode>({ ...options, method: 'GET', path });
    const before = spec?.taints ?? [];
    const taints = changedTaints(before, change);
    if (JSON.stringify(taints) === JSON.stringify(before)) return;
    try {
      await transport.json({
        ...options,
        method: 'PATCH',
        path,
        contentType: 'application/merge-patch+json',
        body: { metadata: { resourceVersion: metadata.resourceVersion }, spec: { taints } },
      });
      return;
    } catch (error) {
      if (attempt >= TRIES || !isConflict(error)) throw error;
    }
  }
}

/** Those that stay keep their place and whatever else they carry. Pure. */
export function changedTaints(before: readonly NodeTaint[], { set, remove }: TaintChange): NodeTaint[] {
  const wanted = new Map(set.map((taint) => [keyOf(taint), taint]));
  const gone = new Set(remove.map(keyOf).filter((key) => !wanted.has(key)));
  const kept = before
    .filter((taint) => !gone.has(keyOf(taint)))
    .map((taint) => {
      const to = wanted.get(keyOf(taint));
      wanted.delete(keyOf(taint));
      return to && (to.value ?? '') !== (taint.value ?? '') ? to : taint;
    });
  return [...kept, ...wanted.values()];
}

const keyOf = ({ key, effect }: TaintKey): string => `${key}:${effect}`;
