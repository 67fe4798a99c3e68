import { badRequest, forbidden } from '../server/api-error.js';
import { noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { isObject } from '../server/fields.js';
import type { Counted, Neutron } from './neutron.js';

/** Limits and what is used of them. Wire: Neutron v2.0 `quotas`. */
export function quotaRoutes(neutron: Neutron): Route[] {
  const { tables, quotas } = neutron;
  const counted: Readonly<Record<string, Counted>> = {
    network: tables.networks,
    subnet: tables.subnets,
    port: tables.ports,
    router: tables.routers,
    floatingip: tables.floatingIps,
    security_group: tables.groups,
    security_group_rule: tables.rules,
  };
  const project = (call: Call): string => {
    const id = call.params['project_id'] ?? '';
    if (id !== call.auth.projectId && !call.auth.isAdmin)
      throw forbidden('rule:get_quota is disallowed by policy', 'PolicyNotAuthorized');
    return id;
  };
  const details = (id: string): Json =>
    Object.fromEntries(
      Object.entries(quotas.of(id)).map(([name, limit]) => [
        name,
        { limit, used: counted[name]?.count('project_id', id) ?? 0, reserved: 0 },
      ]),
    );
  return [
    route('GET', '/quotas/:project_id', (call) => ok({ quota: quotas.of(project(call)) })),
    route('GET', '/quotas/:project_id/default', () => ok({ quota: quotas.defaults })),
    route('GET', '/quotas/:project_id/details', (call) => ok({ quota: details(project(call)) })),
    route('GET', '/quotas/:project_id/details.json', (call) => ok({ quota: details(project(call)) })),
    route('PUT', '/quotas/:project_id', (call) => {
      if (!call.auth.isAdmin) throw forbidden('rule:update_quota is disallowed by policy', 'PolicyNotAuthorized');
      const stated = isObject(call.body) ? call.body['quota'] : undefined;
      if (!isObject(stated)) throw badRequest("Unable to find 'quota' in request body", 'HTTPBadRequest');
      const limits: Record<string, number> = {};
      for (const [name, value] of Object.entries(stated)) {
        const number = typeof value === 'string' ? Number(value) : value;
        if (!(name in quotas.defaults) || typeof number !== 'number' || !Number.isInteger(number) || number < -1)
          throw badRequest(`Invalid input for ${name}. Reason: '${String(value)}' is not an integer.`, 'HTTPBadRequest');
        limits[name] = number;
      }
      quotas.set(project(call), limits);
      return ok({ quota: quotas.of(project(call)) });
    }),
    route('DELETE', '/quotas/:project_id', (call) => {
      if (!call.auth.isAdmin) throw forbidden('rule:delete_quota is disallowed by policy', 'PolicyNotAuthorized');
      quotas.reset(project(call));
      return noContent;
    }),
  ];
}
