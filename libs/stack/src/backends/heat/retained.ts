import { ensureGone } from '../../engine/resource-calls.js';
import type { Row } from '../../engine/stack-rows.js';
import type { StackWalk } from '../../engine/stack-walk.js';
import { deleteResource } from '../../engine/delete-resource.js';
import { ALONE } from './alone.js';

/**
 * What Heat makes and our own types remove. A member that Octavia fails to remove stays in ERROR, whatever is asked of it, and
 * goes with its load balancer: our type knows, Heat's stack would stay DELETE_FAILED for ever.
 */
const RETAINED: ReadonlySet<string> = new Set(['OS::Octavia::PoolMember']);

/**
 * Octavia removes the ports that it has made for members only along with a whole load balancer (`cascade`), which Heat does not
 * ask for: they would keep the subnet. Removed before Heat looks for them, which takes absence for success.
 * Source: octavia controller/worker/v2/flows/load_balancer_flows.py, 2025.1.
 */
const REMOVED_FIRST: ReadonlySet<string> = new Set([...RETAINED, 'OS::Octavia::LoadBalancer']);

export const isRetained = (type: string): boolean => RETAINED.has(type);

/** Removes what our own types remove better, of a stack that goes as a whole. */
export async function removeOurs(walk: StackWalk): Promise<void> {
  const rows = [...walk.rows.values()].filter((row) => REMOVED_FIRST.has(row.type));
  for (const row of rows) await deleteResource(walk, row, ALONE);
}

/** Removes an object whose place another one has taken, or whose resource is not wanted any more. */
export async function removeRetainedObject(walk: StackWalk, row: Row, id: string | null): Promise<void> {
  if (isRetained(row.type) && id !== null) await ensureGone(walk, row, ALONE, id);
}
