import { notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Json, Route } from '../server/call.js';
import { newHexId } from '../cloud.js';
import type { Identity } from './identity.js';
import type { CatalogService, Endpoint } from './rows.js';
import { keystoneFields, keystoneFilter } from './users.js';

/** The catalog's own objects. Wire: Keystone v3 `services`, `endpoints`, `regions`. */
export function serviceRoutes(identity: Identity): Route[] {
  const { tables, cloud } = identity;
  const link = (kind: string, id: string): Json => ({ links: { self: `${cloud.baseUrl}/identity/v3/${kind}/${id}` } });
  const serviceView = (row: CatalogService): Json => ({ ...row, ...link('services', row.id) });
  const endpointView = (row: Endpoint): Json => ({
    ...row,
    region: row.region_id,
    url: row.url.replace('{base}', cloud.baseUrl),
    ...link('endpoints', row.id),
  });
  const region: Json = { id: cloud.region, description: '', parent_region_id: null, ...link('regions', cloud.region) };

  return [
    route('GET', '/services', (call) =>
      ok({ services: keystoneFilter(call, [...tables.services.all()], ['type', 'name']).map(serviceView), links: {} }),
    ),
    route('POST', '/services', (call) => {
      identity.requireAdmin(call, 'create_service');
      const fields = keystoneFields(call, 'service');
      const row = tables.services.insert({
        id: newHexId(),
        type: fields.text('type'),
        name: fields.optionalText('name') ?? '',
        description: fields.optionalText('description') ?? '',
        enabled: fields.flag('enabled', true),
      });
      return created({ service: serviceView(row) });
    }),
    route('GET', '/services/:service_id', (call) => {
      const row = tables.services.get(call.params['service_id'] ?? '');
      if (row === undefined) throw notFound(`Could not find service: ${call.params['service_id']}.`);
      return ok({ service: serviceView(row) });
    }),
    route('DELETE', '/services/:service_id', (call) => {
      identity.requireAdmin(call, 'delete_service');
      const id = call.params['service_id'] ?? '';
      if (tables.services.get(id) === undefined) throw notFound(`Could not find service: ${id}.`);
      for (const row of tables.endpoints.by('service_id', id)) tables.endpoints.remove(row.id);
      tables.services.remove(id);
      return noContent;
    }),
    route('GET', '/endpoints', (call) =>
      ok({
        endpoints: keystoneFilter(call, [...tables.endpoints.all()], ['service_id', 'interface', 'region_id']).map(endpointView),
        links: {},
      }),
    ),
    route('POST', '/endpoints', (call) => {
      identity.requireAdmin(call, 'create_endpoint');
      const fields = keystoneFields(call, 'endpoint');
      const serviceId = fields.text('service_id');
      if (tables.services.get(serviceId) === undefined) throw notFound(`Could not find service: ${serviceId}.`);
      const row = tables.endpoints.insert({
        id: newHexId(),
        service_id: serviceId,
        interface: fields.choice('interface', ['public', 'internal', 'admin']),
        region_id: fields.optionalText('region_id') ?? fields.optionalText('region') ?? cloud.region,
        url: fields.text('url', 4096),
        enabled: fields.flag('enabled', true),
      });
      return created({ endpoint: endpointView(row) });
    }),
    route('GET', '/endpoints/:endpoint_id', (call) => {
      const row = tables.endpoints.get(call.params['endpoint_id'] ?? '');
      if (row === undefined) throw notFound(`Could not find endpoint: ${call.params['endpoint_id']}.`);
      return ok({ endpoint: endpointView(row) });
    }),
    route('DELETE', '/endpoints/:endpoint_id', (call) => {
      identity.requireAdmin(call, 'delete_endpoint');
      const id = call.params['endpoint_id'] ?? '';
      if (tables.endpoints.get(id) === undefined) throw notFound(`Could not find endpoint: ${id}.`);
      tables.endpoints.remove(id);
      return noContent;
    }),
    route('GET', '/regions', () => ok({ regions: [region], links: {} })),
    route('GET', '/regions/:region_id', (call) => {
      if (call.params['region_id'] !== cloud.region) throw notFound(`Could not find region: ${call.params['region_id']}.`);
      return ok({ region });
    }),
    route('GET', '/groups', () => ok({ groups: [], links: {} })),
  ];
}
