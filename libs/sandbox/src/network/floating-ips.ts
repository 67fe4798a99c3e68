import { badRequest, conflict, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { findOwn, findVisible, readRoutes } from './collection.js';
import type { Kind } from './collection.js';
import { networkKind } from './networks.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import { portKind } from './ports.js';
import type { FloatingIp } from './rows.js';

const attributes = [
  'floating_network_id',
  'floating_ip_address',
  'subnet_id',
  'port_id',
  'fixed_ip_address',
  'description',
  'dns_name',
  'dns_domain',
  'qos_policy_id',
  'distributed',
];

export function floatingIpKind(neutron: Neutron): Kind<FloatingIp> {
  return {
    table: neutron.tables.floatingIps,
    path: 'floatingips',
    plural: 'floatingips',
    single: 'floatingip',
    notFound: { type: 'FloatingIPNotFound', message: (id) => `Floating IP ${id} could not be found` },
    view: (row) => {
      const { own_port_id: _own, name: _name, ...shown } = row;
      const port = row.port_id === null ? undefined : neutron.tables.ports.get(row.port_id);
      const details =
        port === undefined
          ? null
          : {
              name: port.name,
              network_id: port.network_id,
              mac_address: port.mac_address,
              admin_state_up: port.admin_state_up,
              status: port.status,
              device_id: port.device_id,
              device_owner: port.device_owner,
            };
      return { ...shown, port_details: details, port_forwardings: [], qos_policy_id: null, dns_name: '', dns_domain: '' };
    },
  };
}

/** Floating IPs. Wire: Neutron v2.0 `floatingips`. */
export function floatingIpRoutes(neutron: Neutron): Route[] {
  const kind = floatingIpKind(neutron);
  const { floatingIps, ports } = neutron.tables;
  return [
    ...readRoutes(neutron, kind),
    route('POST', '/floatingips', (call) => {
      neutron.requireMember(call, 'create_floatingip');
      const { items } = requested(call, 'floatingip', 'floatingips', attributes);
      const fields = items[0];
      if (fields === undefined) throw badRequest('Resource body required', 'HTTPBadRequest');
      const projectId = neutron.ownerFor(call, fields);
      const network = findVisible(networkKind(neutron), call, fields.text('floating_network_id'));
      if (!network['router:external'])
        throw badRequest(`Bad floatingip request: Network ${network.id} is not a valid external network.`, 'BadRequest');
      neutron.checkQuota(projectId, 'floatingip', floatingIps);
      const address = fields.optionalText('floating_ip_address');
      const subnetId = fields.optionalText('subnet_id');
      const wanted = address === undefined && subnetId === undefined ? undefined : [{ address, subnetId }];
      const own = neutron.createPort({
        networkId: network.id,
        projectId: '',
        fixedIps: wanted,
        securityGroups: [],
        deviceId: '',
        deviceOwner: 'network:floatingip',
        status: 'ACTIVE',
      });
      const given = own.fixed_ips[0]?.ip_address;
      if (given === undefined)
        throw conflict(`No more IP addresses available on network ${network.id}.`, 'IpAddressGenerationFailure');
      const row = floatingIps.insert({
        ...neutron.base({ description: fields.optionalText('description'), projectId, tags: fields.texts('tags') }),
        floating_network_id: network.id,
        floating_ip_address: given,
        port_id: null,
        fixed_ip_address: null,
        router_id: null,
        status: 'DOWN',
        own_port_id: own.id,
      });
      ports.patch(own.id, { device_id: row.id });
      return created({ floatingip: kind.view(associate(neutron, call, row, fields), call) });
    }),
    route('PUT', '/floatingips/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'floatingip', attributes);
      const described = neutron.update(floatingIps, row, { description: fields.optionalText('description') ?? row.description });
      return ok({ floatingip: kind.view(associate(neutron, call, described, fields), call) });
    }),
    route('DELETE', '/floatingips/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      floatingIps.remove(row.id);
      ports.remove(row.own_port_id);
      return noContent;
    }),
  ];
}

/** Does what `port_id` says: binds to a port's first (or stated) address, or lets go. Absent: nothing. */
function associate(neutron: Neutron, call: Call, row: FloatingIp, fields: Fields): FloatingIp {
  const { floatingIps, subnets } = neutron.tables;
  if (!fields.has('port_id')) return row;
  const portId = fields.optionalText('port_id');
  if (portId === undefined)
    return neutron.update(floatingIps, row, { port_id: null, fixed_ip_address: null, router_id: null, status: 'DOWN' });
  const port = findVisible(portKind(neutron), call, portId);
  const stated = fields.optionalText('fixed_ip_address');
  const ip = stated === undefined ? port.fixed_ips[0] : port.fixed_ips.find((own) => own.ip_address === stated);
  if (ip === undefined) {
    throw badRequest(
      stated === undefined
        ? `Bad floatingip request: Cannot add floating IP to port ${port.id} that has no fixed IPv4 addresses.`
        : `Bad floatingip request: Port ${port.id} does not have fixed ip ${stated}.`,
      'BadRequest',
    );
  }
  const rival = floatingIps
    .by('port_id', port.id)
    .find(
      (other) =>
        other.id !== row.id && other.fixed_ip_address === ip.ip_address && other.floating_network_id === row.floating_network_id,
    );
  if (rival !== undefined) {
    throw conflict(
      `Cannot associate floating IP ${row.floating_ip_address} (${row.id}) with port ${port.id} using fixed IP ${ip.ip_address}, as that fixed IP already has a floating IP on external network ${row.floating_network_id}.`,
      'FloatingIPPortAlreadyAssociated',
    );
  }
  const subnet = subnets.get(ip.subnet_id);
  const gateway = subnet === undefined ? undefined : neutron.gatewayOf(subnet.id, row.floating_network_id);
  if (gateway === undefined) {
    throw notFound(
      `External network ${row.floating_network_id} is not reachable from subnet ${ip.subnet_id}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
      'ExternalGatewayForFloatingIPNotFound',
    );
  }
  return neutron.update(floatingIps, row, {
    port_id: port.id,
    fixed_ip_address: ip.ip_address,
    router_id: gateway.routerId,
    status: 'ACTIVE',
  });
}
