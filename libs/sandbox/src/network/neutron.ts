import { randomBytes } from 'node:crypto';
import type { Cloud } from '../cloud.js';
import { newId, nowSeconds } from '../cloud.js';
import { Quotas } from '../quotas.js';
import { ApiError, badRequest, conflict, forbidden, notFound } from '../server/api-error.js';
import type { Call } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import type { Table } from '../store/table.js';
import { Addresses } from './addresses.js';
import { networkTables } from './rows.js';
import type { FixedIp, NetworkTables, NeutronRow, Port, SecurityGroup, Subnet } from './rows.js';

const quotaDefaults = {
  network: 1000,
  subnet: 1000,
  port: 50_000,
  router: 1000,
  floatingip: 10_000,
  security_group: 2000,
  security_group_rule: 50_000,
  subnetpool: -1,
  rbac_policy: 10,
};

/** A table that knows how many rows a project has. */
export interface Counted {
  count(field: 'project_id', value: string): number;
}

/** What a new port is to be, with Neutron's defaults for what is left out. */
export interface PortRequest {
  readonly networkId: string;
  readonly projectId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Wanted addresses; undefined: one from the network's first subnet with a free address. */
  readonly fixedIps?: readonly { readonly subnetId?: string | undefined; readonly address?: string | undefined }[] | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly deviceId?: string | undefined;
  readonly deviceOwner?: string | undefined;
  readonly status?: Port['status'];
  readonly more?: Partial<Port>;
}

/** The rules of Neutron that more than one route, and Nova and Octavia, need. */
export class Neutron {
  readonly tables: NetworkTables;
  readonly addresses: Addresses;
  readonly quotas: Quotas;

  /** How many ports use a security group. */
  private readonly groupUses = new Map<string, number>();

  constructor(readonly cloud: Cloud) {
    this.tables = networkTables(cloud.store);
    this.tables.ports.watch((before, after) => {
      if (before?.security_groups === after?.security_groups) return;
      for (const id of before?.security_groups ?? []) this.groupUses.set(id, (this.groupUses.get(id) ?? 0) - 1);
      for (const id of after?.security_groups ?? []) this.groupUses.set(id, (this.groupUses.get(id) ?? 0) + 1);
    });
    this.addresses = new Addresses(this.tables);
    this.quotas = new Quotas(cloud.store, 'network', quotaDefaults);
  }

  /** The attributes all objects share, for a new one. */
  base(fields: {
    name?: string | undefined;
    description?: string | undefined;
    projectId: string;
    tags?: readonly string[] | undefined;
  }): NeutronRow {
    const now = nowSeconds();
    return {
      id: newId(),
      name: fields.name ?? '',
      project_id: fields.projectId,
      tenant_id: fields.projectId,
      description: fields.description ?? '',
      created_at: now,
      updated_at: now,
      revision_number: 0,
      tags: fields.tags ?? [],
    };
  }

  /** Changes a row and counts its revision. */
  update<T extends NeutronRow>(table: Table<T>, row: T, change: Partial<Omit<T, 'id'>>): T {
    return table.patch(row.id, { ...change, updated_at: nowSeconds(), revision_number: row.revision_number + 1 });
  }

  /** @throws ApiError 403 for a caller who may only read */
  requireMember(call: Call, rule: string): void {
    if (!call.auth.isAdmin && (!call.auth.roles.has('member') || call.auth.projectId === undefined))
      throw forbidden(`rule:${rule} is disallowed by policy`, 'PolicyNotAuthorized');
  }

  /** The project a new object is for: the caller's, or any one for an admin. */
  ownerFor(call: Call, fields: Fields): string {
    const stated = fields.optionalText('project_id') ?? fields.optionalText('tenant_id');
    if (stated !== undefined && stated !== call.auth.projectId && !call.auth.isAdmin)
      throw forbidden(
        "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin privileges",
        'HTTPForbidden',
      );
    const project = stated ?? call.auth.projectId;
    if (project === undefined)
      throw badRequest('Running without keystone AuthN requires that tenant_id is specified', 'HTTPBadRequest');
    return project;
  }

  /** @throws ApiError 409 OverQuota */
  checkQuota(projectId: string, resource: string, table: Counted, wanted = 1): void {
    if (projectId !== '' && this.quotas.exceeded(projectId, resource, table.count('project_id', projectId), wanted))
      throw conflict(`Quota exceeded for resources: ['${resource}'].`, 'OverQuota');
  }

  /** Makes a port and takes its addresses. @throws ApiError as POST ports does */
  createPort(request: PortRequest): Port {
    const network = this.tables.networks.get(request.networkId);
    if (network === undefined) throw notFound(`Network ${request.networkId} could not be found.`, 'NetworkNotFound');
    this.checkQuota(request.projectId, 'port', this.tables.ports);
    const groups = request.securityGroups ?? (request.projectId === '' ? [] : [this.defaultGroup(request.projectId).id]);
    return this.tables.ports.insert({
      ...this.base({ name: request.name, description: request.description, projectId: request.projectId }),
      network_id: network.id,
      mac_address: `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`,
      fixed_ips: this.fixedIps(network.id, request.fixedIps),
      device_id: request.deviceId ?? '',
      device_owner: request.deviceOwner ?? '',
      status: request.status ?? 'DOWN',
      admin_state_up: true,
      security_groups: groups,
      allowed_address_pairs: [],
      port_security_enabled: network.port_security_enabled,
      dns_name: '',
      'binding:vnic_type': 'normal',
      'binding:host_id': '',
      ...request.more,
    });
  }

  /** Addresses for a port on a network. @throws ApiError 400 not of this network, 409 used or exhausted */
  fixedIps(networkId: string, wanted: PortRequest['fixedIps']): FixedIp[] {
    const subnets = this.tables.subnets.by('network_id', networkId);
    if (wanted === undefined) {
      if (subnets.length === 0) return [];
      return [this.anyAddress(networkId, subnets)];
    }
    const taken: FixedIp[] = [];
    for (const { subnetId, address } of wanted) {
      const fitting = subnetId === undefined ? subnets : subnets.filter((subnet) => subnet.id === subnetId);
      if (subnetId !== undefined && fitting.length === 0)
        throw badRequest(
          `Invalid input for operation: Failed to create port on network ${networkId}, because fixed_ips included invalid subnet ${subnetId}.`,
          'InvalidInput',
        );
      if (address === undefined) taken.push(this.anyAddress(networkId, fitting));
      else taken.push(this.statedAddress(fitting, address));
    }
    return taken;
  }

  /** Takes a port away; its floating IPs are let go. */
  removePort(port: Port): void {
    for (const floating of this.tables.floatingIps.by('port_id', port.id)) {
      this.update(this.tables.floatingIps, floating, { port_id: null, fixed_ip_address: null, router_id: null, status: 'DOWN' });
    }
    this.tables.ports.remove(port.id);
  }

  isGroupUsed(groupId: string): boolean {
    return (this.groupUses.get(groupId) ?? 0) > 0;
  }

  /** The project's group `default`, made when it is first needed. */
  defaultGroup(projectId: string): SecurityGroup {
    const found = this.tables.groups.by('project_id', projectId).find((group) => group.name === 'default');
    if (found !== undefined) return found;
    const group = this.createGroup(projectId, { name: 'default', description: 'Default security group' });
    for (const ethertype of ['IPv4', 'IPv6'] as const)
      this.createRule(projectId, { security_group_id: group.id, direction: 'ingress', ethertype, remote_group_id: group.id });
    return group;
  }

  /** A group with Neutron's two rules: everything may go out. */
  createGroup(
    projectId: string,
    fields: { name: string; description: string; stateful?: boolean; tags?: readonly string[] | undefined },
  ): SecurityGroup {
    const group = this.tables.groups.insert({
      ...this.base({ ...fields, projectId }),
      stateful: fields.stateful ?? true,
      shared: false,
    });
    for (const ethertype of ['IPv4', 'IPv6'] as const)
      this.createRule(projectId, { security_group_id: group.id, direction: 'egress', ethertype });
    return group;
  }

  createRule(
    projectId: string,
    rule: {
      security_group_id: string;
      direction: 'ingress' | 'egress';
      ethertype: 'IPv4' | 'IPv6';
      remote_group_id?: string | null;
      description?: string;
    },
  ): void {
    this.tables.rules.insert({
      ...this.base({ projectId, description: rule.description }),
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: null,
      ...rule,
    });
  }

  /** The router that leads from a subnet to an external network, with its address there. */
  gatewayOf(subnetId: string, externalNetworkId?: string): { routerId: string; address: string } | undefined {
    for (const port of this.addresses.routerPortsIn(subnetId)) {
      const info = this.tables.routers.get(port.device_id)?.external_gateway_info;
      if (info !== undefined && info !== null && (externalNetworkId === undefined || info.network_id === externalNetworkId))
        return { routerId: port.device_id, address: info.external_fixed_ips[0]?.ip_address ?? '' };
    }
    return undefined;
  }

  private anyAddress(networkId: string, subnets: readonly Subnet[]): FixedIp {
    for (const subnet of subnets) {
      const address = this.addresses.next(subnet);
      if (address !== undefined) return { subnet_id: subnet.id, ip_address: address };
    }
    throw conflict(`No more IP addresses available on network ${networkId}.`, 'IpAddressGenerationFailure');
  }

  private statedAddress(subnets: readonly Subnet[], address: string): FixedIp {
    let refusal: ApiError | undefined;
    for (const subnet of subnets) {
      try {
        this.addresses.check(subnet, address);
        return { subnet_id: subnet.id, ip_address: address };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (refusal === undefined || error.status === 409) refusal = error;
      }
    }
    throw (
      refusal ??
      badRequest(
        `IP address ${address} is not a valid IP for any of the subnets on the specified network.`,
        'InvalidIpForNetwork',
      )
    );
  }
}

export const neutronInvalid = (field: string, _value: unknown, reason: string): ApiError =>
  badRequest(`Invalid input for ${field}. Reason: ${reason}.`, 'HTTPBadRequest');

/** The objects of a POST: one below `single`, or several below `plural` (bulk). */
export function requested(
  call: Call,
  single: string,
  plural: string,
  known: readonly string[],
): { readonly bulk: boolean; readonly items: Fields[] } {
  const body = call.body;
  if (!isObject(body)) throw badRequest('Resource body required', 'HTTPBadRequest');
  const many = body[plural];
  const items = Array.isArray(many) ? (many as unknown[]) : [body[single]];
  return { bulk: Array.isArray(many), items: items.map((item) => checked(item, single, known)) };
}

/** The object of a PUT. */
export function requestedUpdate(call: Call, single: string, known: readonly string[]): Fields {
  return checked(isObject(call.body) ? call.body[single] : undefined, single, known);
}

function checked(item: unknown, single: string, known: readonly string[]): Fields {
  if (!isObject(item)) throw badRequest(`Unable to find '${single}' in request body`, 'HTTPBadRequest');
  const unknown = Object.keys(item).filter(
    (name) => !known.includes(name) && name !== 'project_id' && name !== 'tenant_id' && name !== 'tags',
  );
  if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(', ')}'`, 'HTTPBadRequest');
  return new Fields(item, neutronInvalid);
}
