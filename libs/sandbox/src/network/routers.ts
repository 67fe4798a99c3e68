import { badRequest, conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { findOwn, findVisible, readRoutes } from './collection.js';
import type { Kind } from './collection.js';
import { networkKind } from './networks.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import type { GatewayInfo, Router } from './rows.js';

const attributes = [
  'name',
  'description',
  'admin_state_up',
  'external_gateway_info',
  'ha',
  'distributed',
  'availability_zone_hints',
  'routes',
  'flavor_id',
  'enable_ndp_proxy',
];

export function routerKind(neutron: Neutron): Kind<Router> {
  return {
    table: neutron.tables.routers,
    path: 'routers',
    plural: 'routers',
    single: 'router',
    notFound: { type: 'RouterNotFound', message: (id) => `Router ${id} could not be found` },
    view: (row, call) => {
      const { gw_port_id: gateway, ...shown } = row;
      return {
        ...shown,
        availability_zones: ['nova'],
        availability_zone_hints: [],
        flavor_id: null,
        ...(call.auth.isAdmin ? { ha: false, distributed: false, gw_port_id: gateway } : {}),
      };
    },
  };
}

/** Routers and their gateways. Wire: Neutron v2.0 `routers`. */
export function routerRoutes(neutron: Neutron): Route[] {
  const kind = routerKind(neutron);
  const { routers, ports } = neutron.tables;
  return [
    ...readRoutes(neutron, kind),
    route('POST', '/routers', (call) => {
      neutron.requireMember(call, 'create_router');
      const { bulk, items } = requested(call, 'router', 'routers', attributes);
      const views = items.map((fields) => {
        const projectId = neutron.ownerFor(call, fields);
        neutron.checkQuota(projectId, 'router', routers);
        const row = routers.insert({
          ...neutron.base({
            name: fields.optionalText('name'),
            description: fields.optionalText('description'),
            projectId,
            tags: fields.texts('tags'),
          }),
          admin_state_up: fields.flag('admin_state_up', true),
          status: 'ACTIVE',
          external_gateway_info: null,
          gw_port_id: null,
          routes: [],
        });
        return kind.view(setGateway(neutron, call, row, fields), call);
      });
      return created(bulk ? { routers: views } : { router: views[0] });
    }),
    route('PUT', '/routers/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'router', attributes);
      const changed = neutron.update(routers, row, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        routes: fields.objects('routes')?.map((item) => item.source) ?? row.routes,
      });
      return ok({ router: kind.view(setGateway(neutron, call, changed, fields), call) });
    }),
    route('DELETE', '/routers/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      if (ports.by('device_id', row.id).some((port) => port.device_owner === 'network:router_interface'))
        throw conflict(`Router ${row.id} still has ports`, 'RouterInUse');
      clearGateway(neutron, row);
      routers.remove(row.id);
      return noContent;
    }),
  ];
}

function setGateway(neutron: Neutron, call: Call, row: Router, fields: Fields): Router {
  if (!fields.has('external_gateway_info')) return row;
  const info = fields.object('external_gateway_info');
  const networkId = info?.optionalText('network_id');
  if (info === undefined || networkId === undefined) return clearGateway(neutron, row);
  const network = findVisible(networkKind(neutron), call, networkId);
  if (!network['router:external'])
    throw badRequest(`Bad router request: Network ${networkId} is not an external network.`, 'BadRequest');
  const enableSnat = info.flag('enable_snat', true);
  if (row.external_gateway_info?.network_id === networkId && !info.has('external_fixed_ips')) {
    return neutron.update(neutron.tables.routers, row, {
      external_gateway_info: { ...row.external_gateway_info, enable_snat: enableSnat },
    });
  }
  const cleared = clearGateway(neutron, row);
  const wanted = info
    .objects('external_fixed_ips')
    ?.map((ip) => ({ subnetId: ip.optionalText('subnet_id'), address: ip.optionalText('ip_address') }));
  const port = neutron.createPort({
    networkId,
    projectId: '',
    fixedIps: wanted,
    securityGroups: [],
    deviceId: row.id,
    deviceOwner: 'network:router_gateway',
    status: 'ACTIVE',
  });
  if (port.fixed_ips.length === 0) throw badRequest(`Bad router request: No subnets in network ${networkId}.`, 'BadRequest');
  const gateway: GatewayInfo = { network_id: networkId, enable_snat: enableSnat, external_fixed_ips: port.fixed_ips };
  return neutron.update(neutron.tables.routers, cleared, { external_gateway_info: gateway, gw_port_id: port.id });
}

function clearGateway(neutron: Neutron, row: Router): Router {
  if (row.external_gateway_info === null) return row;
  if (neutron.tables.floatingIps.count('router_id', row.id) > 0) {
    throw conflict(
      `Gateway cannot be updated for router ${row.id}, since a gateway to external network ${row.external_gateway_info.network_id} is required by one or more floating IPs.`,
      'RouterExternalGatewayInUseByFloatingIp',
    );
  }
  const port = row.gw_port_id === null ? undefined : neutron.tables.ports.get(row.gw_port_id);
  if (port !== undefined) neutron.removePort(port);
  return neutron.update(neutron.tables.routers, row, { external_gateway_info: null, gw_port_id: null });
}
