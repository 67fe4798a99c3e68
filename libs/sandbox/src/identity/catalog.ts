import type { Json } from '../server/call.js';
import type { Identity } from './identity.js';

/** The catalog as tokens carry it. Endpoints with a project in the address are left out of tokens without one. */
export function catalog(identity: Identity, projectId: string | undefined): Json[] {
  const entries: Json[] = [];
  for (const service of identity.tables.services.all()) {
    if (!service.enabled) continue;
    const endpoints: Json[] = [];
    for (const endpoint of identity.tables.endpoints.by('service_id', service.id)) {
      if (!endpoint.enabled) continue;
      const wantsProject = /[%$]\((tenant|project)_id\)s/.test(endpoint.url);
      if (wantsProject && projectId === undefined) continue;
      endpoints.push({
        id: endpoint.id,
        interface: endpoint.interface,
        region: endpoint.region_id,
        region_id: endpoint.region_id,
        url: endpoint.url.replace('{base}', identity.cloud.baseUrl).replace(/[%$]\((tenant|project)_id\)s/g, projectId ?? ''),
      });
    }
    entries.push({ id: service.id, type: service.type, name: service.name, endpoints });
  }
  return entries;
}
