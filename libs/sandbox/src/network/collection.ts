import { badRequest, forbidden, notFound } from '../server/api-error.js';
import { noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Table } from '../store/table.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Neutron } from './neutron.js';
import type { NeutronRow } from './rows.js';
import { textOf } from '../server/text.js';

/** How one kind of Neutron object is found, shown and told missing. */
export interface Kind<T extends NeutronRow> {
  readonly table: Table<T>;
  /** Path and key of lists: `security-groups`, `security_groups`. */
  readonly path: string;
  readonly plural: string;
  readonly single: string;
  readonly notFound: { readonly type: string; readonly message: (id: string) => string };
  view(row: T, call: Call): Json;
  /** Besides the owner and admins. */
  visible?(row: T, call: Call): boolean;
  /** Filters that are no plain attribute. */
  filters?: Readonly<Record<string, (row: T, wanted: readonly string[]) => boolean>>;
  /** Attributes that may be filtered on while no row has been seen. */
  readonly attributes?: readonly string[];
}

const controls = new Set([
  'fields',
  'limit',
  'marker',
  'sort_key',
  'sort_dir',
  'page_reverse',
  'tags',
  'tags-any',
  'not-tags',
  'not-tags-any',
]);

/** The row of the path, as far as the caller may see it. @throws ApiError 404 in the kind's words */
export function findVisible<T extends NeutronRow>(kind: Kind<T>, call: Call, id: string): T {
  const row = kind.table.get(id);
  if (row === undefined || !isVisible(kind, row, call)) throw notFound(kind.notFound.message(id), kind.notFound.type);
  return row;
}

/** The row of the path, for changing it. @throws ApiError 404, 403 */
export function findOwn<T extends NeutronRow>(neutron: Neutron, kind: Kind<T>, call: Call, verb: string): T {
  const row = findVisible(kind, call, call.params['id'] ?? '');
  neutron.requireMember(call, `${verb}_${kind.single}`);
  if (!call.auth.isAdmin && row.project_id !== call.auth.projectId)
    throw forbidden(`rule:${verb}_${kind.single} is disallowed by policy`, 'PolicyNotAuthorized');
  return row;
}

function isVisible<T extends NeutronRow>(kind: Kind<T>, row: T, call: Call): boolean {
  return (
    call.auth.isAdmin || (row.project_id !== '' && row.project_id === call.auth.projectId) || kind.visible?.(row, call) === true
  );
}

/** List and show, and the tags below an object. */
export function readRoutes<T extends NeutronRow>(neutron: Neutron, kind: Kind<T>, beforeList?: (call: Call) => void): Route[] {
  const base = `/${kind.path}`;
  const tagged = (call: Call, change: (tags: readonly string[]) => readonly string[]): readonly string[] => {
    const row = findOwn(neutron, kind, call, 'update');
    const tags = change(row.tags);
    neutron.update(kind.table, row, { tags } as Partial<Omit<T, 'id'>>);
    return tags;
  };
  return [
    route('GET', base, (call) => {
      beforeList?.(call);
      const { rows, links } = list(neutron, kind, call);
      return ok({ [kind.plural]: rows, ...(links.length === 0 ? {} : { [`${kind.plural}_links`]: links }) });
    }),
    route('GET', `${base}/:id`, (call) =>
      ok({ [kind.single]: trim(kind.view(findVisible(kind, call, call.params['id'] ?? ''), call), call) }),
    ),
    route('GET', `${base}/:id/tags`, (call) => ok({ tags: findVisible(kind, call, call.params['id'] ?? '').tags })),
    route('PUT', `${base}/:id/tags`, (call) => {
      const wanted = (call.body as Json | undefined)?.['tags'];
      if (!Array.isArray(wanted) || wanted.some((tag) => typeof tag !== 'string'))
        throw badRequest('Invalid input for tags. Reason: Tags must be a list of strings.', 'HTTPBadRequest');
      return ok({ tags: tagged(call, () => [...new Set(wanted as string[])]) });
    }),
    route('DELETE', `${base}/:id/tags`, (call) => {
      tagged(call, () => []);
      return noContent;
    }),
    route('GET', `${base}/:id/tags/:tag`, (call) => {
      if (!findVisible(kind, call, call.params['id'] ?? '').tags.includes(call.params['tag'] ?? ''))
        throw notFound(`Tag ${call.params['tag']} could not be found.`, 'TagNotFound');
      return noContent;
    }),
    route('PUT', `${base}/:id/tags/:tag`, (call) => {
      tagged(call, (tags) => [...new Set([...tags, call.params['tag'] ?? ''])]);
      return { status: 201 };
    }),
    route('DELETE', `${base}/:id/tags/:tag`, (call) => {
      tagged(call, (tags) => {
        if (!tags.includes(call.params['tag'] ?? ''))
          throw notFound(`Tag ${call.params['tag']} could not be found.`, 'TagNotFound');
        return tags.filter((tag) => tag !== call.params['tag']);
      });
      return noContent;
    }),
  ];
}

function list<T extends NeutronRow>(neutron: Neutron, kind: Kind<T>, call: Call): { rows: Json[]; links: Json[] } {
  const { query } = call;
  const wanted = new Map<string, string[]>();
  for (const name of new Set(query.keys())) if (!controls.has(name)) wanted.set(name, query.getAll(name));
  const rows: { row: T; view: Json }[] = [];
  let checkedNames = false;
  for (const row of candidates(kind, call, wanted)) {
    if (!isVisible(kind, row, call)) continue;
    const view = kind.view(row, call);
    if (!checkedNames) {
      const invalid = [...wanted.keys()].filter(
        (name) => !(name in view) && kind.filters?.[name] === undefined && name !== 'tenant_id',
      );
      if (invalid.length > 0)
        throw badRequest(
          `[${invalid.map((name) => `'${name}'`).join(', ')}] is invalid attribute for filtering`,
          'HTTPBadRequest',
        );
      checkedNames = true;
    }
    if (matches(kind, row, view, wanted) && tagsMatch(row, query)) rows.push({ row, view });
  }
  const page = pageOf(rows, {
    key: (entry) => entry.row.id,
    limit: query.get('limit'),
    marker: query.get('marker'),
    reverse: query.get('page_reverse')?.toLowerCase() === 'true',
    sort: newestLast(query.getAll('sort_key'), query.getAll('sort_dir')),
    value: (entry, name) => entry.view[name],
    missingMarker: (id) => badRequest(`Invalid input for operation: marker ${id} could not be found.`, 'InvalidInput'),
  });
  const links: Json[] = [];
  if (page.next !== undefined) {
    const next = new URLSearchParams(query);
    next.set('marker', page.next);
    links.push({ rel: 'next', href: `${neutron.cloud.baseUrl}/network/v2.0/${kind.path}?${next.toString()}` });
  }
  return { rows: page.items.map((entry) => trim(entry.view, call)), links };
}

/** The fewest rows that an index gives for the filters, else the project's own or all. */
function candidates<T extends NeutronRow>(
  kind: Kind<T>,
  call: Call,
  wanted: ReadonlyMap<string, readonly string[]>,
): Iterable<T> {
  const { table } = kind;
  const ids = wanted.get('id');
  if (ids !== undefined) return ids.flatMap((id) => table.get(id) ?? []);
  let best: { field: string; value: string; count: number } | undefined;
  for (const [field, values] of wanted) {
    const value = values[0];
    if (
      values.length !== 1 ||
      value === undefined ||
      !table.isIndexed(field) ||
      value === 'true' ||
      value === 'True' ||
      value === 'false' ||
      value === 'False'
    )
      continue;
    const count = table.count(field as keyof T & string, value);
    if (best === undefined || count < best.count) best = { field, value, count };
  }
  if (best !== undefined) return table.by(best.field as keyof T & string, best.value);
  if (call.auth.isAdmin || kind.visible !== undefined) return table.all();
  return table.by('project_id', call.auth.projectId);
}

function matches<T extends NeutronRow>(
  kind: Kind<T>,
  row: T,
  view: Json,
  wanted: ReadonlyMap<string, readonly string[]>,
): boolean {
  for (const [name, values] of wanted) {
    const special = kind.filters?.[name];
    if (special !== undefined) {
      if (!special(row, values)) return false;
    } else if (!values.some((value) => equal(view[name], value))) return false;
  }
  return true;
}

function equal(actual: unknown, wanted: string): boolean {
  if (typeof actual === 'boolean') return String(actual) === wanted.toLowerCase() || (wanted === '1') === actual;
  if (Array.isArray(actual)) return actual.includes(wanted);
  return textOf(actual) === (actual === null && wanted === 'None' ? '' : wanted);
}

function tagsMatch(row: NeutronRow, query: URLSearchParams): boolean {
  const stated = (name: string): string[] | undefined =>
    query.has(name) ? query.getAll(name).flatMap((value) => value.split(',')) : undefined;
  const has = (tag: string): boolean => row.tags.includes(tag);
  return (
    stated('tags')?.every(has) !== false &&
    stated('tags-any')?.some(has) !== false &&
    stated('not-tags')?.every(has) !== true &&
    stated('not-tags-any')?.some(has) !== true
  );
}

function trim(view: Json, call: Call): Json {
  const fields = call.query.getAll('fields').flatMap((value) => value.split(','));
  if (fields.length === 0) return view;
  return Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name)));
}
