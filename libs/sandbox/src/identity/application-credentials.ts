import { randomBytes } from 'node:crypto';
import { conflict, forbidden, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newHexId } from '../cloud.js';
import { deny, hashSecret } from './identity.js';
import type { Identity } from './identity.js';
import type { ApplicationCredential } from './rows.js';
import { expiry } from './trusts.js';
import { keystoneFields } from './users.js';

/** Application credentials. Wire: Keystone v3 `users/{id}/application_credentials`. The secret is told once, on creation. */
export function applicationCredentialRoutes(identity: Identity): Route[] {
  const { tables } = identity;
  const base = '/users/:user_id/application_credentials';
  const view = (row: ApplicationCredential): Json => ({
    id: row.id,
    name: row.name,
    description: row.description,
    project_id: row.project_id,
    user_id: row.user_id,
    roles: row.role_ids.map((id) => ({ id, name: tables.roles.get(id)?.name ?? id, domain_id: null })),
    expires_at: row.expires_at,
    unrestricted: row.unrestricted,
    system: null,
    links: { self: `${identity.cloud.baseUrl}/identity/v3/users/${row.user_id}/application_credentials/${row.id}` },
  });
  const own = (call: Call, action: string): void => {
    if (call.params['user_id'] !== call.auth.user.id && !call.auth.isAdmin) throw deny(action);
  };
  const writable = (call: Call, action: string): void => {
    if (call.params['user_id'] !== call.auth.user.id) throw deny(action);
    if (call.auth.trust !== undefined)
      throw forbidden("Using method 'trust' is not allowed for managing additional application credentials.");
    if (call.auth.applicationCredential !== undefined && !call.auth.applicationCredential.unrestricted) {
      throw forbidden("Using method 'application_credential' is not allowed for managing additional application credentials.");
    }
  };
  const get = (call: Call): ApplicationCredential => {
    const row = tables.applicationCredentials.get(call.params['credential_id'] ?? '');
    if (row === undefined || row.user_id !== call.params['user_id'])
      throw notFound(`Could not find Application Credential: ${call.params['credential_id']}.`);
    return row;
  };

  return [
    route('POST', base, (call) => {
      writable(call, 'create_application_credential');
      const { auth } = call;
      if (auth.projectId === undefined) throw deny('create_application_credential');
      const fields = keystoneFields(call, 'application_credential');
      const name = fields.text('name');
      if (tables.applicationCredentials.by('user_id', auth.user.id).some((row) => row.name === name)) {
        throw conflict('Conflict occurred attempting to store application_credential - Duplicate entry found with name ' + name);
      }
      const stated = fields.objects('roles');
      const named = stated?.map((role) => {
        const id = role.optionalText('id', 64);
        return id === undefined ? role.text('name') : (tables.roles.get(id)?.name ?? id);
      });
      const roleIds = (named ?? [...auth.roles]).map((role) => {
        const row = identity.roleNamed(role);
        if (row === undefined || !auth.roles.has(role))
          throw notFound(
            `Could not find role assignment with role: ${role}, user or group: ${auth.user.id}, project, domain, or system: ${auth.projectId}.`,
          );
        return row.id;
      });
      const expires = fields.optionalText('expires_at');
      const secret = fields.optionalText('secret') ?? randomBytes(48).toString('base64url');
      const row = tables.applicationCredentials.insert({
        id: newHexId(),
        name,
        description: fields.optionalText('description', 4096) ?? null,
        user_id: auth.user.id,
        project_id: auth.projectId,
        role_ids: roleIds,
        expires_at: expires === undefined ? null : expiry(expires),
        unrestricted: fields.flag('unrestricted', false),
        secret_hash: hashSecret(secret),
      });
      return created({ application_credential: { ...view(row), secret } });
    }),
    route('GET', base, (call) => {
      own(call, 'list_application_credentials');
      const name = call.query.get('name');
      const rows = tables.applicationCredentials
        .by('user_id', call.params['user_id'])
        .filter((row) => name === null || row.name === name);
      return ok({ application_credentials: rows.map(view), links: { self: '', next: null, previous: null } });
    }),
    route('GET', `${base}/:credential_id`, (call) => {
      own(call, 'get_application_credential');
      return ok({ application_credential: view(get(call)) });
    }),
    route('DELETE', `${base}/:credential_id`, (call) => {
      if (!call.auth.isAdmin) writable(call, 'delete_application_credential');
      const row = get(call);
      tables.applicationCredentials.remove(row.id);
      return noContent;
    }),
  ];
}
