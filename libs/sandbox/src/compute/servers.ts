import { ApiError, badRequest, conflict, forbidden, notFound } from '../server/api-error.js';
import { accepted, noContent, ok, route, since } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { createServer } from './create-server.js';
import { novaFields, novaInvalid } from './nova.js';
import type { Nova } from './nova.js';
import type { ServerRow } from './rows.js';
import { actOnServer } from './server-actions.js';
import { listServers } from './server-list.js';
import { addresses, serverLinks, serverView } from './server-view.js';

/** Servers. Wire: Nova v2.1 `servers`. */
export function serverRoutes(nova: Nova): Route[] {
  const { servers } = nova.tables;
  const get = (call: Call): ServerRow => nova.server(call, call.params['id'] ?? '');
  const changed = (call: Call, action: string): ServerRow => {
    const row = get(call);
    nova.member(call, action);
    if (row.task_state === 'deleting') throw conflict(`Cannot update instance ${row.id} while it is in task_state deleting`);
    return row;
  };

  return [
    route('GET', '/servers', (call) =>
      ok(listServers(nova, call, (row) => ({ id: row.id, name: row.name, links: serverLinks(nova, row.id) }))),
    ),
    route('GET', '/servers/detail', (call) => ok(listServers(nova, call, (row) => serverView(nova, call, row, false)))),
    route('POST', '/servers', (call) => {
      const fields = novaFields(call, 'server');
      const name = fields.text('name');
      if (name.trim() === '') throw novaInvalid('name', name, `'${name}' is too short`);
      const hints = isObject(call.body)
        ? (call.body['os:scheduler_hints'] ?? call.body['OS-SCH-HNT:scheduler_hints'])
        : undefined;
      const parsedHints = isObject(hints) ? new Fields(hints, novaInvalid) : undefined;
      const most = fields.optionalInteger('max_count', 1, 1000) ?? fields.optionalInteger('min_count', 1, 1000) ?? 1;
      let first: ServerRow | undefined;
      for (let index = 1; index <= most; index += 1) {
        const row = createServer(nova, call, fields, parsedHints, most === 1 ? name : `${name}-${index}`);
        first ??= row;
      }
      if (first === undefined) throw badRequest('max_count must be >= 1');
      if (fields.flag('return_reservation_id', false)) return accepted({ reservation_id: first.reservation_id });
      return {
        status: 202,
        headers: { location: `${nova.cloud.baseUrl}/compute/v2.1/servers/${first.id}` },
        body: {
          server: {
            id: first.id,
            links: serverLinks(nova, first.id),
            'OS-DCF:diskConfig': 'MANUAL',
            security_groups: fields.source['security_groups'] ?? [{ name: 'default' }],
            adminPass: fields.optionalText('adminPass') ?? 'not-simulated',
          },
        },
      };
    }),
    route('GET', '/servers/:id', (call) => ok({ server: serverView(nova, call, get(call), true) })),
    route('PUT', '/servers/:id', (call) => {
      const row = changed(call, 'servers:update');
      const fields = novaFields(call, 'server');
      const after = servers.patch(row.id, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
      });
      return ok({ server: serverView(nova, call, after, true) });
    }),
    route('DELETE', '/servers/:id', (call) => {
      const row = get(call);
      nova.member(call, 'servers:delete');
      if (row.locked && !call.auth.isAdmin) throw conflict(`Instance ${row.id} is locked`);
      nova.delete(row, call.outcome);
      return noContent;
    }),
    route('POST', '/servers/:id/action', (call) => actOnServer(nova, call, get(call))),
    route('GET', '/servers/:id/ips', (call) => ok({ addresses: addresses(nova, get(call)) })),
    ...metadataRoutes(nova, get, changed),
    ...tagRoutes(nova, get, changed),
    route('GET', '/servers/:id/os-interface', (call) =>
      ok({
        interfaceAttachments: nova.neutron.tables.ports.by('device_id', get(call).id).map((port) => ({
          net_id: port.network_id,
          port_id: port.id,
          mac_addr: port.mac_address,
          port_state: port.status,
          fixed_ips: port.fixed_ips,
        })),
      }),
    ),
    route('GET', '/servers/:id/os-security-groups', (call) => {
      const ids = new Set(nova.neutron.tables.ports.by('device_id', get(call).id).flatMap((port) => port.security_groups));
      const groups = [...ids].flatMap((id) => nova.neutron.tables.groups.get(id) ?? []);
      return ok({
        security_groups: groups.map((group) => ({
          id: group.id,
          name: group.name,
          description: group.description,
          tenant_id: group.project_id,
          rules: [],
        })),
      });
    }),
    route('GET', '/servers/:id/os-instance-actions', (call) => {
      const row = get(call);
      return ok({
        instanceActions: [
          {
            action: 'create',
            instance_uuid: row.id,
            request_id: row.reservation_id,
            user_id: row.user_id,
            project_id: row.project_id,
            start_time: row.created_at,
            message: row.fault?.message ?? null,
          },
        ],
      });
    }),
  ];
}

type Getter = (call: Call) => ServerRow;
type Changer = (call: Call, action: string) => ServerRow;

function metadataRoutes(nova: Nova, get: Getter, changed: Changer): Route[] {
  const { servers } = nova.tables;
  const write = (call: Call, merge: boolean): Json => {
    const row = changed(call, 'server-metadata:update');
    const stated = new Fields(isObject(call.body) ? call.body : {}, novaInvalid).map('metadata');
    if (stated === undefined) throw novaInvalid('metadata', null, "'metadata' is a required property");
    const metadata = merge ? { ...row.metadata, ...stated } : stated;
    if (nova.quotas.exceeded(row.project_id, 'metadata_items', 0, Object.keys(metadata).length))
      throw forbidden(`Maximum number of metadata items exceeds ${nova.quotas.of(row.project_id)['metadata_items']}`);
    servers.patch(row.id, { metadata });
    return { metadata };
  };
  return [
    route('GET', '/servers/:id/metadata', (call) => ok({ metadata: get(call).metadata })),
    route('POST', '/servers/:id/metadata', (call) => ok(write(call, true))),
    route('PUT', '/servers/:id/metadata', (call) => ok(write(call, false))),
    route('DELETE', '/servers/:id/metadata/:key', (call) => {
      const row = changed(call, 'server-metadata:delete');
      const { [call.params['key'] ?? '']: found, ...rest } = row.metadata;
      if (found === undefined) throw notFound('Metadata item was not found');
      servers.patch(row.id, { metadata: rest });
      return noContent;
    }),
  ];
}

function tagRoutes(nova: Nova, get: Getter, changed: Changer): Route[] {
  const { servers } = nova.tables;
  const supported = (call: Call): void => {
    if (!since(call, 26)) throw new ApiError(404, 'The resource could not be found.');
  };
  return [
    route('GET', '/servers/:id/tags', (call) => {
      supported(call);
      return ok({ tags: get(call).tags });
    }),
    route('PUT', '/servers/:id/tags', (call) => {
      supported(call);
      const row = changed(call, 'os-server-tags:update_all');
      const tags = new Fields(isObject(call.body) ? call.body : {}, novaInvalid).texts('tags') ?? [];
      servers.patch(row.id, { tags });
      return ok({ tags });
    }),
    route('PUT', '/servers/:id/tags/:tag', (call) => {
      supported(call);
      const row = changed(call, 'os-server-tags:update');
      const tag = call.params['tag'] ?? '';
      if (row.tags.includes(tag)) return noContent;
      servers.patch(row.id, { tags: [...row.tags, tag] });
      return { status: 201 };
    }),
    route('DELETE', '/servers/:id/tags/:tag', (call) => {
      supported(call);
      const row = changed(call, 'os-server-tags:delete');
      if (!row.tags.includes(call.params['tag'] ?? '')) throw notFound(`Server ${row.id} has no tag '${call.params['tag']}'`);
      servers.patch(row.id, { tags: row.tags.filter((tag) => tag !== call.params['tag']) });
      return noContent;
    }),
  ];
}
