import { randomUUID } from 'node:crypto';
import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { deleteResource } from './delete-resource.js';
import { isNothing } from './plan.js';
import { isRetired, logicalNameOf, nextPhysicalName, retiredName } from './row-names.js';
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
  if (excludes(row, wanted)) {
    await makeWay(walk, row, slot, stack);
    return deleteResource(walk, row, slot);
  }
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

function excludes(row: Row, wanted: WantedResource): boolean {
  const { type } = wanted;
  const before = row.type === type.type && definitionOf(row);
  if (!before || !type.excludes) return false;
  const old = type.properties.safeParse(before.properties);
  return old.success && type.excludes(old.data, wanted.properties());
}

/**
 * Removes what would keep an object from being removed: what was made from it and will be replaced for its sake, or goes
 * anyway. Only what comes after it: whatever else is being worked on now.
 */
async function makeWay(walk: StackWalk, row: Row, slot: Slot, stack: WantedStack): Promise<void> {
  const later = downstream(stack, logicalNameOf(row.name));
  const clear = async (under: Row): Promise<void> => {
    const above = [...walk.rows.values()].filter((other) => other.requires.includes(under.uuid) && !isNothing(other));
    for (const other of above) {
      if (!goesWith(other, under, stack, later)) continue;
      await clear(other);
      await deleteResource(walk, other, slot);
    }
  };
  await clear(row);
}

function goesWith(row: Row, under: Row, stack: WantedStack, later: ReadonlySet<string>): boolean {
  const name = logicalNameOf(row.name);
  if (!stack.has(name)) return true;
  if (!later.has(name)) return false;
  return isRetired(row.name) || stack.isFixedTo(name, logicalNameOf(under.name));
}

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
