import { badRequest, conflict, notFound } from '../server/api-error.js';
import { ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { findOwn, findVisible } from './collection.js';
import { overlap, parseCidr } from './ipv4.js';
import { neutronInvalid } from './neutron.js';
import type { Neutron } from './neutron.js';
import { portKind } from './ports.js';
import { routerKind } from './routers.js';
import type { Port, Router, Subnet } from './rows.js';
import { subnetKind } from './subnets.js';

/** Attaching subnets to routers. Wire: Neutron v2.0 `add_router_interface`, `remove_router_interface`. */
export function routerInterfaceRoutes(neutron: Neutron): Route[] {
  const { ports, subnets } = neutron.tables;

  const interfaces = (router: Router): Port[] =>
    ports.by('device_id', router.id).filter((port) => port.device_owner === 'network:router_interface');
  const answer = (router: Router, port: Port): Json => ({
    id: router.id,
    tenant_id: router.project_id,
    project_id: router.project_id,
    port_id: port.id,
    network_id: port.network_id,
    subnet_id: port.fixed_ips[0]?.subnet_id,
    subnet_ids: port.fixed_ips.map((ip) => ip.subnet_id),
    tags: [],
  });
  const stated = (call: Call): { subnetId: string | undefined; portId: string | undefined } => {
    if (!isObject(call.body)) throw badRequest('Either subnet_id or port_id must be specified', 'BadRequest');
    const fields = new Fields(call.body, neutronInvalid);
    const subnetId = fields.optionalText('subnet_id');
    const portId = fields.optionalText('port_id');
    if (subnetId === undefined && portId === undefined)
      throw badRequest('Bad router request: Either subnet_id or port_id must be specified.', 'BadRequest');
    return { subnetId, portId };
  };
  const checkOverlap = (router: Router, subnet: Subnet): void => {
    const range = parseCidr(subnet.cidr);
    for (const port of interfaces(router)) {
      for (const ip of port.fixed_ips) {
        if (ip.subnet_id === subnet.id)
          throw badRequest(`Bad router request: Router already has a port on subnet ${subnet.id}.`, 'BadRequest');
        const other = subnets.get(ip.subnet_id);
        const otherRange = other === undefined ? undefined : parseCidr(other.cidr);
        if (other !== undefined && otherRange !== undefined && range !== undefined && overlap(range, otherRange)) {
          throw badRequest(
            `Bad router request: Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${other.cidr} of subnet ${other.id}.`,
            'BadRequest',
          );
        }
      }
    }
  };
  const checkFloating = (router: Router, subnetId: string): void => {
    const inUse = neutron.tables.floatingIps
      .by('router_id', router.id)
      .some((floating) => ports.get(floating.port_id ?? '')?.fixed_ips.some((ip) => ip.subnet_id === subnetId) === true);
    if (inUse) {
      throw conflict(
        `Router interface for subnet ${subnetId} on router ${router.id} cannot be deleted, as it is required by one or more floating IPs.`,
        'RouterInterfaceInUseByFloatingIP',
      );
    }
  };

  return [
    route('PUT', '/routers/:id/add_router_interface', (call) => {
      const router = findOwn(neutron, routerKind(neutron), call, 'update');
      const { subnetId, portId } = stated(call);
      if (portId !== undefined) {
        const port = findVisible(portKind(neutron), call, portId);
        if (port.device_id !== '')
          throw conflict(
            `Unable to complete operation on port ${port.id} for network ${port.network_id}. Port already has an attached device ${port.device_id}.`,
            'PortInUse',
          );
        for (const ip of port.fixed_ips) {
          const subnet = subnets.get(ip.subnet_id);
          if (subnet !== undefined) checkOverlap(router, subnet);
        }
        const attached = neutron.update(ports, port, {
          device_id: router.id,
          device_owner: 'network:router_interface',
          status: 'ACTIVE',
          security_groups: [],
        });
        return ok(answer(router, attached));
      }
      const subnet = findVisible(subnetKind(neutron), call, subnetId ?? '');
      if (subnet.gateway_ip === null)
        throw badRequest(`Bad router request: Subnet for router interface must have a gateway IP.`, 'BadRequest');
      checkOverlap(router, subnet);
      if (neutron.addresses.holder(subnet.id, subnet.gateway_ip) !== undefined)
        throw conflict(`IP address ${subnet.gateway_ip} already allocated in subnet ${subnet.id}`, 'IpAddressAlreadyAllocated');
      const port = neutron.createPort({
        networkId: subnet.network_id,
        projectId: router.project_id,
        fixedIps: [{ subnetId: subnet.id, address: subnet.gateway_ip }],
        securityGroups: [],
        deviceId: router.id,
        deviceOwner: 'network:router_interface',
        status: 'ACTIVE',
      });
      return ok(answer(router, port));
    }),
    route('PUT', '/routers/:id/remove_router_interface', (call) => {
      const router = findOwn(neutron, routerKind(neutron), call, 'update');
      const { subnetId, portId } = stated(call);
      const port = interfaces(router).find(
        (candidate) =>
          (portId === undefined || candidate.id === portId) &&
          (subnetId === undefined || candidate.fixed_ips.some((ip) => ip.subnet_id === subnetId)),
      );
      if (port === undefined) {
        throw subnetId === undefined
          ? notFound(`Router ${router.id} does not have an interface with id ${portId}`, 'RouterInterfaceNotFound')
          : notFound(`Router ${router.id} has no interface on subnet ${subnetId}`, 'RouterInterfaceNotFoundForSubnet');
      }
      for (const ip of port.fixed_ips) checkFloating(router, ip.subnet_id);
      neutron.removePort(port);
      return ok(answer(router, port));
    }),
  ];
}
