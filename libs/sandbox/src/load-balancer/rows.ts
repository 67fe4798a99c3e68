import type { Store } from '../store/store.js';
import type { Row, Table } from '../store/table.js';

export type Provisioning = 'PENDING_CREATE' | 'PENDING_UPDATE' | 'PENDING_DELETE' | 'ACTIVE' | 'ERROR';

/** What every Octavia object has. */
export interface OctaviaRow extends Row {
  readonly name: string;
  readonly project_id: string;
  readonly admin_state_up: boolean;
  readonly provisioning_status: Provisioning;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string | null;
}

export interface LoadBalancer extends OctaviaRow {
  readonly description: string;
  readonly provider: string;
  readonly vip_address: string;
  readonly vip_port_id: string;
  readonly vip_subnet_id: string;
  readonly vip_network_id: string;
  readonly flavor_id: string | null;
  readonly availability_zone: string | null;
  /** The port was the user's: it stays. Not shown. */
  readonly foreign_port: boolean;
}

export interface Listener extends OctaviaRow {
  readonly description: string;
  readonly loadbalancer_id: string;
  readonly protocol: string;
  readonly protocol_port: number;
  readonly connection_limit: number;
  readonly default_pool_id: string | null;
  readonly allowed_cidrs: readonly string[] | null;
  readonly timeout_client_data: number;
  readonly timeout_member_connect: number;
  readonly timeout_member_data: number;
  readonly timeout_tcp_inspect: number;
  readonly insert_headers: Readonly<Record<string, string>>;
}

export interface Pool extends OctaviaRow {
  readonly description: string;
  readonly loadbalancer_id: string;
  readonly protocol: string;
  readonly lb_algorithm: string;
  readonly session_persistence: unknown;
}

export interface Member extends OctaviaRow {
  readonly pool_id: string;
  readonly address: string;
  readonly protocol_port: number;
  readonly weight: number;
  readonly backup: boolean;
  readonly subnet_id: string | null;
  readonly monitor_address: string | null;
  readonly monitor_port: number | null;
}

export interface HealthMonitor extends OctaviaRow {
  readonly pool_id: string;
  readonly type: string;
  readonly delay: number;
  readonly timeout: number;
  readonly max_retries: number;
  readonly max_retries_down: number;
  readonly http_method: string | null;
  readonly url_path: string | null;
  readonly expected_codes: string | null;
}

export interface OctaviaTables {
  readonly loadBalancers: Table<LoadBalancer>;
  readonly listeners: Table<Listener>;
  readonly pools: Table<Pool>;
  readonly members: Table<Member>;
  readonly healthMonitors: Table<HealthMonitor>;
}

export function octaviaTables(store: Store): OctaviaTables {
  return {
    loadBalancers: store.table<LoadBalancer>('loadbalancers', ['project_id', 'name', 'vip_port_id']),
    listeners: store.table<Listener>('listeners', ['project_id', 'name', 'loadbalancer_id', 'default_pool_id']),
    pools: store.table<Pool>('pools', ['project_id', 'name', 'loadbalancer_id']),
    members: store.table<Member>('members', ['project_id', 'name', 'pool_id', 'address']),
    healthMonitors: store.table<HealthMonitor>('healthmonitors', ['project_id', 'name', 'pool_id']),
  };
}
