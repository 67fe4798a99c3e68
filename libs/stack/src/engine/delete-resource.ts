import type { Slot } from '../graph/walk.js';
import { ensureGone, patiently } from './resource-calls.js';
import type { Row, StackWalk } from './stack-walk.js';

/**
 * Brings one resource to DELETE COMPLETE from wherever its row says it is. Safe to repeat from every point.
 *
 *   intent committed ─> id, else find ─> remove ─> gone* ─> DELETE COMPLETE committed
 */
export async function deleteResource(walk: StackWalk, row: Row, slot: Slot): Promise<void> {
  if (row.action === 'INIT' || (row.action === 'DELETE' && row.status === 'COMPLETE')) return;
  walk.checkMayBegin(row, 'removing');
  // Fenced: whoever has lost the lease stops here and removes nothing.
  await walk.checkpoint(row, { action: 'DELETE', status: 'IN_PROGRESS', statusReason: null });
  const id = row.physicalId ?? (await find(walk, row, slot));
  if (id !== null) await ensureGone(walk, row, slot, id);
  await walk.checkpoint(row, { action: 'DELETE', status: 'COMPLETE', statusReason: null });
}

/** What an attempt made whose answer nobody kept. */
async function find(walk: StackWalk, row: Row, slot: Slot): Promise<string | null> {
  if (row.attempts === 0) return null;
  const properties = walk.properties(row);
  return patiently(walk, row, slot, 'looking for what an earlier attempt made', () =>
    walk.typeOf(row).find(walk.context(row), properties),
  );
}
