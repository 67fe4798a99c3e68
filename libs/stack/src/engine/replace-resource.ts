import { randomUUID } from 'node:crypto';
import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { isNothing, rowsToRemove } from './plan.js';
import { removeWithDependants } from './remove-with-dependants.js';
import { nextPhysicalName, retiredName } from './row-names.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';
import type { WantedResource, WantedStack } from './wanted-stack.js';

/**
 * Gives the place of an object to another one. Where both can stand side by side the old one is only put aside, for the
 * removal after everything else has moved over; where they cannot, it is removed now, and what stands on it before it.
 */
export async function replaceResource(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  stack: WantedStack,
  wanted: WantedResource,
): Promise<void> {
  if (isExcluding(row, wanted)) return removeWithDependants(walk, row, slot, stack, wanted.name);
  const names = new Set([...walk.rows.values()].map(({ physicalName }) => physicalName));
  const first = row.physicalName.replace(/-r\d+$/, '');
  await walk.supplant(row, retiredName(row.name, walk.rows), {
    uuid: randomUUID(),
    name: row.name,
    type: wanted.type.type,
    physicalName: nextPhysicalName(first, names),
    requires: wanted.requires,
  });
}

/** An object that was put aside is what is wanted again: it takes its name back, the other one is put aside. */
export async function restoreResource(walk: StackWalk, row: Row, retired: Row): Promise<void> {
  const { name } = row;
  // A walk may end between the two: then the name has no row, gets an empty one, and this is done again.
  await walk.rename(row, retiredName(name, walk.rows));
  await walk.rename(retired, name);
}

/** Removes what is to go anyway, and would refuse its place to what is to be made now. */
export async function clearPlace(walk: StackWalk, slot: Slot, stack: WantedStack, wanted: WantedResource): Promise<void> {
  // As many rows as names: nothing is to go.
  if (!wanted.type.excludes || walk.rows.size === stack.graph.size) return;
  for (const row of rowsToRemove(walk.rows.values(), stack)) {
    if (!isNothing(row) && isExcluding(row, wanted)) await removeWithDependants(walk, row, slot, stack, wanted.name);
  }
}

function isExcluding(row: Row, wanted: WantedResource): boolean {
  const { type } = wanted;
  const before = row.type === type.type && definitionOf(row);
  if (!before || !type.excludes) return false;
  const old = type.properties.safeParse(before.properties);
  return old.success && type.excludes(old.data, wanted.properties());
}
