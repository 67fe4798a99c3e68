import { conflict, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { findOwn, findVisible, readRoutes } from './collection.js';
import type { Kind } from './collection.js';
import { networkKind } from './networks.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron, PortRequest } from './neutron.js';
import type { Port } from './rows.js';

/** Owners whose ports only their own API takes away. */
const serviceOwners = new Set(['network:router_interface', 'network:router_gateway', 'network:floatingip']);
const attributes = [
  'network_id',
  'name',
  'description',
  'admin_state_up',
  'mac_address',
  'fixed_ips',
  'device_id',
  'device_owner',
  'security_groups',
  'allowed_address_pairs',
  'extra_dhcp_opts',
  'port_security_enabled',
  'dns_name',
  'dns_domain',
  'qos_policy_id',
  'propagate_uplink_status',
  'hints',
  'binding:host_id',
  'binding:vnic_type',
  'binding:profile',
  'numa_affinity_policy',
];

export function portKind(neutron: Neutron): Kind<Port> {
  return {
    table: neutron.tables.ports,
    path: 'ports',
    plural: 'ports',
    single: 'port',
    notFound: { type: 'PortNotFound', message: (id) => `Port ${id} could not be found.` },
    view: (row, call) => {
      const { 'binding:host_id': host, ...shown } = row;
      return {
        ...shown,
        extra_dhcp_opts: [],
        qos_policy_id: null,
        ...(call.auth.isAdmin
          ? {
              'binding:host_id': host,
              'binding:vif_type': host === '' ? 'unbound' : 'ovs',
              'binding:vif_details': {},
              'binding:profile': {},
            }
          : {}),
      };
    },
    filters: {
      fixed_ips: (row, wanted) =>
        wanted.every((condition) => {
          const at = condition.indexOf('=');
          const [name, value] = [condition.slice(0, at), condition.slice(at + 1)];
          return row.fixed_ips.some((ip) =>
            name === 'subnet_id'
              ? ip.subnet_id === value
              : name === 'ip_address'
                ? ip.ip_address === value
                : ip.ip_address.includes(value),
          );
        }),
      'binding:host_id': (row, wanted) => wanted.includes(row['binding:host_id']),
      security_groups: (row, wanted) => wanted.some((id) => row.security_groups.includes(id)),
    },
  };
}

/** Ports. Wire: Neutron v2.0 `ports`. */
export function portRoutes(neutron: Neutron): Route[] {
  const kind = portKind(neutron);
  const { ports } = neutron.tables;
  return [
    ...readRoutes(neutron, kind),
    route('POST', '/ports', (call) => {
      neutron.requireMember(call, 'create_port');
      const { bulk, items } = requested(call, 'port', 'ports', attributes);
      const views: Json[] = items.map((fields) => kind.view(create(neutron, call, fields), call));
      return created(bulk ? { ports: views } : { port: views[0] });
    }),
    route('PUT', '/ports/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'port', attributes);
      const wantedIps = statedIps(fields);
      const kept = (wantedIps ?? []).filter((ip) => row.fixed_ips.some((own) => own.ip_address === ip.address));
      const fresh = (wantedIps ?? []).filter((ip) => !kept.includes(ip));
      const changed = neutron.update(ports, row, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        device_id: fields.optionalText('device_id') ?? row.device_id,
        device_owner: fields.optionalText('device_owner') ?? row.device_owner,
        security_groups: statedGroups(neutron, call, fields) ?? row.security_groups,
        allowed_address_pairs: statedList(fields, 'allowed_address_pairs') ?? row.allowed_address_pairs,
        port_security_enabled: fields.flag('port_security_enabled', row.port_security_enabled),
        dns_name: fields.optionalText('dns_name') ?? row.dns_name,
        ...(call.auth.isAdmin && fields.has('binding:host_id')
          ? { 'binding:host_id': fields.optionalText('binding:host_id') ?? '' }
          : {}),
        ...(wantedIps === undefined
          ? {}
          : {
              fixed_ips: [
                ...row.fixed_ips.filter((own) => kept.some((ip) => ip.address === own.ip_address)),
                ...(fresh.length > 0 ? neutron.fixedIps(row.network_id, fresh) : []),
              ],
            }),
      });
      return ok({ port: kind.view(changed, call) });
    }),
    route('DELETE', '/ports/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      if (serviceOwners.has(row.device_owner)) {
        throw conflict(
          `Port ${row.id} cannot be deleted directly via the port API: has device owner ${row.device_owner}.`,
          'ServicePortInUse',
        );
      }
      neutron.removePort(row);
      return noContent;
    }),
  ];
}

function create(neutron: Neutron, call: Call, fields: Fields): Port {
  const network = findVisible(networkKind(neutron), call, fields.text('network_id'));
  const projectId = neutron.ownerFor(call, fields);
  const mac = fields.optionalText('mac_address');
  if (mac !== undefined && neutron.tables.ports.by('mac_address', mac).some((port) => port.network_id === network.id)) {
    throw conflict(
      `Unable to complete operation for network ${network.id}. The mac address ${mac} is in use.`,
      'MacAddressInUse',
    );
  }
  const guarded = fields.flag('port_security_enabled', network.port_security_enabled);
  return neutron.createPort({
    networkId: network.id,
    projectId,
    name: fields.optionalText('name'),
    description: fields.optionalText('description'),
    fixedIps: statedIps(fields),
    securityGroups: guarded ? statedGroups(neutron, call, fields) : [],
    deviceId: fields.optionalText('device_id'),
    deviceOwner: fields.optionalText('device_owner'),
    more: {
      ...(mac === undefined ? {} : { mac_address: mac }),
      admin_state_up: fields.flag('admin_state_up', true),
      allowed_address_pairs: statedList(fields, 'allowed_address_pairs') ?? [],
      port_security_enabled: guarded,
      dns_name: fields.optionalText('dns_name') ?? '',
      tags: fields.texts('tags') ?? [],
      'binding:vnic_type': fields.optionalText('binding:vnic_type') ?? 'normal',
      'binding:host_id': call.auth.isAdmin ? (fields.optionalText('binding:host_id') ?? '') : '',
    },
  });
}

function statedIps(fields: Fields): PortRequest['fixedIps'] {
  return fields
    .objects('fixed_ips')
    ?.map((ip) => ({ subnetId: ip.optionalText('subnet_id'), address: ip.optionalText('ip_address') }));
}

function statedGroups(neutron: Neutron, call: Call, fields: Fields): string[] | undefined {
  const ids = fields.texts('security_groups');
  for (const id of ids ?? []) {
    const group = neutron.tables.groups.get(id);
    if (group === undefined || (!call.auth.isAdmin && group.project_id !== call.auth.projectId))
      throw notFound(`Security group ${id} does not exist`, 'SecurityGroupNotFound');
  }
  return ids;
}

const statedList = (fields: Fields, name: string): unknown[] | undefined => fields.objects(name)?.map((item) => item.source);
