import { notFound } from '../server/api-error.js';
import { ok, openRoute, route } from '../server/call.js';
import type { Json, Route } from '../server/call.js';
import type { Service } from '../server/service.js';
import { floatingIpRoutes } from './floating-ips.js';
import { networkRoutes } from './networks.js';
import type { Neutron } from './neutron.js';
import { portRoutes } from './ports.js';
import { quotaRoutes } from './quota-routes.js';
import { routerInterfaceRoutes } from './router-interfaces.js';
import { routerRoutes } from './routers.js';
import { ruleRoutes } from './security-group-rules.js';
import { groupRoutes } from './security-groups.js';
import { subnetRoutes } from './subnets.js';

const extensions = [
  'router',
  'ext-gw-mode',
  'external-net',
  'security-group',
  'security-groups-normalized-cidr',
  'stateful-security-group',
  'quotas',
  'quota_details',
  'standard-attr-tag',
  'standard-attr-description',
  'standard-attr-timestamp',
  'standard-attr-revisions',
  'tag-ports-during-bulk-creation',
  'tag-creation',
  'allowed-address-pairs',
  'binding',
  'port-security',
  'pagination',
  'sorting',
  'project-id',
  'net-mtu',
  'net-mtu-writable',
  'fip-port-details',
  'filter-validation',
  'availability_zone',
  'network_availability_zone',
  'router_availability_zone',
  'subnet_allocation',
  'extra_dhcp_opt',
  'provider',
  'default-subnetpools',
  'empty-string-filtering',
  'ip-substring-filtering',
  'port-mac-address-regenerate',
];

/** Neutron v2.0. */
export function networkService(neutron: Neutron): Service {
  const version = (): Json => ({
    id: 'v2.0',
    status: 'CURRENT',
    links: [{ rel: 'self', href: `${neutron.cloud.baseUrl}/network/v2.0/` }],
  });
  const extension = (alias: string): Json => ({
    alias,
    name: alias,
    description: '',
    links: [],
    updated: '2013-01-01T00:00:00-00:00',
  });
  const empty = (path: string, key: string): Route => route('GET', path, () => ok({ [key]: [] }));
  return {
    name: 'network',
    prefix: 'network',
    versions: ['v2.0'],
    rootRoutes: [openRoute('GET', '/', () => ok({ versions: [version()] }))],
    routes: [
      openRoute('GET', '/', () => ok({ resources: [] })),
      ...networkRoutes(neutron),
      ...subnetRoutes(neutron),
      ...portRoutes(neutron),
      ...routerRoutes(neutron),
      ...routerInterfaceRoutes(neutron),
      ...groupRoutes(neutron),
      ...ruleRoutes(neutron),
      ...floatingIpRoutes(neutron),
      ...quotaRoutes(neutron),
      route('GET', '/extensions', () => ok({ extensions: extensions.map(extension) })),
      route('GET', '/extensions/:alias', (call) => {
        const alias = call.params['alias'] ?? '';
        if (!extensions.includes(alias)) throw notFound(`Extension with alias ${alias} does not exist`, 'ExtensionNotFound');
        return ok({ extension: extension(alias) });
      }),
      route('GET', '/availability_zones', () =>
        ok({ availability_zones: ['network', 'router'].map((resource) => ({ name: 'nova', resource, state: 'available' })) }),
      ),
      empty('/subnetpools', 'subnetpools'),
      empty('/address-scopes', 'address_scopes'),
      empty('/address-groups', 'address_groups'),
      empty('/agents', 'agents'),
    ],
    error: (error) => ({ NeutronError: { type: error.type ?? fallbackType(error.status), message: error.message, detail: '' } }),
  };
}

const fallbackType = (status: number): string =>
  status === 404
    ? 'HTTPNotFound'
    : status === 405
      ? 'HTTPMethodNotAllowed'
      : status >= 500
        ? 'HTTPInternalServerError'
        : 'HTTPBadRequest';
