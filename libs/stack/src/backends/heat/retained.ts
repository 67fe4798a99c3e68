import { ensureGone } from '../../engine/resource-calls.js';
import type { Row, StackWalk } from '../../engine/stack-walk.js';
import { deleteResource } from '../../engine/delete-resource.js';
import { ALONE } from './alone.js';

/**
 * What Heat makes and our own types remove. A member that Octavia fails to remove stays in ERROR, whatever is asked of it, and
 * goes with its load balancer: our type knows, Heat's stack would stay DELETE_FAILED for ever.
 */
const RETAINED: ReadonlySet<string> = new Set(['OS::Octavia::PoolMember']);

export const isRetained = (type: string): boolean => RETAINED.has(type);

/** Removes those of a stack that goes as a whole. */
export async function removeRetained(walk: StackWalk): Promise<void> {
  const rows = [...walk.rows.values()].filter((row) => isRetained(row.type));
  for (const row of rows) await deleteResource(walk, row, ALONE);
}

/** Removes an object whose place another one has taken, or whose resource is not wanted any more. */
export async function removeRetainedObject(walk: StackWalk, row: Row, id: string | null): Promise<void> {
  if (isRetained(row.type) && id !== null) await ensureGone(walk, row, ALONE, id);
}
