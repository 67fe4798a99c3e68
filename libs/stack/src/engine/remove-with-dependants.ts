import type { Slot } from '../graph/walk.js';
import { definitionOf } from './definition.js';
import { deleteResource } from './delete-resource.js';
import { isNothing, isStanding } from './plan.js';
import { NEVER_ABORTED, patiently } from './resource-calls.js';
import { logicalNameOf } from './row-names.js';
import type { Row } from './stack-rows.js';
import type { StackWalk } from './stack-walk.js';
import type { WantedStack } from './wanted-stack.js';

/** A cloud refuses for a moment while something goes; from this refusal on something that stays is in the way. */
const STANDING_REFUSALS = 4;

/**
 * Removes an object, and before it what would keep it from being removed: what names it for good, or goes anyway. What names it
 * in properties that can be changed, or only has to come after it, stays, unless the cloud refuses the removal again and again:
 * then it lets go of the object, or goes too. It gets what is wanted of it when its turn comes.
 * @param name logical name of the resource for whose sake this is done: nothing that comes after it is being worked on
 */
export async function removeWithDependants(
  walk: StackWalk,
  row: Row,
  slot: Slot,
  stack: WantedStack,
  name: string,
): Promise<void> {
  const later = downstream(stack, name);
  const remove = async (one: Row): Promise<void> => {
    for (const other of dependants(walk, one)) {
      if (goesWith(walk, other, one, stack, later)) await remove(other);
    }
    const refused = async (times: number): Promise<void> => {
      if (times < STANDING_REFUSALS) return;
      for (const other of dependants(walk, one)) {
        if (later.has(logicalNameOf(other.name)) && !(await letsGo(walk, other, slot, one))) await remove(other);
      }
    };
    await walk.onceAtATime(one, slot, () => deleteResource(walk, one, slot, refused));
  };
  await remove(row);
}

const dependants = (walk: StackWalk, row: Row): Row[] =>
  [...walk.rows.values()].filter((other) => !isNothing(other) && other.requires.includes(row.uuid));

function goesWith(walk: StackWalk, row: Row, under: Row, stack: WantedStack, later: ReadonlySet<string>): boolean {
  const name = logicalNameOf(row.name);
  if (!stack.has(name)) return true;
  // What does not come later may be worked on just now.
  if (!later.has(name) || under.physicalId === null) return false;
  const { updatable } = walk.typeOf(row);
  return naming(row, under).some((property) => !updatable.includes(property));
}

/** Properties from which the object was made with the other one's id. */
function naming(row: Row, under: Row): string[] {
  const { physicalId } = under;
  if (physicalId === null) return [];
  const properties = Object.entries(definitionOf(row)?.properties ?? {});
  return properties.filter(([, value]) => JSON.stringify(value)?.includes(physicalId)).map(([property]) => property);
}

/**
 * Sets the properties that name the other object back to nothing; from then on they are unsure, so that whoever comes next sets
 * them as they are wanted.
 * @returns false: it cannot
 */
async function letsGo(walk: StackWalk, row: Row, slot: Slot, under: Row): Promise<boolean> {
  const type = walk.typeOf(row);
  const names = naming(row, under);
  const definition = definitionOf(row);
  const read = type.properties.safeParse(definition?.properties);
  if (!definition || !read.success || !isStanding(row) || row.physicalId === null) return false;
  if (names.length === 0 || !names.every((one) => type.updatable.includes(one) && Object.hasOwn(type.defaults ?? {}, one)))
    return false;
  const id = row.physicalId;
  const values = Object.fromEntries(names.map((one) => [one, Reflect.get(type.defaults ?? {}, one)]));
  const unsure = [...new Set([...(definition.unsure ?? []), ...names])];
  await walk.checkpoint(row, {
    action: 'UPDATE',
    status: 'IN_PROGRESS',
    statusReason: null,
    definition: { ...definition, unsure },
  });
  const result = await patiently(walk, row, slot, 'letting go', async () => {
    await walk.refence();
    walk.logWrite(row, 'letting go');
    return type.update(walk.context(row, NEVER_ABORTED), id, values, { ...(read.data as object), ...values });
  });
  return result === 'updated';
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
