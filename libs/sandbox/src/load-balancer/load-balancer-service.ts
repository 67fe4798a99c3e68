import { forbidden } from '../server/api-error.js';
import { accepted, noContent, ok, openRoute, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Service } from '../server/service.js';
import { healthMonitorRoutes } from './health-monitors.js';
import { listenerRoutes } from './listeners.js';
import { loadBalancerRoutes } from './load-balancers.js';
import { memberRoutes } from './members.js';
import { octaviaFields } from './octavia.js';
import type { Octavia } from './octavia.js';
import { poolRoutes } from './pools.js';
import type { Views } from './views.js';

/** Octavia v2. No L7 policies, no TLS containers, no amphorae. */
export function loadBalancerService(octavia: Octavia, views: Views): Service {
  const version = (id: string, status: string): Json => ({
    id,
    status,
    updated: '2023-01-01T00:00:00Z',
    links: [{ rel: 'self', href: `${octavia.cloud.baseUrl}/load-balancer/v2` }],
  });
  const minors = Array.from({ length: 27 }, (_item, minor) => version(`v2.${minor}`, minor === 26 ? 'CURRENT' : 'SUPPORTED'));
  return {
    name: 'load-balancer',
    prefix: 'load-balancer',
    versions: ['v2.0', 'v2'],
    rootRoutes: [openRoute('GET', '/', () => ok({ versions: minors }))],
    routes: [
      openRoute('GET', '/', () => ok({ versions: minors })),
      ...loadBalancerRoutes(octavia, views),
      ...listenerRoutes(octavia, views),
      ...poolRoutes(octavia, views),
      ...memberRoutes(octavia, views),
      ...healthMonitorRoutes(octavia, views),
      ...quotaRoutes(octavia),
      route('GET', '/lbaas/providers', () =>
        ok({
          providers: [
            { name: 'amphora', description: 'Simulated by the sandbox.' },
            { name: 'ovn', description: 'Simulated by the sandbox.' },
          ],
        }),
      ),
      route('GET', '/lbaas/flavors', () => ok({ flavors: [] })),
      route('GET', '/lbaas/availabilityzones', () => ok({ availability_zones: [] })),
      route('GET', '/lbaas/l7policies', () => ok({ l7policies: [], l7policies_links: [] })),
    ],
    error: (error) => ({ faultcode: error.status >= 500 ? 'Server' : 'Client', faultstring: error.message, debuginfo: null }),
  };
}

function quotaRoutes(octavia: Octavia): Route[] {
  const { quotas } = octavia;
  const project = (call: Call): string => {
    const id = call.params['project_id'] ?? '';
    if (id !== call.auth.projectId && !call.auth.isAdmin) throw forbidden('Policy does not allow this request to be performed.');
    return id;
  };
  return [
    route('GET', '/lbaas/quotas/:project_id', (call) => ok({ quota: quotas.of(project(call)) })),
    route('PUT', '/lbaas/quotas/:project_id', (call) => {
      if (!call.auth.isAdmin) throw forbidden('Policy does not allow this request to be performed.');
      const fields = octaviaFields(call, 'quota');
      const names = Object.keys(fields.source).filter((name) => name in quotas.defaults);
      quotas.set(project(call), Object.fromEntries(names.map((name) => [name, fields.integer(name, -1, 1e9)])));
      return accepted({ quota: quotas.of(project(call)) });
    }),
    route('DELETE', '/lbaas/quotas/:project_id', (call) => {
      if (!call.auth.isAdmin) throw forbidden('Policy does not allow this request to be performed.');
      quotas.reset(project(call));
      return noContent;
    }),
  ];
}
