import type { AnyResourceType } from '../resource.js';

/** What an object was made from, as its row keeps it. */
export interface Definition {
  /** Parameters and ids filled in, as the template spells them; hidden values left out. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Names of properties that an update has asked to change and whose end is not known. */
  readonly unsure?: readonly string[];
}

export const definitionOf = (row: { readonly definition: Readonly<Record<string, unknown>> | null }): Definition | null =>
  row.definition && isDefinition(row.definition) ? row.definition : null;

const isDefinition = (kept: Readonly<Record<string, unknown>>): kept is Readonly<Record<string, unknown>> & Definition =>
  typeof kept['properties'] === 'object' && kept['properties'] !== null;

/** Names of the properties that differ, or may differ. Compared as the type reads them: `"22"` is 22, and a default is its value. */
export function changedProperties(before: Definition, after: Definition['properties'], type: AnyResourceType): string[] {
  const [one, other] = [type.properties.safeParse(before.properties), type.properties.safeParse(after)];
  const both = one.success && other.success;
  const old = (both ? one.data : before.properties) as Record<string, unknown>;
  const wanted = (both ? other.data : after) as Record<string, unknown>;
  const unsure = new Set(before.unsure);
  const names = new Set([...Object.keys(old), ...Object.keys(wanted), ...unsure]);
  return [...names].filter((name) => unsure.has(name) || !sameDocument(old[name], wanted[name])).sort();
}

/** Equal as JSON, whatever the order of keys. Absent and undefined are the same. */
export function sameDocument(one: unknown, other: unknown): boolean {
  return one === other || canonical(one) === canonical(other);
}

const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
