import { notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newHexId } from '../cloud.js';
import { deny, implications } from './identity.js';
import type { Identity } from './identity.js';
import type { Assignment, Role } from './rows.js';
import { keystoneFields } from './users.js';

/** Roles, assignments and inference. Wire: Keystone v3. */
export function roleRoutes(identity: Identity): Route[] {
  const { tables } = identity;
  const view = (role: Role): Json => ({
    id: role.id,
    name: role.name,
    domain_id: null,
    description: null,
    options: {},
    links: { self: `${identity.cloud.baseUrl}/identity/v3/roles/${role.id}` },
  });
  const role = (call: Call): Role => {
    const found = tables.roles.get(call.params['role_id'] ?? '');
    if (found === undefined) throw notFound(`Could not find role: ${call.params['role_id']}.`);
    return found;
  };
  const implied = (row: Role): Json[] =>
    (implications[row.name] ?? []).flatMap((name) => identity.roleNamed(name) ?? []).map(view);

  /** The four verbs of `/{projects|domains}/{id}/users/{user}/roles/{role}`. */
  const assignmentRoutes = (kind: 'projects' | 'domains', param: 'project_id' | 'domain_id'): Route[] => {
    const base = `/${kind}/:${param}/users/:user_id/roles`;
    const scope = (call: Call): { projectId?: string; domainId?: string } => {
      const id = call.params[param] ?? '';
      const target = param === 'project_id' ? tables.projects.get(id) : tables.domains.get(id);
      if (target === undefined) throw notFound(`Could not find ${param === 'project_id' ? 'project' : 'domain'}: ${id}.`);
      const user = tables.users.get(call.params['user_id'] ?? '');
      if (user === undefined) throw notFound(`Could not find user: ${call.params['user_id']}.`);
      identity.requireManage(call, tables.projects.get(id)?.domain_id ?? id, 'create_grant');
      return param === 'project_id' ? { projectId: id } : { domainId: id };
    };
    const key = (call: Call): string => `${role(call).id}:${call.params['user_id']}:${call.params[param]}`;
    return [
      route('PUT', `${base}/:role_id`, (call) => {
        const on = scope(call);
        identity.assign(role(call).id, call.params['user_id'] ?? '', on);
        return noContent;
      }),
      route('HEAD', `${base}/:role_id`, (call) => {
        scope(call);
        if (tables.assignments.get(key(call)) === undefined) throw notFound('Could not find role assignment.');
        return noContent;
      }),
      route('DELETE', `${base}/:role_id`, (call) => {
        scope(call);
        if (tables.assignments.get(key(call)) === undefined) throw notFound('Could not find role assignment.');
        tables.assignments.remove(key(call));
        return noContent;
      }),
      route('GET', base, (call) => {
        scope(call);
        const rows = tables.assignments.by('user_id', call.params['user_id']).filter((row) => row[param] === call.params[param]);
        return ok({ roles: rows.flatMap((row) => tables.roles.get(row.role_id) ?? []).map(view), links: {} });
      }),
    ];
  };

  return [
    route('GET', '/roles', (call) => {
      const name = call.query.get('name');
      const rows = [...tables.roles.all()].filter((row) => name === null || row.name === name);
      return ok({ roles: rows.map(view), links: { self: '', next: null, previous: null } });
    }),
    route('POST', '/roles', (call) => {
      identity.requireAdmin(call, 'create_role');
      return created({ role: view(tables.roles.insert({ id: newHexId(), name: keystoneFields(call, 'role').text('name') })) });
    }),
    route('GET', '/roles/:role_id', (call) => ok({ role: view(role(call)) })),
    route('GET', '/roles/:role_id/implies', (call) =>
      ok({ role_inference: { prior_role: view(role(call)), implies: implied(role(call)) } }),
    ),
    route('GET', '/role_inferences', () =>
      ok({
        role_inferences: [...tables.roles.all()]
          .map((row) => ({ prior_role: view(row), implies: implied(row) }))
          .filter((rule) => rule.implies.length > 0),
      }),
    ),
    ...assignmentRoutes('projects', 'project_id'),
    ...assignmentRoutes('domains', 'domain_id'),
    route('GET', '/role_assignments', (call) => {
      const wantedUser = call.query.get('user.id');
      if (!call.auth.isAdmin && wantedUser !== call.auth.user.id) throw deny('list_role_assignments');
      const wanted = {
        project_id: call.query.get('scope.project.id'),
        domain_id: call.query.get('scope.domain.id'),
        role_id: call.query.get('role.id'),
      };
      const rows = wantedUser === null ? [...tables.assignments.all()] : tables.assignments.by('user_id', wantedUser);
      const found = rows.filter((row) =>
        Object.entries(wanted).every(([name, value]) => value === null || row[name as keyof Assignment] === value),
      );
      const names = call.query.has('include_names') && call.query.get('include_names') !== 'false';
      const seen =
        call.query.has('effective') && call.query.get('effective') !== 'false'
          ? found.flatMap((row) => effective(identity, row))
          : found;
      return ok({
        role_assignments: seen.map((row) => assignmentView(identity, row, names)),
        links: { self: '', next: null, previous: null },
      });
    }),
  ];
}

function effective(identity: Identity, row: Assignment): Assignment[] {
  return [...identity.implied([row.role_id])]
    .flatMap((name) => identity.roleNamed(name) ?? [])
    .map((role) => ({ ...row, role_id: role.id }));
}

function assignmentView(identity: Identity, row: Assignment, names: boolean): Json {
  const { tables } = identity;
  const domain = (id: string | undefined): Json =>
    id === undefined ? {} : { domain: { id, name: tables.domains.get(id)?.name ?? id } };
  const user = tables.users.get(row.user_id);
  const project = row.project_id === null ? undefined : tables.projects.get(row.project_id);
  const named = (id: string, name: string | undefined, domainId?: string): Json =>
    names ? { id, name: name ?? id, ...domain(domainId) } : { id };
  return {
    role: named(row.role_id, tables.roles.get(row.role_id)?.name),
    user: named(row.user_id, user?.name, user?.domain_id),
    scope:
      row.project_id !== null
        ? { project: named(row.project_id, project?.name, project?.domain_id) }
        : row.domain_id !== null
          ? { domain: named(row.domain_id, tables.domains.get(row.domain_id)?.name) }
          : { system: { all: true } },
    links: { assignment: '' },
  };
}
