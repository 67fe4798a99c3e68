import { STACK_SORT_KEYS, type StackListing } from '#libs/db';
import { HeatBadRequest } from './heat-faults.js';

/** A query string: a parameter may be given several times. */
export type HeatQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** All values of a parameter; null when there is none. */
export function many(query: HeatQuery, name: string): string[] | null {
  const given = [query[name] ?? []].flat().filter((value) => value !== '');
  return given.length > 0 ? given : null;
}

export const one = (query: HeatQuery, name: string): string | null => many(query, name)?.[0] ?? null;

/** @throws HeatBadRequest no whole number from 0 on */
export function wholeNumber(query: HeatQuery, name: string): number | null {
  const given = one(query, name);
  if (given === null) return null;
  if (!/^-?\d{1,9}$/.test(given)) throw new HeatBadRequest(`Only integer is acceptable by '${name}'.`);
  if (Number(given) < 0)
    throw new HeatBadRequest(`Value '${given}' is invalid for '${name}' which only accepts non-negative integer.`);
  return Number(given);
}

/** @throws HeatBadRequest neither yes nor no */
export function flag(query: HeatQuery, name: string): boolean {
  const given = one(query, name)?.toLowerCase() ?? 'false';
  if (['true', '1', 't', 'on', 'y', 'yes'].includes(given)) return true;
  if (['false', '0', 'f', 'off', 'n', 'no'].includes(given)) return false;
  throw new HeatBadRequest(`Unrecognized value "${given}" for "${name}", acceptable values are: true, false`);
}

const ACTIONS = ['INIT', 'CREATE', 'UPDATE', 'DELETE', 'ROLLBACK', 'CHECK'];

/** `COMPLETE`, `CREATE` and `CREATE_COMPLETE` are all taken for a status, as by Heat. */
export function stateFilter(
  query: HeatQuery,
  statusNames: readonly string[],
  actionName: string,
): { actions: string[] | null; statuses: string[] | null } {
  const actions = new Set(many(query, actionName)?.map((text) => text.toUpperCase()));
  const statuses = new Set<string>();
  for (const given of statusNames.flatMap((name) => many(query, name) ?? [])) {
    const [head = '', ...tail] = given.toUpperCase().split('_');
    if (ACTIONS.includes(head)) actions.add(head);
    const status = ACTIONS.includes(head) ? tail.join('_') : given.toUpperCase();
    if (status !== '') statuses.add(status);
  }
  return { actions: actions.size > 0 ? [...actions] : null, statuses: statuses.size > 0 ? [...statuses] : null };
}

export interface StackQuery extends Omit<StackListing, 'uuids'> {
  readonly uuids: string[] | null;
  readonly names: readonly string[] | null;
  readonly nested: boolean;
  readonly everyProject: boolean;
  readonly counted: boolean;
  /** Nothing can match: a filter that no stack of ours has. */
  readonly nothing: boolean;
}

/** What `stack list` asks. Unknown parameters are ignored, as by Heat; deleted and hidden stacks there are none. */
export function stackQuery(query: HeatQuery): StackQuery {
  const key = one(query, 'sort_keys') ?? 'creation_time';
  const sortKey = STACK_SORT_KEYS.find((known) => known === key || known === `stack_${key}`) ?? 'creation_time';
  const ids = many(query, 'id');
  return {
    ...stateFilter(query, ['status', 'stack_status'], 'action'),
    marker: uuid(one(query, 'marker')),
    limit: wholeNumber(query, 'limit') || null,
    sortKey,
    sortDir: one(query, 'sort_dir') === 'asc' ? 'asc' : 'desc',
    uuids: ids && ids.filter((id) => uuid(id) !== null),
    names: many(query, 'name') ?? many(query, 'stack_name'),
    nested: flag(query, 'show_nested'),
    everyProject: flag(query, 'global_tenant'),
    counted: flag(query, 'with_count'),
    nothing: ['tags', 'tags_any', 'username', 'owner_id', 'parent'].some((name) => many(query, name) !== null),
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const uuid = (text: string | null): string | null => (text !== null && UUID.test(text) ? text : null);
