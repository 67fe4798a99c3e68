import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { isNothing } from './plan.js';
import { ensureGone, patiently, type Refused } from './resource-calls.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';

/**
 * Brings one resource to DELETE COMPLETE from wherever its row says it is. Safe to repeat from every point.
 *
 *   intent committed ─> id, else find ─> remove ─> gone* ─> DELETE COMPLETE committed
 *
 * @param refused told each time the cloud refuses, before it is asked again
 */
export async function deleteResource(walk: StackWalk, row: Row, slot: Slot, refused?: Refused): Promise<void> {
  if (isNothing(row)) return;
  walk.checkMayBegin(row, 'removing');
  // Fenced: whoever has lost the lease stops here and removes nothing.
  await walk.checkpoint(row, { action: 'DELETE', status: 'IN_PROGRESS', statusReason: null });
  const id = row.physicalId ?? (await find(walk, row, slot));
  if (id !== null) await ensureGone(walk, row, slot, id, refused);
  await walk.checkpoint(row, { action: 'DELETE', status: 'COMPLETE', statusReason: null, physicalId: null });
}

/** Removes the object and then its row: nothing shall have that name any more. */
export async function dropResource(walk: StackWalk, name: string, slot: Slot): Promise<void> {
  const row = walk.row(name);
  await deleteResource(walk, row, slot);
  await walk.drop(row);
}

/** What an attempt made whose answer nobody kept. */
async function find(walk: StackWalk, row: Row, slot: Slot): Promise<string | null> {
  const definition = definitionOf(row);
  if (row.attempts === 0 || !definition) return null;
  const type = walk.typeOf(row);
  const properties = type.properties.parse(definition.properties);
  return patiently(walk, row, slot, 'looking for what an earlier attempt made', () => type.find(walk.context(row), properties));
}
