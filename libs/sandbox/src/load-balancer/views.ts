import type { Json } from '../server/call.js';
import type { Octavia } from './octavia.js';
import type { HealthMonitor, Listener, LoadBalancer, Member, OctaviaRow, Pool } from './rows.js';

type Operating = 'ONLINE' | 'OFFLINE' | 'DEGRADED' | 'ERROR' | 'NO_MONITOR';

const ids = (rows: readonly OctaviaRow[]): Json[] => rows.map((row) => ({ id: row.id }));

/** Octavia's objects as the wire shows them, with the operating status as it is at the moment. */
export class Views {
  constructor(private readonly octavia: Octavia) {}

  loadBalancer = (row: LoadBalancer): Json => {
    const { foreign_port: _foreign, ...shown } = row;
    const { listeners, pools } = this.octavia.tables;
    const owned = pools.by('loadbalancer_id', row.id);
    return {
      ...shown,
      operating_status:
        row.provisioning_status === 'PENDING_CREATE' || !row.admin_state_up
          ? 'OFFLINE'
          : worst(owned.map((pool) => this.poolStatus(pool))),
      listeners: ids(listeners.by('loadbalancer_id', row.id)),
      pools: ids(owned),
      additional_vips: [],
      vip_qos_policy_id: null,
      vip_vnic_type: 'normal',
    };
  };

  listener = (row: Listener): Json => {
    const { loadbalancer_id: loadBalancerId, ...shown } = row;
    const pool = row.default_pool_id === null ? undefined : this.octavia.tables.pools.get(row.default_pool_id);
    return {
      ...shown,
      operating_status:
        row.provisioning_status === 'PENDING_CREATE' ? 'OFFLINE' : pool === undefined ? 'ONLINE' : worst([this.poolStatus(pool)]),
      loadbalancers: [{ id: loadBalancerId }],
      l7policies: [],
      default_tls_container_ref: null,
      sni_container_refs: [],
      client_ca_tls_container_ref: null,
      client_authentication: 'NONE',
      client_crl_container_ref: null,
      tls_ciphers: null,
      tls_versions: null,
      alpn_protocols: null,
    };
  };

  pool = (row: Pool): Json => {
    const { loadbalancer_id: loadBalancerId, ...shown } = row;
    const { members, healthMonitors, listeners } = this.octavia.tables;
    return {
      ...shown,
      operating_status: row.provisioning_status === 'PENDING_CREATE' ? 'OFFLINE' : this.poolStatus(row),
      loadbalancers: [{ id: loadBalancerId }],
      listeners: ids(listeners.by('default_pool_id', row.id)),
      members: ids(members.by('pool_id', row.id)),
      healthmonitor_id: healthMonitors.by('pool_id', row.id)[0]?.id ?? null,
      tls_enabled: false,
      tls_container_ref: null,
    };
  };

  member = (row: Member): Json => {
    const { pool_id: _pool, ...shown } = row;
    return { ...shown, operating_status: this.memberStatus(row), vnic_type: 'normal' };
  };

  healthMonitor = (row: HealthMonitor): Json => {
    const { pool_id: poolId, ...shown } = row;
    return {
      ...shown,
      pools: [{ id: poolId }],
      operating_status: row.provisioning_status === 'ACTIVE' ? 'ONLINE' : 'OFFLINE',
      http_version: null,
      domain_name: null,
    };
  };

  /** The id of the server behind a member: whoever has its address on the member's or the VIP's subnet. */
  serverOf(member: Member): string | undefined {
    const { neutron, tables } = this.octavia;
    const pool = tables.pools.get(member.pool_id);
    const balancer = pool === undefined ? undefined : tables.loadBalancers.get(pool.loadbalancer_id);
    const vipSubnet = balancer?.vip_subnet_id ?? '';
    const holder =
      neutron.addresses.holder(member.subnet_id ?? vipSubnet, member.address) ??
      neutron.addresses.holder(vipSubnet, member.address);
    return holder?.device_owner.startsWith('compute:') === true ? holder.device_id : undefined;
  }

  private memberStatus(row: Member): Operating {
    if (!row.admin_state_up || row.provisioning_status === 'PENDING_CREATE') return 'OFFLINE';
    if (this.octavia.tables.healthMonitors.count('pool_id', row.pool_id) === 0) return 'NO_MONITOR';
    const server = this.serverOf(row);
    return server !== undefined && this.octavia.answers(server, row.monitor_port ?? row.protocol_port) ? 'ONLINE' : 'ERROR';
  }

  private poolStatus(row: Pool): Operating {
    const states = this.octavia.tables.members.by('pool_id', row.id).map((member) => this.memberStatus(member));
    const bad = states.filter((state) => state === 'ERROR').length;
    return bad === 0 ? 'ONLINE' : bad === states.length ? 'ERROR' : 'DEGRADED';
  }
}

const worst = (states: readonly Operating[]): Operating =>
  states.includes('ERROR') ? 'ERROR' : states.includes('DEGRADED') ? 'DEGRADED' : 'ONLINE';
