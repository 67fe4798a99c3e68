import type { Store } from '../store/store.js';
import type { Row, Table } from '../store/table.js';

/** What every Neutron object has. Empty `project_id`: nobody's (ports of gateways and floating IPs). */
export interface NeutronRow extends Row {
  readonly name: string;
  readonly project_id: string;
  readonly tenant_id: string;
  readonly description: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly revision_number: number;
  readonly tags: readonly string[];
}

export interface Network extends NeutronRow {
  readonly admin_state_up: boolean;
  readonly status: 'ACTIVE';
  readonly shared: boolean;
  readonly mtu: number;
  readonly 'router:external': boolean;
  readonly is_default: boolean;
  readonly port_security_enabled: boolean;
  readonly availability_zone_hints: readonly string[];
}

export interface Pool {
  readonly start: string;
  readonly end: string;
}

export interface Subnet extends NeutronRow {
  readonly network_id: string;
  readonly cidr: string;
  readonly ip_version: 4;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
  readonly allocation_pools: readonly Pool[];
  readonly dns_nameservers: readonly string[];
  readonly host_routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

export interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

export interface Port extends NeutronRow {
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly FixedIp[];
  readonly device_id: string;
  readonly device_owner: string;
  readonly status: 'ACTIVE' | 'DOWN' | 'BUILD';
  readonly admin_state_up: boolean;
  readonly security_groups: readonly string[];
  readonly allowed_address_pairs: readonly unknown[];
  readonly port_security_enabled: boolean;
  readonly dns_name: string;
  readonly 'binding:vnic_type': string;
  readonly 'binding:host_id': string;
}

export interface GatewayInfo {
  readonly network_id: string;
  readonly enable_snat: boolean;
  readonly external_fixed_ips: readonly FixedIp[];
}

export interface Router extends NeutronRow {
  readonly admin_state_up: boolean;
  readonly status: 'ACTIVE';
  readonly external_gateway_info: GatewayInfo | null;
  readonly gw_port_id: string | null;
  readonly routes: readonly unknown[];
}

export interface SecurityGroup extends NeutronRow {
  readonly stateful: boolean;
  readonly shared: boolean;
}

export interface SecurityGroupRule extends NeutronRow {
  readonly security_group_id: string;
  readonly direction: 'ingress' | 'egress';
  readonly ethertype: 'IPv4' | 'IPv6';
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
}

export interface FloatingIp extends NeutronRow {
  readonly floating_network_id: string;
  readonly floating_ip_address: string;
  readonly port_id: string | null;
  readonly fixed_ip_address: string | null;
  readonly router_id: string | null;
  readonly status: 'ACTIVE' | 'DOWN';
  /** The port that holds the address on the external network. Not shown. */
  readonly own_port_id: string;
}

export interface NetworkTables {
  readonly networks: Table<Network>;
  readonly subnets: Table<Subnet>;
  readonly ports: Table<Port>;
  readonly routers: Table<Router>;
  readonly groups: Table<SecurityGroup>;
  readonly rules: Table<SecurityGroupRule>;
  readonly floatingIps: Table<FloatingIp>;
}

export function networkTables(store: Store): NetworkTables {
  return {
    networks: store.table<Network>('networks', ['project_id', 'name', 'router:external']),
    subnets: store.table<Subnet>('subnets', ['project_id', 'name', 'network_id']),
    ports: store.table<Port>('ports', ['project_id', 'name', 'network_id', 'device_id', 'mac_address']),
    routers: store.table<Router>('routers', ['project_id', 'name']),
    groups: store.table<SecurityGroup>('security_groups', ['project_id', 'name']),
    rules: store.table<SecurityGroupRule>('security_group_rules', ['project_id', 'security_group_id', 'remote_group_id']),
    floatingIps: store.table<FloatingIp>('floatingips', [
      'project_id',
      'port_id',
      'router_id',
      'floating_network_id',
      'floating_ip_address',
    ]),
  };
}
