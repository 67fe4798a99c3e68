import { isNotFound } from '#libs/openstack';
import { ResourceInError } from '../errors.js';
import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { patiently } from './resource-calls.js';
import { isRetired } from './row-names.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';

/**
 * What somebody has done to the objects of a stack, written into its rows:
 *
 *   gone     ─> CREATE FAILED without id: it is looked for once more, then made
 *   failed   ─> CREATE FAILED with its id: it is removed and made, unless it has recovered by then
 *   changed  ─> UPDATE FAILED, the properties unsure: they are set again
 *
 * and into the stack's own, so that its next `apply` does not take it for complete.
 */
export async function checkStack(walk: StackWalk, which: (type: string) => boolean = () => true): Promise<string[]> {
  const found: string[] = [];
  for (const row of [...walk.rows.values()]) {
    if (row.status !== 'COMPLETE' || row.physicalId === null || isRetired(row.name) || !which(row.type)) continue;
    walk.run.signal.throwIfAborted();
    const change = await differenceOf(walk, row);
    if (!change) continue;
    // First: from here on the stack is not complete, whatever happens to this walk.
    if (found.length === 0 && walk.stack.status === 'COMPLETE')
      await walk.stackCheckpoint({ action: 'UPDATE', status: 'FAILED', statusReason: NOT_WHOLE });
    await walk.checkpoint(row, change);
    found.push(`${row.type} ${row.physicalName}: ${change.statusReason}`);
  }
  return found;
}

const NOT_WHOLE = 'not everything that was made is as it was';
/** One after the other: nobody waits for a place. */
const ALONE: Slot = { rest: (work) => work() };

type Difference = { readonly statusReason: string } & (
  | { readonly action: 'CREATE'; readonly status: 'FAILED'; readonly physicalId?: null }
  | { readonly action: 'UPDATE'; readonly status: 'FAILED'; readonly definition: Record<string, unknown> }
);

async function differenceOf(walk: StackWalk, row: Row): Promise<Difference | null> {
  const type = walk.typeOf(row);
  const definition = definitionOf(row);
  const properties = definition ? type.properties.safeParse(definition.properties) : undefined;
  if (!definition || !properties?.success) return null;
  const id = row.physicalId ?? '';
  try {
    const changed = await patiently(walk, row, ALONE, 'looking whether it is there', async () => {
      if (type.check) return type.check(walk.context(row), id, properties.data);
      await type.poll(walk.context(row), id, properties.data);
      return [];
    });
    if (changed.length === 0) return null;
    const unsure = [...new Set([...(definition.unsure ?? []), ...changed])];
    const statusReason = `somebody has changed: ${changed.join(', ')}`;
    return { action: 'UPDATE', status: 'FAILED', statusReason, definition: { ...definition, unsure } };
  } catch (error) {
    if (isNotFound(error) || (error instanceof ResourceInError && error.code === 'cloud-object-deleted')) {
      return { action: 'CREATE', status: 'FAILED', statusReason: walk.words(error), physicalId: null };
    }
    if (error instanceof ResourceInError) return { action: 'CREATE', status: 'FAILED', statusReason: walk.words(error) };
    throw error;
  }
}
