import { randomUUID } from 'node:crypto';
import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { deleteResource } from './delete-resource.js';
import { isNothing, rowsToRemove } from './plan.js';
import { logicalNameOf, nextPhysicalName, retiredName } from './row-names.js';
import type { Row, StackWalk } from './stack-walk.js';
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
  if (isExcluding(row, wanted)) return removeWithDependants(walk, row, slot, stack);
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
    if (!isNothing(row) && isExcluding(row, wanted)) await removeWithDependants(walk, row, slot, stack);
  }
}

function isExcluding(row: Row, wanted: WantedResource): boolean {
  const { type } = wanted;
  const before = row.type === type.type && definitionOf(row);
  if (!before || !type.excludes) return false;
  const old = type.properties.safeParse(before.properties);
  return old.success && type.excludes(old.data, wanted.properties());
}

/** Removes an object, and before it what would keep it from being removed: what names it for good, or goes anyway. */
async function removeWithDependants(walk: StackWalk, row: Row, slot: Slot, stack: WantedStack): Promise<void> {
  const later = downstream(stack, logicalNameOf(row.name));
  const remove = async (one: Row): Promise<void> => {
    for (const other of [...walk.rows.values()]) {
      if (!isNothing(other) && other.requires.includes(one.uuid) && goesWith(walk, other, one, stack, later)) await remove(other);
    }
    await walk.onceAtATime(one, slot, () => deleteResource(walk, one, slot));
  };
  await remove(row);
}

function goesWith(walk: StackWalk, row: Row, under: Row, stack: WantedStack, later: ReadonlySet<string>): boolean {
  const name = logicalNameOf(row.name);
  if (!stack.has(name)) return true;
  // What does not come later may be worked on just now.
  if (!later.has(name) || under.physicalId === null) return false;
  const { updatable } = walk.typeOf(row);
  const fixed = Object.entries(definitionOf(row)?.properties ?? {}).filter(([property]) => !updatable.includes(property));
  return JSON.stringify(fixed).includes(under.physicalId);
}

/** What needs `name`, directly or through others. */
function downstream(stack: WantedStack, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [name];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    for (const next of stack.has(one) ? stack.graph.after(one, 'forward') : []) {
      if (!found.has(next)) open.push(next);
      found.add(next);
    }
  }
  return found;
}
