import { conflict, forbidden } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Route } from '../server/call.js';
import { findOwn, readRoutes } from './collection.js';
import type { Kind } from './collection.js';
import { requested, requestedUpdate } from './neutron.js';
import type { Neutron } from './neutron.js';
import type { Network } from './rows.js';

/** Ports that go with their network. */
const ownPorts = new Set(['network:dhcp', 'network:distributed']);
const attributes = [
  'name',
  'description',
  'admin_state_up',
  'shared',
  'router:external',
  'is_default',
  'mtu',
  'port_security_enabled',
  'availability_zone_hints',
  'qos_policy_id',
  'dns_domain',
  'provider:network_type',
  'provider:physical_network',
  'provider:segmentation_id',
];

export function networkKind(neutron: Neutron): Kind<Network> {
  return {
    table: neutron.tables.networks,
    path: 'networks',
    plural: 'networks',
    single: 'network',
    notFound: { type: 'NetworkNotFound', message: (id) => `Network ${id} could not be found.` },
    visible: (row) => row.shared || row['router:external'],
    view: (row, call) => ({
      ...row,
      subnets: neutron.tables.subnets.by('network_id', row.id).map((subnet) => subnet.id),
      availability_zones: ['nova'],
      ipv4_address_scope: null,
      ipv6_address_scope: null,
      qos_policy_id: null,
      ...(call.auth.isAdmin
        ? {
            'provider:network_type': row['router:external'] ? 'flat' : 'geneve',
            'provider:physical_network': row['router:external'] ? 'public' : null,
            'provider:segmentation_id': null,
          }
        : {}),
    }),
  };
}

/** Networks. Wire: Neutron v2.0 `networks`. */
export function networkRoutes(neutron: Neutron): Route[] {
  const kind = networkKind(neutron);
  const { networks, ports, subnets } = neutron.tables;
  return [
    ...readRoutes(neutron, kind),
    route('POST', '/networks', (call) => {
      neutron.requireMember(call, 'create_network');
      const { bulk, items } = requested(call, 'network', 'networks', attributes);
      const made = items.map((fields) => {
        const projectId = neutron.ownerFor(call, fields);
        for (const name of ['shared', 'router:external'] as const)
          if (fields.flag(name, false) && !call.auth.isAdmin)
            throw forbidden(`rule:create_network:${name} is disallowed by policy`, 'PolicyNotAuthorized');
        neutron.checkQuota(projectId, 'network', networks);
        neutron.defaultGroup(projectId);
        return networks.insert({
          ...neutron.base({
            name: fields.optionalText('name'),
            description: fields.optionalText('description'),
            projectId,
            tags: fields.texts('tags'),
          }),
          admin_state_up: fields.flag('admin_state_up', true),
          status: 'ACTIVE',
          shared: fields.flag('shared', false),
          mtu: fields.optionalInteger('mtu', 68, 65_535) ?? 1442,
          'router:external': fields.flag('router:external', false),
          is_default: fields.flag('is_default', false),
          port_security_enabled: fields.flag('port_security_enabled', true),
          availability_zone_hints: fields.texts('availability_zone_hints') ?? [],
        });
      });
      const views = made.map((row) => kind.view(row, call));
      return created(bulk ? { networks: views } : { network: views[0] });
    }),
    route('PUT', '/networks/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'update');
      const fields = requestedUpdate(call, 'network', attributes);
      const changed = neutron.update(networks, row, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        shared: fields.flag('shared', row.shared),
        mtu: fields.optionalInteger('mtu', 68, 65_535) ?? row.mtu,
        port_security_enabled: fields.flag('port_security_enabled', row.port_security_enabled),
      });
      return ok({ network: kind.view(changed, call) });
    }),
    route('DELETE', '/networks/:id', (call) => {
      const row = findOwn(neutron, kind, call, 'delete');
      const attached = ports.by('network_id', row.id);
      const foreign = attached.filter((port) => !ownPorts.has(port.device_owner));
      if (foreign.length > 0) {
        const ids = foreign
          .slice(0, 5)
          .map((port) => port.id)
          .join(',');
        throw conflict(
          `Unable to complete operation on network ${row.id}. There are one or more ports still in use on the network, id for these ports is ${ids}.`,
          'NetworkInUse',
        );
      }
      for (const port of attached) neutron.removePort(port);
      for (const subnet of subnets.by('network_id', row.id)) subnets.remove(subnet.id);
      networks.remove(row.id);
      return noContent;
    }),
  ];
}
