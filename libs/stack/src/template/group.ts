import type { Conditions } from './conditions.js';
import { TemplateError, type TemplatePlace } from './errors.js';
import { isList, isMap } from './functions/reader.js';

export const RESOURCE_GROUP = 'OS::Heat::ResourceGroup';

/** A group as its members are counted out. */
export interface Group {
  /** Logical name of the group. */
  readonly name: string;
  readonly memberType: string;
  /** Names of the members in the group (`0`, `1`, ...) and as resources of the stack (`workers.0`), in order. */
  readonly members: readonly { readonly index: string; readonly name: string }[];
  /** Names of members that were removed by their names: those are never used again. */
  readonly removed: readonly string[];
}

/**
 * Names that a group may not use.
 * @param asked what the removal policies list: names of members, or ids of their objects
 * @param kept what was removed before, counted on or forgotten
 */
export type RemovedMembers = (group: string, asked: readonly string[], mode: 'append' | 'update') => readonly string[];

/** Of a group that is not there yet all that is listed counts as removed. */
export const ofNewGroup: RemovedMembers = (_group, asked) => [...new Set(asked)].sort();

const MOST_MEMBERS = 10_000;
const PROPERTIES = new Set(['count', 'index_var', 'resource_def', 'removal_policies', 'removal_policies_mode']);

/**
 * Counts a group's members out: each is a resource of the stack, named `<group>.<index>`, with the index put where its
 * variable stands. What decides it is known before anything is made.
 * @returns the group, and its members as they would stand in the template
 * Source: heat/engine/resources/openstack/heat/resource_group.py
 */
export function countOut(
  name: string,
  properties: Readonly<Record<string, unknown>>,
  conditions: Conditions,
  removedMembers: RemovedMembers,
): { group: Group; definitions: readonly { name: string; definition: Record<string, unknown> }[] } {
  const place = (property: string): TemplatePlace => ({ section: 'resources', name, property });
  const stray = Object.keys(properties).find((property) => !PROPERTIES.has(property));
  if (stray !== undefined) throw new TemplateError(`${RESOURCE_GROUP} has no such property`, place(stray));
  const known = (property: string, otherwise: unknown): unknown =>
    conditions.resolve(properties[property], place(property)) ?? otherwise;
  const count = Number(known('count', 1));
  if (!Number.isInteger(count) || count < 0 || count > MOST_MEMBERS) {
    throw new TemplateError(`must be a whole number from 0 to ${MOST_MEMBERS}`, place('count'));
  }
  const variable = known('index_var', '%index%');
  if (typeof variable !== 'string' || variable.length < 3)
    throw new TemplateError('must be text, three characters or more', place('index_var'));
  const mode = known('removal_policies_mode', 'append');
  if (mode !== 'append' && mode !== 'update') throw new TemplateError('must be append or update', place('removal_policies_mode'));
  const { type, properties: inner = {}, ...others } = isMap(properties['resource_def']) ? properties['resource_def'] : {};
  if (typeof type !== 'string' || !isMap(inner))
    throw new TemplateError('must be a map with type and properties', place('resource_def'));
  const other = Object.keys(others)[0];
  if (other !== undefined) throw new TemplateError(`the key ${other} is not supported`, place('resource_def'));

  const removed = removedMembers(name, listed(known('removal_policies', []), place('removal_policies')), mode);
  const members = indices(count, new Set(removed)).map((index) => ({ index, name: `${name}.${index}` }));
  return {
    group: { name, memberType: type, members, removed },
    definitions: members.map((member) => ({
      name: member.name,
      definition: { type, properties: withIndex(inner, variable, member.index) },
    })),
  };
}

function listed(policies: unknown, place: TemplatePlace): string[] {
  if (!isList(policies)) throw new TemplateError('must be a list of maps with resource_list', place);
  return policies.flatMap((policy) => {
    const list = isMap(policy) ? policy['resource_list'] : undefined;
    if (!isList(list)) throw new TemplateError('must be a list of maps with resource_list', place);
    return list.map(String);
  });
}

function indices(count: number, removed: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let index = 0; found.length < count; index++) if (!removed.has(String(index))) found.push(String(index));
  return found;
}

/** Keys stay as they are. */
function withIndex(value: unknown, variable: string, index: string): unknown {
  if (typeof value === 'string') return value.replaceAll(variable, index);
  if (isList(value)) return value.map((item) => withIndex(item, variable, index));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withIndex(item, variable, index)]));
}
