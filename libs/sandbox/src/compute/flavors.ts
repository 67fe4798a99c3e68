import { newId } from '../cloud.js';
import { conflict, notFound } from '../server/api-error.js';
import { accepted, ok, route, since } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { novaFields } from './nova.js';
import type { Nova } from './nova.js';
import type { Flavor } from './rows.js';

/** Flavors. Wire: Nova v2.1 `flavors`. */
export function flavorRoutes(nova: Nova): Route[] {
  const { flavors } = nova.tables;
  const links = (row: Flavor): Json[] => [{ rel: 'self', href: `${nova.cloud.baseUrl}/compute/v2.1/flavors/${row.id}` }];
  const view = (call: Call, row: Flavor): Json => ({
    id: row.id,
    name: row.name,
    vcpus: row.vcpus,
    ram: row.ram,
    disk: row.disk,
    swap: since(call, 75) ? 0 : '',
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    'os-flavor-access:is_public': row.is_public,
    rxtx_factor: 1,
    links: links(row),
    ...(since(call, 55) ? { description: null } : {}),
    ...(since(call, 61) ? { extra_specs: row.extra_specs } : {}),
  });
  const get = (call: Call): Flavor => {
    const row = flavors.get(call.params['id'] ?? '');
    if (row === undefined) throw notFound(`Flavor ${call.params['id']} could not be found.`);
    return row;
  };
  const listed = (call: Call): Flavor[] => {
    const [disk, ram] = [Number(call.query.get('minDisk') ?? 0), Number(call.query.get('minRam') ?? 0)];
    const rows = [...flavors.all()].filter((row) => row.disk >= disk && row.ram >= ram && (row.is_public || call.auth.isAdmin));
    const marker = call.query.get('marker');
    return marker === null ? rows : rows.slice(rows.findIndex((row) => row.id === marker) + 1);
  };
  return [
    route('GET', '/flavors', (call) =>
      ok({
        flavors: listed(call).map((row) => ({
          id: row.id,
          name: row.name,
          links: links(row),
          ...(since(call, 55) ? { description: null } : {}),
        })),
      }),
    ),
    route('GET', '/flavors/detail', (call) => ok({ flavors: listed(call).map((row) => view(call, row)) })),
    route('GET', '/flavors/:id', (call) => ok({ flavor: view(call, get(call)) })),
    route('GET', '/flavors/:id/os-extra_specs', (call) => ok({ extra_specs: get(call).extra_specs })),
    route('POST', '/flavors', (call) => {
      nova.requireAdmin(call, 'os-flavor-manage:create');
      const fields = novaFields(call, 'flavor');
      const name = fields.text('name');
      const stated = fields.optionalText('id');
      const id = stated === undefined || stated === 'auto' ? newId() : stated;
      if (flavors.get(id) !== undefined) throw conflict(`Flavor with ID ${id} already exists.`);
      if (flavors.count('name', name) > 0) throw conflict(`Flavor with name ${name} already exists.`);
      const row = flavors.insert({
        id,
        name,
        vcpus: fields.integer('vcpus', 1, 4096),
        ram: fields.integer('ram', 1, 1e8),
        disk: fields.integer('disk', 0, 1e6),
        is_public: fields.flag('os-flavor-access:is_public', true),
        extra_specs: {},
      });
      return ok({ flavor: view(call, row) });
    }),
    route('DELETE', '/flavors/:id', (call) => {
      nova.requireAdmin(call, 'os-flavor-manage:delete');
      flavors.remove(get(call).id);
      return accepted();
    }),
  ];
}
