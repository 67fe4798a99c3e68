import { conflict, forbidden, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newHexId } from '../cloud.js';
import { deny } from './identity.js';
import type { Identity } from './identity.js';
import type { Domain, Project } from './rows.js';
import { keystoneFields, keystoneFilter } from './users.js';

/** Projects and domains. Wire: Keystone v3 `projects`, `domains`. Removing a project leaves its cloud objects, as in reality. */
export function projectRoutes(identity: Identity): Route[] {
  const { tables } = identity;
  const link = (kind: string, id: string): Json => ({ self: `${identity.cloud.baseUrl}/identity/v3/${kind}/${id}` });
  const projectView = (project: Project): Json => ({
    ...project,
    is_domain: false,
    parent_id: project.domain_id,
    options: {},
    links: link('projects', project.id),
  });
  const domainView = (domain: Domain): Json => ({ ...domain, tags: [], options: {}, links: link('domains', domain.id) });

  const project = (call: Call): Project => {
    const found = tables.projects.get(call.params['project_id'] ?? '');
    if (found === undefined) throw notFound(`Could not find project: ${call.params['project_id']}.`);
    return found;
  };
  const domain = (call: Call): Domain => {
    const found = tables.domains.get(call.params['domain_id'] ?? '');
    if (found === undefined) throw notFound(`Could not find domain: ${call.params['domain_id']}.`);
    return found;
  };
  const removeProject = (id: string): void => {
    for (const row of tables.assignments.by('project_id', id)) tables.assignments.remove(row.id);
    for (const row of tables.trusts.by('project_id', id)) identity.removeTrust(row.id);
    for (const row of tables.applicationCredentials.by('project_id', id)) tables.applicationCredentials.remove(row.id);
    tables.projects.remove(id);
  };

  return [
    route('GET', '/projects', (call) => {
      if (!call.auth.isAdmin) throw deny('list_projects');
      const name = call.query.get('name');
      const rows = name === null ? [...tables.projects.all()] : tables.projects.by('name', name);
      const seen = call.auth.domainId === undefined ? rows : rows.filter((row) => row.domain_id === call.auth.domainId);
      return ok({
        projects: keystoneFilter(call, seen, ['domain_id', 'enabled']).map(projectView),
        links: { self: '', next: null, previous: null },
      });
    }),
    route('POST', '/projects', (call) => {
      const fields = keystoneFields(call, 'project');
      const domainId = fields.optionalText('domain_id', 64) ?? call.auth.domainId ?? 'default';
      identity.requireManage(call, domainId, 'create_project');
      if (tables.domains.get(domainId) === undefined) throw notFound(`Could not find domain: ${domainId}.`);
      const name = fields.text('name', 64);
      if (identity.findProject({ name, domainId }) !== undefined)
        throw conflict(
          `Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in the same domain : ${name}.`,
        );
      const row = tables.projects.insert({
        id: newHexId(),
        name,
        domain_id: domainId,
        enabled: fields.flag('enabled', true),
        description: fields.optionalText('description', 4096) ?? '',
        tags: fields.texts('tags') ?? [],
      });
      return created({ project: projectView(row) });
    }),
    route('GET', '/projects/:project_id', (call) => {
      const holds =
        call.auth.projectId === call.params['project_id'] ||
        identity.rolesOf(call.auth.user.id, { projectId: call.params['project_id'] ?? '' }).size > 0;
      if (!holds && !call.auth.isAdmin) throw deny('get_project');
      const row = project(call);
      if (!holds) identity.requireManage(call, row.domain_id, 'get_project');
      return ok({ project: projectView(row) });
    }),
    route('PATCH', '/projects/:project_id', (call) => {
      if (!call.auth.isAdmin) throw deny('update_project');
      const row = project(call);
      identity.requireManage(call, row.domain_id, 'update_project');
      const fields = keystoneFields(call, 'project');
      return ok({
        project: projectView(
          tables.projects.patch(row.id, {
            name: fields.optionalText('name', 64) ?? row.name,
            enabled: fields.flag('enabled', row.enabled),
            description: fields.optionalText('description', 4096) ?? row.description,
          }),
        ),
      });
    }),
    route('DELETE', '/projects/:project_id', (call) => {
      if (!call.auth.isAdmin) throw deny('delete_project');
      const row = project(call);
      identity.requireManage(call, row.domain_id, 'delete_project');
      removeProject(row.id);
      return noContent;
    }),
    route('GET', '/domains', (call) => {
      if (!call.auth.isAdmin) throw deny('list_domains');
      const rows =
        call.auth.domainId === undefined
          ? [...tables.domains.all()]
          : [...tables.domains.all()].filter((row) => row.id === call.auth.domainId);
      return ok({
        domains: keystoneFilter(call, rows, ['name', 'enabled']).map(domainView),
        links: { self: '', next: null, previous: null },
      });
    }),
    route('POST', '/domains', (call) => {
      identity.requireAdmin(call, 'create_domain');
      const fields = keystoneFields(call, 'domain');
      const name = fields.text('name', 64);
      if (identity.findDomain({ name }) !== undefined)
        throw conflict('Conflict occurred attempting to store domain - Duplicate entry.');
      return created({
        domain: domainView(
          tables.domains.insert({
            id: newHexId(),
            name,
            enabled: fields.flag('enabled', true),
            description: fields.optionalText('description', 4096) ?? '',
          }),
        ),
      });
    }),
    route('GET', '/domains/:domain_id', (call) => {
      const own = call.auth.user.domain_id === call.params['domain_id'];
      if (!own && !call.auth.isAdmin) throw deny('get_domain');
      return ok({ domain: domainView(domain(call)) });
    }),
    route('PATCH', '/domains/:domain_id', (call) => {
      identity.requireAdmin(call, 'update_domain');
      const row = domain(call);
      const fields = keystoneFields(call, 'domain');
      return ok({
        domain: domainView(
          tables.domains.patch(row.id, {
            name: fields.optionalText('name', 64) ?? row.name,
            enabled: fields.flag('enabled', row.enabled),
          }),
        ),
      });
    }),
    route('DELETE', '/domains/:domain_id', (call) => {
      identity.requireAdmin(call, 'delete_domain');
      const row = domain(call);
      if (row.enabled) throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
      for (const user of tables.users.by('domain_id', row.id)) identity.removeUser(user);
      for (const owned of tables.projects.by('domain_id', row.id)) removeProject(owned.id);
      tables.domains.remove(row.id);
      return noContent;
    }),
  ];
}
