import type { Cloud } from '../cloud.js';
import { newId } from '../cloud.js';
import type { Neutron } from '../network/neutron.js';
import { Quotas } from '../quotas.js';
import type { ApiError } from '../server/api-error.js';
import { badRequest, conflict, forbidden, notFound } from '../server/api-error.js';
import type { Call, Outcome } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import type { Table } from '../store/table.js';
import { octaviaTables } from './rows.js';
import type { LoadBalancer, OctaviaRow, OctaviaTables, Pool, Provisioning } from './rows.js';

const quotaDefaults = { load_balancer: 1000, listener: -1, pool: -1, member: -1, health_monitor: -1, l7policy: -1, l7rule: -1 };

/** `2026-01-02T03:04:05`, Octavia's spelling. */
export const octaviaTime = (): string => new Date().toISOString().slice(0, 19);

/** The state machine: a load balancer takes one change at a time, and everything below it waits for it. */
export class Octavia {
  readonly tables: OctaviaTables;
  /** What a health monitor finds: whether a server answers on a port. Guests know better than this. */
  answers: (serverId: string, port: number) => boolean = () => true;
  readonly quotas: Quotas;

  constructor(
    readonly cloud: Cloud,
    readonly neutron: Neutron,
  ) {
    this.tables = octaviaTables(cloud.store);
    this.quotas = new Quotas(cloud.store, 'load_balancer', quotaDefaults);
    cloud.transitions.on('loadbalancer.settled', (id) => this.settle(id, 'ACTIVE'));
    cloud.transitions.on('loadbalancer.failed', (id) => this.settle(id, 'ERROR'));
  }

  /** The attributes all objects share, for a new one. */
  base(fields: Fields, projectId: string): OctaviaRow {
    return {
      id: newId(),
      name: fields.optionalText('name') ?? '',
      project_id: projectId,
      admin_state_up: fields.flag('admin_state_up', true),
      provisioning_status: 'PENDING_CREATE',
      tags: fields.texts('tags') ?? [],
      created_at: octaviaTime(),
      updated_at: null,
    };
  }

  /** The caller's project, if it may change things. @throws ApiError 403 */
  member(call: Call): string {
    if (call.auth.projectId === undefined || !call.auth.roles.has('member'))
      throw forbidden('Policy does not allow this request to be performed.');
    return call.auth.projectId;
  }

  /** @throws ApiError 404 in Octavia's words */
  find<T extends OctaviaRow>(table: Table<T>, kind: string, call: Call, id: string): T {
    const row = table.get(id);
    if (row === undefined || (!call.auth.isAdmin && row.project_id !== call.auth.projectId))
      throw notFound(`${kind} ${id} not found.`);
    return row;
  }

  /** @throws ApiError 403 in Octavia's words */
  checkQuota(
    projectId: string,
    resource: string,
    label: string,
    table: { count(field: 'project_id', value: string): number },
    wanted = 1,
  ): void {
    if (this.quotas.exceeded(projectId, resource, table.count('project_id', projectId), wanted))
      throw forbidden(`Quota has been met for resources: ${label}`);
  }

  /** Takes the load balancer for one change. @throws ApiError 409 while it is busy, or in ERROR */
  occupy(loadBalancerId: string, outcome: Outcome | undefined): LoadBalancer {
    const row = this.tables.loadBalancers.get(loadBalancerId);
    if (row === undefined) throw notFound(`Load Balancer ${loadBalancerId} not found.`);
    if (row.provisioning_status !== 'ACTIVE') throw immutable(row.id);
    const busy = this.tables.loadBalancers.patch(row.id, { provisioning_status: 'PENDING_UPDATE' });
    this.cloud.timings.start('load-balancer', 'change', row.id, row.name);
    if (outcome?.outcome !== 'stuck')
      this.cloud.later(outcome === undefined ? 'loadbalancer.settled' : 'loadbalancer.failed', row.id, 'loadBalancerChangeMs');
    return busy;
  }

  /** Marks an object below a load balancer, and those on the way up to it. */
  mark<T extends OctaviaRow>(table: Table<T>, row: T, status: Provisioning): T {
    return table.patch(row.id, { provisioning_status: status, updated_at: octaviaTime() } as Partial<Omit<T, 'id'>>);
  }

  /** Marks a pool, and the listeners that lead to it, as being changed. */
  touchPool(pool: Pool): void {
    if (pool.provisioning_status === 'ACTIVE') this.mark(this.tables.pools, pool, 'PENDING_UPDATE');
    for (const listener of this.tables.listeners.by('default_pool_id', pool.id)) {
      if (listener.provisioning_status === 'ACTIVE') this.mark(this.tables.listeners, listener, 'PENDING_UPDATE');
    }
  }

  /** Begins to delete a load balancer. @throws ApiError 409 busy, 400 it has children and `cascade` is not asked for */
  delete(row: LoadBalancer, cascade: boolean, outcome: Outcome | undefined): void {
    if (row.provisioning_status !== 'ACTIVE' && row.provisioning_status !== 'ERROR') throw immutable(row.id);
    const { listeners, pools, loadBalancers } = this.tables;
    if (!cascade && (listeners.count('loadbalancer_id', row.id) > 0 || pools.count('loadbalancer_id', row.id) > 0)) {
      throw badRequest(`Validation failure: Cannot delete Load Balancer ${row.id} - it has children`);
    }
    this.cloud.transitions.cancel(row.id);
    loadBalancers.patch(row.id, { provisioning_status: 'PENDING_DELETE' });
    this.eachBelow(row.id, (table, child) => this.mark(table, child, 'PENDING_DELETE'));
    this.cloud.timings.start('load-balancer', 'delete', row.id, row.name);
    if (outcome?.outcome !== 'stuck')
      this.cloud.later(outcome === undefined ? 'loadbalancer.settled' : 'loadbalancer.failed', row.id, 'loadBalancerDeleteMs');
  }

  /** Calls `visit` for every listener, pool, member and monitor of a load balancer. */
  eachBelow(loadBalancerId: string, visit: (table: Table<OctaviaRow>, row: OctaviaRow) => void): void {
    const { listeners, pools, members, healthMonitors } = this.tables;
    const all = <T extends OctaviaRow>(table: Table<T>, rows: readonly T[]): void => {
      for (const row of rows) visit(table as unknown as Table<OctaviaRow>, row);
    };
    all(listeners, listeners.by('loadbalancer_id', loadBalancerId));
    for (const pool of pools.by('loadbalancer_id', loadBalancerId)) {
      all(members, members.by('pool_id', pool.id));
      all(healthMonitors, healthMonitors.by('pool_id', pool.id));
      all(pools, [pool]);
    }
  }

  /** Ends the change under way: what was pending is done (or ERROR), what was to go is gone. */
  private settle(id: string, end: 'ACTIVE' | 'ERROR'): void {
    const { loadBalancers } = this.tables;
    const row = loadBalancers.get(id);
    if (row === undefined) return;
    const isGone = row.provisioning_status === 'PENDING_DELETE' && end === 'ACTIVE';
    let childFailed = false;
    this.eachBelow(id, (table, child) => {
      if (child.provisioning_status === 'PENDING_DELETE' && end === 'ACTIVE') table.remove(child.id);
      else if (child.provisioning_status.startsWith('PENDING_')) {
        const untouched = end === 'ERROR' && child.provisioning_status === 'PENDING_UPDATE';
        childFailed ||= end === 'ERROR' && !untouched;
        this.mark(table, child, untouched ? 'ACTIVE' : end);
      }
    });
    if (isGone) {
      const port = row.foreign_port ? undefined : this.neutron.tables.ports.get(row.vip_port_id);
      if (port !== undefined) this.neutron.removePort(port);
      loadBalancers.remove(id);
    } else {
      const status = end === 'ACTIVE' || (childFailed && row.provisioning_status === 'PENDING_UPDATE') ? 'ACTIVE' : 'ERROR';
      loadBalancers.patch(id, { provisioning_status: status, updated_at: octaviaTime() });
      const vip = this.neutron.tables.ports.get(row.vip_port_id);
      if (status === 'ACTIVE' && vip !== undefined && vip.status !== 'ACTIVE')
        this.neutron.update(this.neutron.tables.ports, vip, { status: 'ACTIVE' });
    }
    this.cloud.timings.finish(id);
  }
}

const immutable = (id: string): ApiError => conflict(`Load Balancer ${id} is immutable and cannot be updated.`);

export const octaviaInvalid = (field: string, value: unknown, reason: string): ApiError =>
  badRequest(
    `Invalid input for field/attribute ${field}. Value: '${value === null || value === undefined ? 'None' : typeof value === 'string' ? value : JSON.stringify(value)}'. ${reason}`,
  );

/** The object below `key` of an Octavia request. */
export function octaviaFields(call: Call, key: string): Fields {
  const value = isObject(call.body) ? call.body[key] : undefined;
  if (!isObject(value)) throw octaviaInvalid(key, null, 'Mandatory field missing.');
  return new Fields(value, octaviaInvalid);
}
