import { badRequest, conflict, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { deny, hashSecret, secretMatches } from './identity.js';
import type { Identity } from './identity.js';
import type { User } from './rows.js';
import { textOf } from '../server/text.js';

/** The object below `key` of a Keystone request. */
export function keystoneFields(call: Call, key: string): Fields {
  const object = isObject(call.body) ? call.body[key] : undefined;
  if (!isObject(object)) throw badRequest(`'${key}' is a required property`);
  return new Fields(object, (field, _value, reason) => badRequest(`Invalid input for field '${field}': ${reason}`));
}

/** Keystone's equality filters on rows. */
export function keystoneFilter<T extends object>(call: Call, rows: readonly T[], names: readonly string[]): T[] {
  return rows.filter((row) =>
    names.every((name) => {
      const wanted = call.query.get(name);
      return wanted === null || textOf((row as Json)[name]) === wanted;
    }),
  );
}

/** Users. Wire: Keystone v3 `users`. */
export function userRoutes(identity: Identity): Route[] {
  const { tables } = identity;
  const self = (id: string): Json => ({ self: `${identity.cloud.baseUrl}/identity/v3/users/${id}` });
  const view = (user: User): Json => ({
    id: user.id,
    name: user.name,
    domain_id: user.domain_id,
    enabled: user.enabled,
    password_expires_at: null,
    options: {},
    ...(user.default_project_id === null ? {} : { default_project_id: user.default_project_id }),
    ...(user.description === null ? {} : { description: user.description }),
    ...(user.email === null ? {} : { email: user.email }),
    links: self(user.id),
  });
  const get = (call: Call): User => {
    const user = tables.users.get(call.params['user_id'] ?? '');
    if (user === undefined) throw notFound(`Could not find user: ${call.params['user_id']}.`);
    return user;
  };

  return [
    route('POST', '/users', (call) => {
      const fields = keystoneFields(call, 'user');
      const domainId = fields.optionalText('domain_id', 64) ?? call.auth.domainId ?? 'default';
      identity.requireManage(call, domainId, 'create_user');
      if (tables.domains.get(domainId) === undefined) throw notFound(`Could not find domain: ${domainId}.`);
      const name = fields.text('name');
      if (identity.findUser({ name, domainId }) !== undefined)
        throw conflict(
          `Conflict occurred attempting to store user - Duplicate entry found with name ${name} at domain ID ${domainId}.`,
        );
      const user = identity.createUser({
        name,
        domainId,
        password: fields.optionalText('password', 4096),
        defaultProjectId: fields.optionalText('default_project_id', 64),
        description: fields.optionalText('description', 4096),
        email: fields.optionalText('email'),
        enabled: fields.flag('enabled', true),
      });
      return created({ user: view(user) });
    }),
    route('GET', '/users', (call) => {
      if (!call.auth.isAdmin) throw deny('list_users');
      const domainId = call.auth.domainId ?? call.query.get('domain_id');
      const name = call.query.get('name');
      const rows =
        name !== null
          ? tables.users.by('name', name)
          : domainId !== null
            ? tables.users.by('domain_id', domainId)
            : [...tables.users.all()];
      const visible = rows.filter((user) => domainId === null || user.domain_id === domainId);
      return ok({
        users: keystoneFilter(call, visible, ['enabled']).map(view),
        links: { next: null, previous: null, self: `${identity.cloud.baseUrl}/identity/v3/users` },
      });
    }),
    route('GET', '/users/:user_id', (call) => {
      const wanted = call.params['user_id'];
      if (wanted !== call.auth.user.id && !call.auth.isAdmin) throw deny('get_user');
      const user = get(call);
      if (user.id !== call.auth.user.id) identity.requireManage(call, user.domain_id, 'get_user');
      return ok({ user: view(user) });
    }),
    route('PATCH', '/users/:user_id', (call) => {
      if (!call.auth.isAdmin) throw deny('update_user');
      const user = get(call);
      identity.requireManage(call, user.domain_id, 'update_user');
      const fields = keystoneFields(call, 'user');
      const password = fields.optionalText('password', 4096);
      const enabled = fields.flag('enabled', user.enabled);
      const changed = tables.users.patch(user.id, {
        name: fields.optionalText('name') ?? user.name,
        enabled,
        default_project_id: fields.optionalText('default_project_id', 64) ?? user.default_project_id,
        description: fields.optionalText('description', 4096) ?? user.description,
        email: fields.optionalText('email') ?? user.email,
        ...(password === undefined ? {} : { password_hash: hashSecret(password) }),
        ...(password === undefined && enabled === user.enabled ? {} : { tokens_valid_from: Date.now() }),
      });
      return ok({ user: view(changed) });
    }),
    route('DELETE', '/users/:user_id', (call) => {
      if (!call.auth.isAdmin) throw deny('delete_user');
      const user = get(call);
      identity.requireManage(call, user.domain_id, 'delete_user');
      identity.removeUser(user);
      return noContent;
    }),
    route('POST', '/users/:user_id/password', (call) => {
      const user = get(call);
      const fields = keystoneFields(call, 'user');
      if (call.auth.user.id !== user.id || !secretMatches(fields.text('original_password'), user.password_hash))
        throw deny('change_password');
      tables.users.patch(user.id, { password_hash: hashSecret(fields.text('password')), tokens_valid_from: Date.now() });
      return noContent;
    }),
    route('GET', '/users/:user_id/projects', (call) => {
      const user = get(call);
      if (user.id !== call.auth.user.id) identity.requireManage(call, user.domain_id, 'list_user_projects');
      const ids = new Set(tables.assignments.by('user_id', user.id).map((row) => row.project_id));
      const projects = [...ids].flatMap((id) => (id === null ? [] : [tables.projects.get(id)]));
      return ok({ projects, links: {} });
    }),
    route('GET', '/users/:user_id/groups', () => ok({ groups: [], links: {} })),
  ];
}
