import { badRequest, conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { readRoutes } from './collection.js';
import { newHealthMonitor } from './health-monitors.js';
import { newMember } from './members.js';
import { octaviaFields, octaviaInvalid } from './octavia.js';
import type { Octavia } from './octavia.js';
import type { LoadBalancer, Pool } from './rows.js';
import type { Views } from './views.js';

const base = '/lbaas/pools';
const protocols = ['HTTP', 'HTTPS', 'PROXY', 'PROXYV2', 'TCP', 'UDP', 'SCTP'] as const;
const algorithms = ['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP', 'SOURCE_IP_PORT'] as const;

/** Pools. Wire: Octavia v2 `lbaas/pools`. */
export function poolRoutes(octavia: Octavia, views: Views): Route[] {
  const { pools, listeners, members, healthMonitors } = octavia.tables;
  const get = (call: Call): Pool => octavia.find(pools, 'Pool', call, call.params['id'] ?? '');
  return [
    ...readRoutes(octavia, { table: pools, path: base, plural: 'pools', single: 'pool', label: 'Pool', view: views.pool }),
    route('POST', base, (call) => {
      octavia.member(call);
      const fields = octaviaFields(call, 'pool');
      const listenerId = fields.optionalText('listener_id');
      const balancerId = fields.optionalText('loadbalancer_id');
      if (listenerId === undefined && balancerId === undefined)
        throw badRequest('Validation failure: Must provide at least one of: loadbalancer_id, listener_id');
      const listener = listenerId === undefined ? undefined : octavia.find(listeners, 'Listener', call, listenerId);
      const balancer = octavia.find(
        octavia.tables.loadBalancers,
        'Load Balancer',
        call,
        balancerId ?? listener?.loadbalancer_id ?? '',
      );
      const occupied = octavia.occupy(balancer.id, call.outcome);
      if (listener !== undefined && listener.default_pool_id !== null)
        throw conflict(`Listener ${listener.id} already has a default pool`);
      const pool = newPool(octavia, occupied, fields);
      if (listener !== undefined)
        listeners.patch(listener.id, { default_pool_id: pool.id, provisioning_status: 'PENDING_UPDATE' });
      return created({ pool: views.pool(pool) });
    }),
    route('PUT', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'pool');
      octavia.occupy(row.loadbalancer_id, call.outcome);
      octavia.touchPool(row);
      const changed = pools.patch(row.id, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        lb_algorithm: fields.choice('lb_algorithm', algorithms, row.lb_algorithm as (typeof algorithms)[number]),
        session_persistence: fields.has('session_persistence')
          ? (fields.source['session_persistence'] ?? null)
          : row.session_persistence,
        tags: fields.texts('tags') ?? row.tags,
      });
      return ok({ pool: views.pool(changed) });
    }),
    route('DELETE', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      octavia.occupy(row.loadbalancer_id, call.outcome);
      for (const listener of listeners.by('default_pool_id', row.id))
        listeners.patch(listener.id, { default_pool_id: null, provisioning_status: 'PENDING_UPDATE' });
      for (const member of members.by('pool_id', row.id)) octavia.mark(members, member, 'PENDING_DELETE');
      for (const monitor of healthMonitors.by('pool_id', row.id)) octavia.mark(healthMonitors, monitor, 'PENDING_DELETE');
      octavia.mark(pools, row, 'PENDING_DELETE');
      return noContent;
    }),
  ];
}

/** Makes a pool below a load balancer that is occupied, with members and monitor when they are stated in place. */
export function newPool(octavia: Octavia, balancer: LoadBalancer, fields: Fields): Pool {
  const { pools } = octavia.tables;
  octavia.checkQuota(balancer.project_id, 'pool', 'Pool', pools);
  const persistence = fields.object('session_persistence');
  if (persistence !== undefined && !['SOURCE_IP', 'HTTP_COOKIE', 'APP_COOKIE'].includes(String(persistence.source['type'])))
    throw octaviaInvalid('type', persistence.source['type'], 'Value should be one of: APP_COOKIE, HTTP_COOKIE, SOURCE_IP.');
  const pool = pools.insert({
    ...octavia.base(fields, balancer.project_id),
    description: fields.optionalText('description') ?? '',
    loadbalancer_id: balancer.id,
    protocol: fields.choice('protocol', protocols),
    lb_algorithm: fields.choice('lb_algorithm', algorithms),
    session_persistence: persistence?.source ?? null,
  });
  for (const item of fields.objects('members') ?? []) newMember(octavia, pool, item);
  const monitor = fields.object('healthmonitor');
  if (monitor !== undefined) newHealthMonitor(octavia, pool, monitor);
  return pool;
}
