import { badRequest, forbidden } from '../server/api-error.js';
import type { Call, Json } from '../server/call.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Nova } from './nova.js';
import type { ServerRow } from './rows.js';
import { addresses, serverView } from './server-view.js';

const maximum = 1000;

/** GET servers, newest first, with Nova's filters. `view` makes what is listed. */
export function listServers(nova: Nova, call: Call, view: (row: ServerRow) => Json): Json {
  const { query, auth } = call;
  const everywhere = /^(1|true|yes|)$/i.test(query.get('all_tenants') ?? query.get('all_projects') ?? 'no');
  if (everywhere && !auth.isAdmin)
    throw forbidden("Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.");
  const matches = filters(nova, call);
  const rows = everywhere ? [...nova.tables.servers.all()] : nova.tables.servers.by('project_id', auth.projectId);
  const found = rows.filter((row) => matches(row)).reverse();
  const page = pageOf(found, {
    key: (row) => row.id,
    limit: query.get('limit'),
    marker: query.get('marker'),
    maximum,
    sort: newestLast(
      query.getAll('sort_key'),
      query.getAll('sort_key').map((_key, index) => query.getAll('sort_dir')[index] ?? 'desc'),
    ),
    value: (row, name) => (row as unknown as Json)[sortNames[name] ?? name],
    missingMarker: (marker) => badRequest(`marker [${marker}] not found`),
  });
  const next = new URLSearchParams(query);
  if (page.next !== undefined) next.set('marker', page.next);
  return {
    servers: [...page.items.map(view), ...goneSince(nova, call, everywhere)],
    ...(page.next === undefined
      ? {}
      : { servers_links: [{ rel: 'next', href: `${nova.cloud.baseUrl}/compute/v2.1${call.path}?${next.toString()}` }] }),
  };
}

const sortNames: Readonly<Record<string, string>> = { display_name: 'name', vm_state: 'status' };

function filters(nova: Nova, call: Call): (row: ServerRow) => boolean {
  const { query, auth } = call;
  const tests: ((row: ServerRow) => boolean)[] = [];
  const pattern = (name: string): RegExp | undefined => {
    const source = query.get(name);
    if (source === null) return undefined;
    try {
      return new RegExp(source, 'i');
    } catch {
      throw badRequest(`Invalid input for query parameters ${name}. Value: ${source}. '${source}' is not a 'regex'`);
    }
  };
  const equal = (name: string, value: (row: ServerRow) => string | null): void => {
    const wanted = query.getAll(name);
    if (wanted.length > 0) tests.push((row) => wanted.some((item) => item === value(row)));
  };
  const name = pattern('name');
  if (name !== undefined) tests.push((row) => name.test(row.name));
  const address = pattern('ip');
  if (address !== undefined)
    tests.push((row) =>
      Object.values(addresses(nova, row))
        .flat()
        .some((item) => address.test(String(item['addr']))),
    );
  const status = query.getAll('status').map((item) => item.toUpperCase());
  if (status.length > 0) tests.push((row) => status.includes(row.status));
  const flavor = query.get('flavor');
  if (flavor !== null) tests.push((row) => row.flavor.id === flavor);
  equal('image', (row) => row.image_id);
  equal('uuid', (row) => row.id);
  equal('key_name', (row) => row.key_name);
  equal('availability_zone', (row) => row.availability_zone);
  equal('reservation_id', (row) => row.reservation_id);
  equal('user_id', (row) => row.user_id);
  if (auth.isAdmin) {
    equal('host', (row) => row.host);
    const project = query.get('project_id') ?? query.get('tenant_id');
    if (project !== null) tests.push((row) => row.project_id === project);
  }
  const tags = (key: string): string[] | undefined => query.get(key)?.split(',');
  const [all, any, notAll, notAny] = [tags('tags'), tags('tags-any'), tags('not-tags'), tags('not-tags-any')];
  if (all !== undefined) tests.push((row) => all.every((tag) => row.tags.includes(tag)));
  if (any !== undefined) tests.push((row) => any.some((tag) => row.tags.includes(tag)));
  if (notAll !== undefined) tests.push((row) => !notAll.every((tag) => row.tags.includes(tag)));
  if (notAny !== undefined) tests.push((row) => !notAny.some((tag) => row.tags.includes(tag)));
  const since = changesSince(call);
  if (since !== undefined) tests.push((row) => Date.parse(row.updated_at) >= since);
  return (row) => tests.every((test) => test(row));
}

function changesSince(call: Call): number | undefined {
  const stated = call.query.get('changes-since');
  if (stated === null) return undefined;
  const time = Date.parse(stated);
  if (Number.isNaN(time))
    throw badRequest(`Invalid input for query parameters changes-since. Value: ${stated}. '${stated}' is not a 'date-time'`);
  return time;
}

/** Deleted servers, which Nova lists only with changes-since (or `deleted` for admins). */
function goneSince(nova: Nova, call: Call, everywhere: boolean): Json[] {
  const since = changesSince(call);
  if (since === undefined) return [];
  const project = call.auth.projectId;
  return nova.gone
    .filter((stone) => stone.at >= since && (everywhere || stone.row.project_id === project))
    .map((stone) =>
      call.path.endsWith('/detail')
        ? { ...serverView(nova, call, stone.row, false), ...stone.view }
        : { id: stone.row.id, name: stone.row.name, links: [] },
    );
}
