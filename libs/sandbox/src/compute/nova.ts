import type { Cloud } from '../cloud.js';
import { nowSeconds } from '../cloud.js';
import type { Glance } from '../image/glance.js';
import type { Neutron } from '../network/neutron.js';
import { Quotas } from '../quotas.js';
import { ApiError, badRequest, forbidden, notFound } from '../server/api-error.js';
import type { Call, Json, Outcome } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import type { Cinder } from '../volume/cinder.js';
import { computeTables } from './rows.js';
import type { ComputeTables, ServerRow, ServerStatus } from './rows.js';

const quotaDefaults = {
  instances: 10_000,
  cores: -1,
  ram: -1,
  metadata_items: 128,
  key_pairs: 100,
  server_groups: 1000,
  server_group_members: -1,
  injected_files: 5,
  injected_file_content_bytes: 10_240,
  injected_file_path_bytes: 255,
  floating_ips: -1,
  fixed_ips: -1,
  security_groups: -1,
  security_group_rules: -1,
};
const tombstones = 5000;

/** A server that has gone, for `changes-since`. */
export interface Tombstone {
  readonly row: ServerRow;
  readonly view: Json;
  readonly at: number;
}

/** The rules of Nova that more than one route needs, and what happens to servers in time. */
export class Nova {
  readonly tables: ComputeTables;
  readonly quotas: Quotas;
  /** The latest 5,000, in memory only. */
  gone: Tombstone[] = [];
  /** What all servers together may have, where they are real machines. */
  capacity: { readonly memoryMib: number; readonly cpus: number } | undefined;
  /** What the server's guest has written, where there are guests. */
  guestConsole: (serverId: string) => string = () => '';

  constructor(
    readonly cloud: Cloud,
    readonly neutron: Neutron,
    readonly glance: Glance,
    readonly cinder: Cinder,
  ) {
    this.tables = computeTables(cloud.store);
    this.quotas = new Quotas(cloud.store, 'compute', quotaDefaults);
    const { transitions } = cloud;
    transitions.on('server.active', (id) => this.activate(id));
    transitions.on('server.error', (id) => this.fail(id));
    transitions.on('server.delete_failed', (id) => this.fail(id));
    transitions.on('server.gone', (id) => this.bury(id));
    for (const [kind, status] of [
      ['stopped', 'SHUTOFF'],
      ['started', 'ACTIVE'],
      ['paused', 'PAUSED'],
      ['suspended', 'SUSPENDED'],
    ] as const) {
      transitions.on(`server.${kind}`, (id) => this.setStatus(id, status));
    }
  }

  /** @throws ApiError 404 in Nova's words */
  server(call: Call, id: string): ServerRow {
    const row = this.tables.servers.get(id);
    if (row === undefined || (!call.auth.isAdmin && row.project_id !== call.auth.projectId))
      throw notFound(`Instance ${id} could not be found.`);
    return row;
  }

  /** The caller's project, if it may change things. @throws ApiError 403 */
  member(call: Call, action: string): string {
    if (call.auth.projectId === undefined || !call.auth.roles.has('member'))
      throw forbidden(`Policy doesn't allow os_compute_api:${action} to be performed.`);
    return call.auth.projectId;
  }

  requireAdmin(call: Call, action: string): void {
    if (!call.auth.isAdmin) throw forbidden(`Policy doesn't allow os_compute_api:${action} to be performed.`);
  }

  /** Begins to build a server whose row is there. */
  build(row: ServerRow, outcome: Outcome | undefined): void {
    this.cloud.timings.start('server', 'create', row.id, row.name);
    if (outcome?.outcome === 'stuck') return;
    if (outcome?.outcome === 'error')
      this.tables.servers.patch(row.id, { fault: { code: 500, created: nowSeconds(), message: outcome.reason } });
    this.cloud.later(outcome === undefined ? 'server.active' : 'server.error', row.id, 'serverBuildMs');
  }

  /** Begins to delete a server. Asking again is fine. */
  delete(row: ServerRow, outcome: Outcome | undefined): void {
    if (row.task_state === 'deleting') return;
    this.cloud.transitions.cancel(row.id);
    this.tables.servers.patch(row.id, { task_state: 'deleting', updated_at: nowSeconds() });
    this.cloud.timings.start('server', 'delete', row.id, row.name);
    if (outcome?.outcome === 'stuck') return;
    if (outcome?.outcome === 'error')
      this.tables.servers.patch(row.id, { fault: { code: 500, created: nowSeconds(), message: outcome.reason } });
    this.cloud.later(outcome === undefined ? 'server.gone' : 'server.delete_failed', row.id, 'serverDeleteMs');
  }

  setStatus(id: string, status: ServerStatus): void {
    if (this.tables.servers.get(id) !== undefined)
      this.tables.servers.patch(id, {
        status,
        task_state: null,
        updated_at: nowSeconds(),
        ...(status === 'ERROR' ? {} : { fault: null }),
      });
  }

  /** A machine that cannot run. */
  break(id: string, message: string): void {
    if (this.tables.servers.get(id) === undefined) return;
    this.tables.servers.patch(id, { fault: { code: 500, created: nowSeconds(), message } });
    this.setStatus(id, 'ERROR');
  }

  private activate(id: string): void {
    const row = this.tables.servers.get(id);
    if (row === undefined) return;
    this.tables.servers.patch(id, { status: 'ACTIVE', task_state: null, launched_at: nowSeconds(), updated_at: nowSeconds() });
    for (const port of this.neutron.tables.ports.by('device_id', id))
      this.neutron.update(this.neutron.tables.ports, port, { status: 'ACTIVE' });
    this.cloud.timings.finish(id);
  }

  /** The server is ERROR now; while it was being built, its ports are let go, as Nova's conductor does. */
  private fail(id: string): void {
    const row = this.tables.servers.get(id);
    if (row === undefined) return;
    if (row.launched_at === null) this.releasePorts(row);
    this.tables.servers.patch(id, { status: 'ERROR', task_state: null, updated_at: nowSeconds() });
    this.cloud.timings.finish(id);
  }

  private bury(id: string): void {
    const { servers, userData, consoles, groups } = this.tables;
    const row = servers.get(id);
    if (row === undefined) return;
    this.releasePorts(row);
    this.cinder.release(id);
    const group = row.group_id === null ? undefined : groups.get(row.group_id);
    if (group !== undefined) groups.patch(group.id, { members: group.members.filter((member) => member !== id) });
    userData.remove(id);
    consoles.remove(id);
    servers.remove(id);
    this.cloud.timings.finish(id);
    const now = nowSeconds();
    this.gone.push({
      row,
      at: Date.now(),
      view: {
        id,
        name: row.name,
        status: 'DELETED',
        tenant_id: row.project_id,
        user_id: row.user_id,
        metadata: row.metadata,
        created: row.created_at,
        updated: now,
        'OS-EXT-STS:task_state': null,
        'OS-EXT-STS:vm_state': 'deleted',
        'OS-SRV-USG:terminated_at': now.slice(0, -1),
        addresses: {},
        links: [],
      },
    });
    if (this.gone.length > tombstones) this.gone = this.gone.slice(tombstones / 5);
  }

  private releasePorts(row: ServerRow): void {
    const { ports } = this.neutron.tables;
    for (const port of ports.by('device_id', row.id)) {
      if (row.own_port_ids.includes(port.id)) this.neutron.removePort(port);
      else this.neutron.update(ports, port, { device_id: '', device_owner: '', status: 'DOWN', 'binding:host_id': '' });
    }
  }
}

export const novaInvalid = (field: string, value: unknown, reason: string): ApiError =>
  badRequest(
    `Invalid input for field/attribute ${field}. Value: ${value === null ? 'None' : JSON.stringify(value).slice(0, 200)}. ${reason}`,
  );

/** The object below `key` of a Nova request. */
export function novaFields(call: Call, key: string): Fields {
  const value = isObject(call.body) ? call.body[key] : undefined;
  if (!isObject(value))
    throw badRequest(`Invalid input for field/attribute ${key}. Value: None. '${key}' is a required property`);
  return new Fields(value, novaInvalid);
}
