import type { StackResourceRecord } from '#libs/db';
import { PerMember } from '../template/expression.js';
import { ofNewGroup, type Group, type RemovedMembers } from '../template/group.js';
import type { Template } from '../template/template.js';
import { definitionOf } from './definition.js';
import type { ResourceRegistry } from './registry.js';

export type GroupRow = Pick<StackResourceRecord, 'name' | 'physicalId' | 'definition'>;

/** What a group tells of itself, whatever its members are. Source: heat, resource_group.py, attributes_schema. */
const OF_GROUPS: ReadonlySet<string> = new Set(['refs', 'refs_map', 'removed_rsrc_list']);
/** `resource.0` and `resource.0.addresses` */
const OF_ONE = /^resource\.([^.]+)(?:\.(.+))?$/;

/** Names that may not be used again: those the group's row keeps, and those of what the policies list and the rows have. */
export function removedByRows(rows: readonly GroupRow[]): RemovedMembers {
  if (rows.length === 0) return ofNewGroup;
  const byName = new Map(rows.map((row) => [row.name, row]));
  return (group, asked, mode) => {
    const definition = byName.get(group) && definitionOf(byName.get(group) as GroupRow);
    const before = (definition?.properties['removed'] ?? []) as readonly string[];
    const isMember = (row: GroupRow): boolean =>
      row.name.startsWith(`${group}.`) && !row.name.slice(group.length + 1).includes('.');
    const members = asked.length === 0 ? [] : rows.filter(isMember);
    const names = asked.flatMap((one) => {
      const named = `${group}.${one}`;
      const member = members.find((row) => row.name === named) ?? members.find((row) => row.physicalId === one);
      if (member) return [member.name.slice(group.length + 1)];
      // Of a group whose rows are new, all that is listed was left out when they were made.
      return !definition || before.includes(one) ? [one] : [];
    });
    return [...new Set([...(mode === 'append' ? before : []), ...names])].sort();
  };
}

/** Whether the group of such members has the attribute. */
export function hasGroupAttribute(
  group: Group,
  attribute: string,
  path: readonly unknown[],
  memberHas: (attribute: string) => boolean,
): boolean {
  if (OF_GROUPS.has(attribute)) return true;
  if (attribute === 'attributes') return typeof path[0] === 'string' && memberHas(path[0]);
  const [, index, one] = OF_ONE.exec(attribute) ?? [];
  if (index !== undefined) return group.members.some((member) => member.index === index) && (one === undefined || memberHas(one));
  return memberHas(attribute);
}

/** @param read id and attributes of a member, by the name of its row; throws while it is not there */
export function groupAttribute(
  group: Group,
  attribute: string,
  read: (member: string) => { readonly id: string | null; readonly attributes: Readonly<Record<string, unknown>> },
): unknown {
  const each = (take: (member: ReturnType<typeof read>) => unknown): [string, unknown][] =>
    group.members.map(({ index, name }) => [index, take(read(name))]);
  switch (attribute) {
    case 'refs':
      return each(({ id }) => id).map(([, id]) => id);
    case 'refs_map':
      return Object.fromEntries(each(({ id }) => id));
    case 'removed_rsrc_list':
      return group.removed;
    case 'attributes':
      return new PerMember(
        each(({ attributes }) => attributes),
        'map',
      );
  }
  const [, index, one] = OF_ONE.exec(attribute) ?? [];
  if (index === undefined) return new PerMember(each(({ attributes }) => attributes[attribute]));
  const member = read(`${group.name}.${index}`);
  return one === undefined ? member.id : member.attributes[one];
}

/** Whether what is read there must not be stored; of a group whose members have secrets, all but names and ids. */
export function isSecretOf(template: Template, registry: ResourceRegistry, resource: string, attribute: string): boolean {
  const group = template.groups.get(resource);
  const type = registry.find(group?.memberType ?? template.resources.get(resource)?.type ?? '');
  if (!type?.secret) return false;
  return group ? !OF_GROUPS.has(attribute) : type.secret.includes(attribute);
}
