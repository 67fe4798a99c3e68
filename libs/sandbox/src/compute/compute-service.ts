import { forbidden } from '../server/api-error.js';
import { ok, openRoute, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { readMicroversion } from '../server/microversion.js';
import type { Service } from '../server/service.js';
import { flavorRoutes } from './flavors.js';
import { keypairRoutes } from './keypairs.js';
import { novaFields } from './nova.js';
import type { Nova } from './nova.js';
import { serverGroupRoutes } from './server-groups.js';
import { serverRoutes } from './servers.js';
import { volumeAttachmentRoutes } from './volume-attachments.js';

const maxMinor = 96;
const faults: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** Nova v2.1, microversions 2.1 to 2.96. */
export function computeService(nova: Nova): Service {
  const version = (): Json => ({
    id: 'v2.1',
    status: 'CURRENT',
    version: `2.${maxMinor}`,
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${nova.cloud.baseUrl}/compute/v2.1/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' }],
  });
  return {
    name: 'compute',
    prefix: 'compute',
    versions: ['v2.1'],
    rootRoutes: [openRoute('GET', '/', () => ok({ versions: [version()] }))],
    routes: [
      openRoute('GET', '/', () => ok({ version: version() })),
      ...serverRoutes(nova),
      ...volumeAttachmentRoutes(nova),
      ...serverGroupRoutes(nova),
      ...keypairRoutes(nova),
      ...flavorRoutes(nova),
      ...limitRoutes(nova),
    ],
    microversion: (headers) => readMicroversion(headers, 'compute', 2, maxMinor, 'x-openstack-nova-api-version', [2, 1]),
    headers: (requestId, version) => ({
      'x-compute-request-id': requestId,
      'openstack-api-version': `compute ${version.join('.')}`,
      'x-openstack-nova-api-version': version.join('.'),
      vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
    }),
    error: (error) => ({ [faults[error.status] ?? 'computeFault']: { code: error.status, message: error.message } }),
  };
}

/** Quotas, limits, zones and what else clients ask for in passing. */
function limitRoutes(nova: Nova): Route[] {
  const { quotas, tables } = nova;
  const project = (call: Call): string => {
    const id = call.params['project_id'] ?? '';
    if (id !== call.auth.projectId && !call.auth.isAdmin)
      throw forbidden("Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.");
    return id;
  };
  const used = (projectId: string): Record<string, number> => {
    const rows = tables.servers.by('project_id', projectId);
    return {
      instances: rows.length,
      cores: rows.reduce((sum, row) => sum + row.flavor.vcpus, 0),
      ram: rows.reduce((sum, row) => sum + row.flavor.ram, 0),
      server_groups: tables.groups.count('project_id', projectId),
    };
  };
  return [
    route('GET', '/limits', (call) => {
      const id = (call.auth.isAdmin ? call.query.get('tenant_id') : null) ?? call.auth.projectId ?? '';
      const [limits, use] = [quotas.of(id), used(id)];
      return ok({
        limits: {
          rate: [],
          absolute: {
            maxTotalInstances: limits['instances'],
            maxTotalCores: limits['cores'],
            maxTotalRAMSize: limits['ram'],
            maxServerMeta: limits['metadata_items'],
            maxTotalKeypairs: limits['key_pairs'],
            maxServerGroups: limits['server_groups'],
            maxServerGroupMembers: limits['server_group_members'],
            totalInstancesUsed: use['instances'],
            totalCoresUsed: use['cores'],
            totalRAMUsed: use['ram'],
            totalServerGroupsUsed: use['server_groups'],
          },
        },
      });
    }),
    route('GET', '/os-quota-sets/:project_id', (call) => ok({ quota_set: { id: project(call), ...quotas.of(project(call)) } })),
    route('GET', '/os-quota-sets/:project_id/defaults', (call) => ok({ quota_set: { id: project(call), ...quotas.defaults } })),
    route('GET', '/os-quota-sets/:project_id/detail', (call) => {
      const use = used(project(call));
      return ok({
        quota_set: {
          id: project(call),
          ...Object.fromEntries(
            Object.entries(quotas.of(project(call))).map(([name, limit]) => [
              name,
              { limit, in_use: use[name] ?? 0, reserved: 0 },
            ]),
          ),
        },
      });
    }),
    route('PUT', '/os-quota-sets/:project_id', (call) => {
      nova.requireAdmin(call, 'os-quota-sets:update');
      const fields = novaFields(call, 'quota_set');
      const names = Object.keys(fields.source).filter((name) => name in quotas.defaults);
      quotas.set(project(call), Object.fromEntries(names.map((name) => [name, fields.integer(name, -1, 1e9)])));
      return ok({ quota_set: quotas.of(project(call)) });
    }),
    ...['/os-availability-zone', '/os-availability-zone/detail'].map((path) =>
      route('GET', path, (call) => {
        if (path.endsWith('detail')) nova.requireAdmin(call, 'os-availability-zone:detail');
        return ok({ availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true }, hosts: null }] });
      }),
    ),
    route('GET', '/extensions', () => ok({ extensions: [] })),
    route('GET', '/os-services', (call) => {
      nova.requireAdmin(call, 'os-services:list');
      return ok({
        services: ['nova-conductor', 'nova-scheduler', 'nova-compute'].map((binary, index) => ({
          id: index + 1,
          binary,
          host: 'sandbox',
          zone: 'nova',
          status: 'enabled',
          state: 'up',
          updated_at: new Date().toISOString(),
          disabled_reason: null,
        })),
      });
    }),
  ];
}
