import type { NodeSpec } from './types.js';

/**
 * The master on which the API's address sits where there is no load balancer: the first one that has joined, and while none
 * has, the first one there will be. Never one that is to go.
 */
export function apiCarrier<T extends Pick<NodeSpec, 'slot' | 'joined' | 'leaving'>>(masters: readonly T[]): T | undefined {
  const staying = masters.filter((node) => !node.leaving);
  return staying.toSorted((a, b) => Number(b.joined ?? false) - Number(a.joined ?? false) || a.slot - b.slot)[0];
}
