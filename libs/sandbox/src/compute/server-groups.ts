import { newId } from '../cloud.js';
import { badRequest, forbidden, notFound } from '../server/api-error.js';
import { noContent, ok, route, since } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { novaFields } from './nova.js';
import type { Nova } from './nova.js';
import type { ServerGroup } from './rows.js';

const policies = ['affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity'] as const;

/** Server groups. Wire: Nova v2.1 `os-server-groups`. The sandbox always has another host, so no policy is ever violated. */
export function serverGroupRoutes(nova: Nova): Route[] {
  const { groups } = nova.tables;
  const view = (call: Call, row: ServerGroup): Json => ({
    id: row.id,
    name: row.name,
    members: row.members,
    ...(since(call, 13) ? { project_id: row.project_id, user_id: row.user_id } : {}),
    ...(since(call, 64)
      ? { policy: row.policy, rules: row.max_server_per_host === null ? {} : { max_server_per_host: row.max_server_per_host } }
      : { policies: [row.policy], metadata: {} }),
  });
  const get = (call: Call): ServerGroup => {
    const row = groups.get(call.params['id'] ?? '');
    if (row === undefined || (!call.auth.isAdmin && row.project_id !== call.auth.projectId))
      throw notFound(`Instance group ${call.params['id']} could not be found.`);
    return row;
  };
  return [
    route('POST', '/os-server-groups', (call) => {
      const projectId = nova.member(call, 'os-server-groups:create');
      const fields = novaFields(call, 'server_group');
      const policy = since(call, 64) ? fields.choice('policy', policies) : fields.texts('policies')?.[0];
      if (!policies.some((known) => known === policy))
        throw badRequest(
          `Invalid input for field/attribute policies. Value: ${JSON.stringify(fields.source['policies'] ?? null)}.`,
        );
      if (nova.quotas.exceeded(projectId, 'server_groups', groups.count('project_id', projectId)))
        throw forbidden('Quota exceeded, too many server groups.');
      const row = groups.insert({
        id: newId(),
        name: fields.text('name'),
        project_id: projectId,
        user_id: call.auth.user.id,
        policy: policy ?? '',
        max_server_per_host: fields.object('rules')?.optionalInteger('max_server_per_host', 1, 1e6) ?? null,
        members: [],
      });
      return ok({ server_group: view(call, row) });
    }),
    route('GET', '/os-server-groups', (call) => {
      const everywhere = call.auth.isAdmin && call.query.has('all_projects');
      const rows = everywhere ? [...groups.all()] : groups.by('project_id', call.auth.projectId);
      const offset = Number(call.query.get('offset') ?? 0) || 0;
      const limit = Math.min(Number(call.query.get('limit') ?? 1000) || 1000, 1000);
      return ok({ server_groups: rows.slice(offset, offset + limit).map((row) => view(call, row)) });
    }),
    route('GET', '/os-server-groups/:id', (call) => ok({ server_group: view(call, get(call)) })),
    route('DELETE', '/os-server-groups/:id', (call) => {
      const row = get(call);
      nova.member(call, 'os-server-groups:delete');
      groups.remove(row.id);
      return noContent;
    }),
  ];
}
