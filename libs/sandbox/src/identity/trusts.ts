import { badRequest, forbidden, notFound } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newHexId } from '../cloud.js';
import type { Identity } from './identity.js';
import type { Trust } from './rows.js';
import { keystoneTime } from './tokens.js';
import { keystoneFields } from './users.js';

/** Trusts. Wire: Keystone v3 extension OS-TRUST. */
export function trustRoutes(identity: Identity): Route[] {
  const { tables } = identity;
  const roles = (trust: Trust): Json[] =>
    trust.role_ids.map((id) => ({
      id,
      name: tables.roles.get(id)?.name ?? id,
      links: { self: `${identity.cloud.baseUrl}/identity/v3/roles/${id}` },
    }));
  const summary = (trust: Trust): Json => ({
    id: trust.id,
    trustor_user_id: trust.trustor_user_id,
    trustee_user_id: trust.trustee_user_id,
    project_id: trust.project_id,
    impersonation: trust.impersonation,
    expires_at: trust.expires_at,
    deleted_at: null,
    remaining_uses: trust.remaining_uses,
    redelegated_trust_id: null,
    redelegation_count: 0,
    links: { self: `${identity.cloud.baseUrl}/identity/v3/OS-TRUST/trusts/${trust.id}` },
  });
  const view = (trust: Trust): Json => ({
    ...summary(trust),
    roles: roles(trust),
    roles_links: { self: '', next: null, previous: null },
  });
  const get = (call: Call): Trust => {
    const trust = tables.trusts.get(call.params['trust_id'] ?? '');
    if (trust === undefined) throw notFound(`Could not find trust: ${call.params['trust_id']}.`);
    return trust;
  };
  const isParty = (call: Call, trust: Trust): boolean =>
    call.auth.isAdmin || call.auth.user.id === trust.trustor_user_id || call.auth.user.id === trust.trustee_user_id;
  const seen = (call: Call): Trust => {
    const trust = get(call);
    if (!isParty(call, trust)) throw forbidden('You are not authorized to perform the requested action: identity:get_trust.');
    return trust;
  };

  return [
    route('POST', '/OS-TRUST/trusts', (call) => {
      const fields = keystoneFields(call, 'trust');
      const { auth } = call;
      const trustor = fields.text('trustor_user_id', 64);
      const trustee = fields.text('trustee_user_id', 64);
      if (trustor !== auth.user.id)
        throw forbidden(
          'You are not authorized to perform the requested action: The authenticated user should match the trustor.',
        );
      if (auth.trust !== undefined)
        throw forbidden('You are not authorized to perform the requested action: redelegation of a trust.');
      if (auth.applicationCredential !== undefined && !auth.applicationCredential.unrestricted)
        throw forbidden("Using method 'application_credential' is not allowed for managing trusts.");
      if (tables.users.get(trustee) === undefined) throw notFound(`Could not find user: ${trustee}.`);
      const projectId = fields.optionalText('project_id', 64) ?? null;
      if (projectId !== null && tables.projects.get(projectId) === undefined)
        throw notFound(`Could not find project: ${projectId}.`);
      if (fields.source['impersonation'] === undefined) throw badRequest("'impersonation' is a required property");
      const held = identity.rolesOf(trustor, { projectId });
      const roleIds = (fields.objects('roles') ?? []).map((stated) => {
        const id = stated.optionalText('id', 64);
        const role = id === undefined ? identity.roleNamed(stated.text('name')) : tables.roles.get(id);
        if (role === undefined || !held.has(role.name)) throw notFound(`Could not find role: ${id ?? stated.text('name')}.`);
        return role.id;
      });
      if (roleIds.length === 0)
        throw forbidden('You are not authorized to perform the requested action: At least one role should be specified.');
      const expires = fields.optionalText('expires_at');
      const trust = tables.trusts.insert({
        id: newHexId(),
        trustor_user_id: trustor,
        trustee_user_id: trustee,
        project_id: projectId,
        impersonation: fields.flag('impersonation', false),
        role_ids: roleIds,
        expires_at: expires === undefined ? null : expiry(expires),
        remaining_uses: fields.optionalInteger('remaining_uses', 1, 1_000_000) ?? null,
        allow_redelegation: fields.flag('allow_redelegation', false),
      });
      return created({ trust: view(trust) });
    }),
    route('GET', '/OS-TRUST/trusts', (call) => {
      const trustor = call.query.get('trustor_user_id');
      const trustee = call.query.get('trustee_user_id');
      if (!call.auth.isAdmin && trustor !== call.auth.user.id && trustee !== call.auth.user.id)
        throw forbidden('You are not authorized to perform the requested action: identity:list_trusts.');
      const rows =
        trustor !== null
          ? tables.trusts.by('trustor_user_id', trustor)
          : trustee !== null
            ? tables.trusts.by('trustee_user_id', trustee)
            : [...tables.trusts.all()];
      const found = rows.filter(
        (trust) =>
          (trustor === null || trust.trustor_user_id === trustor) && (trustee === null || trust.trustee_user_id === trustee),
      );
      return ok({ trusts: found.map(summary), links: { self: '', next: null, previous: null } });
    }),
    route('GET', '/OS-TRUST/trusts/:trust_id', (call) => ok({ trust: view(seen(call)) })),
    route('GET', '/OS-TRUST/trusts/:trust_id/roles', (call) => ok({ roles: roles(seen(call)), links: {} })),
    route('DELETE', '/OS-TRUST/trusts/:trust_id', (call) => {
      const trust = get(call);
      if (!call.auth.isAdmin && call.auth.user.id !== trust.trustor_user_id)
        throw forbidden('You are not authorized to perform the requested action: identity:delete_trust.');
      identity.removeTrust(trust.id);
      return noContent;
    }),
  ];
}

/** @returns Keystone's spelling of a stated time in the future */
export function expiry(stated: string): string {
  const time = Date.parse(stated.endsWith('Z') ? stated : `${stated}Z`);
  if (Number.isNaN(time)) throw badRequest("Invalid input for field 'expires_at': not a valid ISO 8601 date");
  if (time <= Date.now()) throw badRequest('The expiration time must be in the future.');
  return keystoneTime(time);
}
