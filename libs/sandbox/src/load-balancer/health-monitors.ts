import { conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { readRoutes } from './collection.js';
import { octaviaFields } from './octavia.js';
import type { Octavia } from './octavia.js';
import type { HealthMonitor, Pool } from './rows.js';
import type { Views } from './views.js';

const base = '/lbaas/healthmonitors';
const types = ['HTTP', 'HTTPS', 'PING', 'SCTP', 'TCP', 'TLS-HELLO', 'UDP-CONNECT'] as const;

/** Health monitors. Wire: Octavia v2 `lbaas/healthmonitors`. Members answer when their server is ACTIVE. */
export function healthMonitorRoutes(octavia: Octavia, views: Views): Route[] {
  const { healthMonitors, pools } = octavia.tables;
  const get = (call: Call): HealthMonitor => octavia.find(healthMonitors, 'Health Monitor', call, call.params['id'] ?? '');
  const occupy = (call: Call, poolId: string): Pool => {
    const pool = octavia.find(pools, 'Pool', call, poolId);
    octavia.occupy(pool.loadbalancer_id, call.outcome);
    octavia.touchPool(pool);
    return pool;
  };
  return [
    ...readRoutes(octavia, {
      table: healthMonitors,
      path: base,
      plural: 'healthmonitors',
      single: 'healthmonitor',
      label: 'Health Monitor',
      view: views.healthMonitor,
    }),
    route('POST', base, (call) => {
      octavia.member(call);
      const fields = octaviaFields(call, 'healthmonitor');
      const pool = occupy(call, fields.text('pool_id'));
      return created({ healthmonitor: views.healthMonitor(newHealthMonitor(octavia, pool, fields)) });
    }),
    route('PUT', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'healthmonitor');
      occupy(call, row.pool_id);
      const changed = healthMonitors.patch(row.id, {
        name: fields.optionalText('name') ?? row.name,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        delay: fields.optionalInteger('delay', 0, 1e6) ?? row.delay,
        timeout: fields.optionalInteger('timeout', 0, 1e6) ?? row.timeout,
        max_retries: fields.optionalInteger('max_retries', 1, 10) ?? row.max_retries,
        max_retries_down: fields.optionalInteger('max_retries_down', 1, 10) ?? row.max_retries_down,
        url_path: fields.optionalText('url_path') ?? row.url_path,
        expected_codes: fields.optionalText('expected_codes') ?? row.expected_codes,
        provisioning_status: 'PENDING_UPDATE',
      });
      return ok({ healthmonitor: views.healthMonitor(changed) });
    }),
    route('DELETE', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      occupy(call, row.pool_id);
      octavia.mark(healthMonitors, row, 'PENDING_DELETE');
      return noContent;
    }),
  ];
}

/** Makes the one monitor a pool may have; its load balancer is occupied. */
export function newHealthMonitor(octavia: Octavia, pool: Pool, fields: Fields): HealthMonitor {
  const { healthMonitors } = octavia.tables;
  octavia.checkQuota(pool.project_id, 'health_monitor', 'Health Monitor', healthMonitors);
  if (healthMonitors.count('pool_id', pool.id) > 0) throw conflict('This pool already has a health monitor');
  const type = fields.choice('type', types);
  const isHttp = type === 'HTTP' || type === 'HTTPS';
  return healthMonitors.insert({
    ...octavia.base(fields, pool.project_id),
    pool_id: pool.id,
    type,
    delay: fields.integer('delay', 0, 1e6),
    timeout: fields.integer('timeout', 0, 1e6),
    max_retries: fields.integer('max_retries', 1, 10),
    max_retries_down: fields.optionalInteger('max_retries_down', 1, 10) ?? 3,
    http_method: isHttp ? (fields.optionalText('http_method') ?? 'GET') : null,
    url_path: isHttp ? (fields.optionalText('url_path') ?? '/') : null,
    expected_codes: isHttp ? (fields.optionalText('expected_codes') ?? '200') : null,
  });
}
