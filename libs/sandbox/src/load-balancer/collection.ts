import { badRequest } from '../server/api-error.js';
import { ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Table } from '../store/table.js';
import type { Octavia } from './octavia.js';
import type { OctaviaRow } from './rows.js';
import { textOf } from '../server/text.js';

const controls = new Set(['limit', 'marker', 'sort', 'fields', 'tags', 'tags-any', 'not-tags', 'not-tags-any', 'page_reverse']);

/** List and show of one kind. `scope` narrows the rows, as members of a pool. */
export function readRoutes<T extends OctaviaRow>(
  octavia: Octavia,
  kind: {
    readonly table: Table<T>;
    readonly path: string;
    readonly plural: string;
    readonly single: string;
    readonly label: string;
    view(row: T): Json;
    scope?(call: Call): readonly T[];
    readonly param?: string;
  },
): Route[] {
  const param = kind.param ?? 'id';
  return [
    route('GET', kind.path, (call) => ok(list(octavia, kind, call))),
    route('GET', `${kind.path}/:${param}`, (call) =>
      ok({ [kind.single]: trim(kind.view(octavia.find(kind.table, kind.label, call, call.params[param] ?? '')), call) }),
    ),
  ];
}

function list<T extends OctaviaRow>(octavia: Octavia, kind: Parameters<typeof readRoutes<T>>[1], call: Call): Json {
  const { query } = call;
  const wanted = [...new Set(query.keys())].filter((name) => !controls.has(name));
  const named = query.get('name');
  const rows =
    kind.scope?.(call) ??
    (named !== null
      ? kind.table.by('name', named)
      : call.auth.isAdmin
        ? [...kind.table.all()]
        : kind.table.by('project_id', call.auth.projectId));
  const found: { row: T; view: Json }[] = [];
  for (const row of rows) {
    if (!call.auth.isAdmin && row.project_id !== call.auth.projectId) continue;
    const view = kind.view(row);
    if (
      wanted.every((name) =>
        query.getAll(name).some((value) => equal(view[name === 'tenant_id' ? 'project_id' : name], value)),
      ) &&
      tagsMatch(row, query)
    )
      found.push({ row, view });
  }
  const sort = (query.get('sort') ?? '')
    .split(',')
    .filter((item) => item !== '')
    .map((item) => item.split(':'));
  const page = pageOf(found, {
    key: (entry) => entry.row.id,
    limit: query.get('limit'),
    marker: query.get('marker'),
    maximum: 1000,
    sort: newestLast(
      sort.map(([name]) => name ?? ''),
      sort.map(([, direction]) => direction ?? 'asc'),
    ),
    value: (entry, name) => entry.view[name],
    missingMarker: (marker) => badRequest(`Invalid marker: ${marker}`),
  });
  const next = new URLSearchParams(query);
  if (page.next !== undefined) next.set('marker', page.next);
  return {
    [kind.plural]: page.items.map((entry) => trim(entry.view, call)),
    [`${kind.plural}_links`]:
      page.next === undefined
        ? []
        : [{ rel: 'next', href: `${octavia.cloud.baseUrl}/load-balancer/v2.0${call.path}?${next.toString()}` }],
  };
}

function equal(actual: unknown, wanted: string): boolean {
  if (typeof actual === 'boolean') return String(actual) === wanted.toLowerCase();
  if (Array.isArray(actual))
    return actual.some(
      (item: unknown) => item === wanted || (typeof item === 'object' && item !== null && (item as Json)['id'] === wanted),
    );
  return textOf(actual) === wanted;
}

function tagsMatch(row: OctaviaRow, query: URLSearchParams): boolean {
  const stated = (name: string): string[] | undefined => query.get(name)?.split(',');
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
  return fields.length === 0 ? view : Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name)));
}
