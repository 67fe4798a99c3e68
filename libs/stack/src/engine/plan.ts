import type { NewResource, StackResourceRecord } from '#libs/db';
import { Graph } from '../graph/graph.js';
import { changedProperties, definitionOf } from './definition.js';
import { isRetired, logicalNameOf, nextPhysicalName } from './row-names.js';
import type { WantedResource } from './wanted-stack.js';

type State = Pick<StackResourceRecord, 'action' | 'status'>;
type PlannedRow = State & Pick<StackResourceRecord, 'name' | 'type' | 'physicalId' | 'definition'>;

/** What brings a resource nearer to what is wanted of it. One step: ask again after it. */
export type Step<R> =
  | { readonly kind: 'keep' }
  /** Make it, or go on making it, from what its row says or, when nothing is there, from what is wanted. */
  | { readonly kind: 'make' }
  | { readonly kind: 'update'; readonly changed: readonly string[] }
  /** It never became complete, or is being removed: remove it; then it is made again in the same row. */
  | { readonly kind: 'remove' }
  /** Another object takes its place. */
  | { readonly kind: 'replace' }
  /** An object that was to go is what is wanted, or can become it in place. */
  | { readonly kind: 'restore'; readonly row: R };

/** Nothing is in the cloud for this row. */
export const isNothing = ({ action, status }: State): boolean =>
  action === 'INIT' || (action === 'DELETE' && status === 'COMPLETE');

export const isStanding = (row: State): boolean =>
  row.status === 'COMPLETE' && (row.action === 'CREATE' || row.action === 'UPDATE');

/**
 * @param current the row of that name
 * @param retired rows whose place it has taken, asked for only when one of them may be of use
 */
export function nextStep<R extends PlannedRow>(current: R, retired: () => readonly R[], wanted: WantedResource): Step<R> {
  const step = stepOf(current, wanted);
  const begins = step.kind === 'remove' || step.kind === 'replace' || (step.kind === 'make' && isNothing(current));
  const best = begins ? nearest(retired(), wanted) : undefined;
  return best ? { kind: 'restore', row: best } : step;
}

function nearest<R extends PlannedRow>(rows: readonly R[], wanted: WantedResource): R | undefined {
  const standing = rows.filter(isStanding).map((row) => ({ row, changed: differences(row, wanted) }));
  const fitting = standing.filter(({ changed }) => changed && canBecome(changed, wanted));
  return fitting.sort((a, b) => (a.changed?.length ?? 0) - (b.changed?.length ?? 0))[0]?.row;
}

function stepOf(row: PlannedRow, wanted: WantedResource): Step<never> {
  const changed = differences(row, wanted);
  // Of another type: it keeps its place in the order of removal.
  if (changed === null) return { kind: 'replace' };
  if (isNothing(row)) return { kind: 'make' };
  if (row.action === 'DELETE') return { kind: 'remove' };
  const inPlace = canBecome(changed, wanted);
  if (row.action === 'CREATE' && row.status !== 'COMPLETE') {
    const goesOn = changed.length === 0 || (inPlace && row.physicalId !== null);
    return { kind: goesOn ? 'make' : 'remove' };
  }
  if (row.status === 'COMPLETE' && changed.length === 0) return { kind: 'keep' };
  return inPlace ? { kind: 'update', changed } : { kind: 'replace' };
}

function canBecome(changed: readonly string[], { type, definition }: WantedResource): boolean {
  const isKnown = (property: string): boolean =>
    definition.properties[property] !== undefined || property === 'name' || Object.hasOwn(type.defaults ?? {}, property);
  return changed.every((property) => type.updatable.includes(property) && isKnown(property));
}

/** null: of another type, so that there is nothing to compare. */
function differences(row: PlannedRow, wanted: WantedResource): string[] | null {
  if (row.type !== wanted.type.type) return null;
  const definition = definitionOf(row);
  return definition ? changedProperties(definition, wanted.definition.properties, wanted.type) : [];
}

/** Rows for what is wanted and has none. `uuid` and `physicalName` make what is theirs. */
export function rowsToAdd(
  rows: readonly Pick<StackResourceRecord, 'name' | 'uuid' | 'physicalName'>[],
  wanted: { readonly graph: Graph; typeNameOf(name: string): string },
  uuid: () => string,
  physicalName: (logicalName: string) => string,
): NewResource[] {
  const uuids = new Map(rows.map((row) => [row.name, row.uuid]));
  const taken = new Set(rows.map((row) => row.physicalName));
  const names = wanted.graph.names.filter((name) => !uuids.has(name));
  for (const name of names) uuids.set(name, uuid());
  return names.map((name) => ({
    uuid: uuids.get(name) ?? '',
    name,
    type: wanted.typeNameOf(name),
    physicalName: nextPhysicalName(physicalName(name), taken),
    requires: wanted.graph
      .before(name, 'forward')
      .flatMap((other) => uuids.get(other) ?? [])
      .sort(),
  }));
}

/** Rows whose objects go: those that nothing in the template has the name of, and those whose place was taken. */
export const rowsToRemove = <R extends { readonly name: string }>(
  rows: Iterable<R>,
  wanted: { has(name: string): boolean },
): R[] => [...rows].filter(({ name }) => isRetired(name) || !wanted.has(logicalNameOf(name)));

/** By row name; the edges are what the objects were made from. */
export function removalGraph(rows: Iterable<Pick<StackResourceRecord, 'name' | 'uuid' | 'requires'>>): Graph {
  const all = [...rows];
  const names = new Map(all.map(({ uuid, name }) => [uuid, name]));
  return new Graph(new Map(all.map(({ name, requires }) => [name, requires.map((need) => names.get(need) ?? need)])));
}
