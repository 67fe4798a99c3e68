import { ApiError, badRequest, forbidden, notFound } from '../server/api-error.js';
import { noContent, openRoute, route } from '../server/call.js';
import type { Call, Json, Reply, Route } from '../server/call.js';
import { isObject } from '../server/fields.js';
import type { Auth } from './auth.js';
import { catalog } from './catalog.js';
import { secretMatches } from './identity.js';
import type { Identity } from './identity.js';
import type { ApplicationCredential, Token, User } from './rows.js';

const unauthorized = (): ApiError => new ApiError(401, 'The request you have made requires authentication.');

/** Authentication: `auth/tokens`, `auth/catalog`, `auth/projects`, `auth/domains`. Wire: Keystone v3. */
export function tokenRoutes(identity: Identity): Route[] {
  const { tables } = identity;

  const create = (call: Call): Reply => {
    const auth = child(call.body, 'auth');
    const who = child(auth, 'identity');
    const proof = prove(identity, who);
    const token = scopeToken(identity, proof, auth['scope']);
    const described = identity.describe(token);
    return {
      status: 201,
      headers: { 'x-subject-token': token.id, vary: 'X-Auth-Token' },
      body: tokenBody(identity, described, !call.query.has('nocatalog')),
    };
  };

  const subject = (call: Call): Auth => {
    const id = call.header('x-subject-token');
    const found = identity.authenticate(id);
    const { auth } = call;
    const mayValidate =
      auth.isAdmin ||
      auth.roles.has('service') ||
      auth.token.id === id ||
      (found !== undefined && found.user.id === auth.user.id);
    if (!mayValidate) throw forbidden('You are not authorized to perform the requested action: identity:validate_token.');
    if (found === undefined) throw notFound(`Could not find token: ${(id ?? '').slice(0, 12)}....`);
    return found;
  };

  const validate = (call: Call): Reply => {
    const found = subject(call);
    return {
      status: 200,
      headers: { 'x-subject-token': found.token.id, vary: 'X-Auth-Token' },
      body: tokenBody(identity, found, !call.query.has('nocatalog')),
    };
  };

  return [
    openRoute('POST', '/auth/tokens', create),
    route('GET', '/auth/tokens', validate),
    route('HEAD', '/auth/tokens', validate),
    route('DELETE', '/auth/tokens', (call) => {
      tables.tokens.remove(subject(call).token.id);
      return noContent;
    }),
    route('GET', '/auth/catalog', (call) => ({
      status: 200,
      body: {
        catalog: catalog(identity, call.auth.projectId),
        links: { self: `${identity.cloud.baseUrl}/identity/v3/auth/catalog` },
      },
    })),
    route('GET', '/auth/projects', (call) => ({
      status: 200,
      body: { projects: scopesOf(identity, call.auth.user, 'project'), links: {} },
    })),
    route('GET', '/auth/domains', (call) => ({
      status: 200,
      body: { domains: scopesOf(identity, call.auth.user, 'domain'), links: {} },
    })),
  ];
}

/** Who proved to be whom, by which means. */
interface Proof {
  readonly user: User;
  readonly methods: readonly string[];
  /** Set when the proof was a token. */
  readonly from?: Auth;
  readonly applicationCredential?: ApplicationCredential;
}

function prove(identity: Identity, who: Json): Proof {
  const methods = Array.isArray(who['methods']) ? (who['methods'] as unknown[]) : [];
  const method = methods[0];
  if (method === 'password') {
    const stated = child(child(who, 'password'), 'user');
    const user = statedUser(identity, stated);
    const password = stated['password'];
    if (
      user === undefined ||
      typeof password !== 'string' ||
      !identity.isUserEnabled(user) ||
      !secretMatches(password, user.password_hash)
    )
      throw unauthorized();
    return { user, methods: ['password'] };
  }
  if (method === 'token') {
    const id = child(who, 'token')['id'];
    const from = typeof id === 'string' ? identity.authenticate(id) : undefined;
    if (from === undefined) throw unauthorized();
    const used = [...new Set(['token', ...from.token.methods])];
    return { user: from.user, methods: used, from };
  }
  if (method === 'application_credential') {
    const stated = child(who, 'application_credential');
    const byName = isObject(stated['user']) ? statedUser(identity, stated['user']) : undefined;
    const credential =
      typeof stated['id'] === 'string'
        ? identity.tables.applicationCredentials.get(stated['id'])
        : identity.tables.applicationCredentials.by('user_id', byName?.id).find((row) => row.name === stated['name']);
    const user = credential === undefined ? undefined : identity.tables.users.get(credential.user_id);
    if (
      credential === undefined ||
      user === undefined ||
      typeof stated['secret'] !== 'string' ||
      !secretMatches(stated['secret'], credential.secret_hash)
    )
      throw unauthorized();
    if (!identity.isUserEnabled(user) || (credential.expires_at !== null && Date.parse(credential.expires_at) <= Date.now()))
      throw unauthorized();
    return { user, methods: ['application_credential'], applicationCredential: credential };
  }
  throw method === undefined ? badRequest("'methods' is a required property") : unauthorized();
}

function scopeToken(identity: Identity, proof: Proof, scope: unknown): Token {
  const { user, methods, from, applicationCredential } = proof;
  const plain = {
    user_id: user.id,
    methods,
    project_id: null,
    domain_id: null,
    system: false,
    trust_id: null,
    application_credential_id: null,
  };
  if (applicationCredential !== undefined) {
    if (scope !== undefined) throw unauthorized();
    return identity.issue({
      ...plain,
      project_id: applicationCredential.project_id,
      application_credential_id: applicationCredential.id,
    });
  }
  if (from?.trust !== undefined || from?.applicationCredential !== undefined)
    throw forbidden('Using trust-scoped token to create another token. Create a new trust-scoped token instead.');
  const until = from?.token.expires_at;
  if (scope === undefined || scope === null) {
    const home = user.default_project_id;
    if (
      from === undefined &&
      home !== null &&
      identity.tables.projects.get(home)?.enabled === true &&
      identity.rolesOf(user.id, { projectId: home }).size > 0
    )
      return identity.issue({ ...plain, project_id: home }, until);
    return identity.issue(plain, until);
  }
  if (scope === 'unscoped' || (isObject(scope) && 'unscoped' in scope)) return identity.issue(plain, until);
  if (!isObject(scope)) throw badRequest("Invalid input for field 'scope'");
  if (isObject(scope['OS-TRUST:trust'])) return trustToken(identity, proof, scope['OS-TRUST:trust']);
  if (isObject(scope['system'])) {
    if (identity.rolesOf(user.id, { system: true }).size === 0) throw unauthorized();
    return identity.issue({ ...plain, system: true }, until);
  }
  if (isObject(scope['project'])) {
    const stated = scope['project'];
    const domainId = isObject(stated['domain']) ? statedDomainId(identity, stated['domain']) : undefined;
    const project = identity.findProject({ id: text(stated['id']), name: text(stated['name']), domainId });
    if (project === undefined || !project.enabled || identity.rolesOf(user.id, { projectId: project.id }).size === 0)
      throw unauthorized();
    return identity.issue({ ...plain, project_id: project.id }, until);
  }
  if (isObject(scope['domain'])) {
    const domain = identity.findDomain({ id: text(scope['domain']['id']), name: text(scope['domain']['name']) });
    if (domain === undefined || !domain.enabled || identity.rolesOf(user.id, { domainId: domain.id }).size === 0)
      throw unauthorized();
    return identity.issue({ ...plain, domain_id: domain.id }, until);
  }
  throw badRequest("Invalid input for field 'scope'");
}

function trustToken(identity: Identity, proof: Proof, stated: Json): Token {
  const trust = identity.liveTrust(text(stated['id']) ?? '');
  if (trust.trustee_user_id !== proof.user.id) throw forbidden('User is not a trustee.');
  if (trust.remaining_uses !== null) {
    if (trust.remaining_uses <= 0) throw forbidden(`No remaining uses for trust ${trust.id}.`);
    identity.tables.trusts.patch(trust.id, { remaining_uses: trust.remaining_uses - 1 });
  }
  return identity.issue(
    {
      user_id: trust.impersonation ? trust.trustor_user_id : trust.trustee_user_id,
      methods: proof.methods,
      project_id: trust.project_id,
      domain_id: null,
      system: false,
      trust_id: trust.id,
      application_credential_id: null,
    },
    trust.expires_at === null ? undefined : Date.parse(trust.expires_at),
  );
}

function tokenBody(identity: Identity, auth: Auth, withCatalog: boolean): Json {
  const { tables } = identity;
  const { token, user, trust, applicationCredential } = auth;
  const domain = (id: string): Json => ({ id, name: tables.domains.get(id)?.name ?? id });
  const project = token.project_id === null ? undefined : tables.projects.get(token.project_id);
  const scoped = project !== undefined || token.domain_id !== null || token.system;
  return {
    token: {
      methods: token.methods,
      user: { id: user.id, name: user.name, domain: domain(user.domain_id), password_expires_at: null },
      audit_ids: token.audit_ids,
      expires_at: keystoneTime(token.expires_at),
      issued_at: keystoneTime(token.issued_at),
      ...(project === undefined
        ? {}
        : { project: { id: project.id, name: project.name, domain: domain(project.domain_id) }, is_domain: false }),
      ...(token.domain_id === null ? {} : { domain: domain(token.domain_id) }),
      ...(token.system ? { system: { all: true } } : {}),
      ...(scoped ? { roles: [...auth.roles].map((name) => ({ id: identity.roleNamed(name)?.id ?? name, name })) } : {}),
      ...(scoped && withCatalog ? { catalog: catalog(identity, token.project_id ?? undefined) } : {}),
      ...(trust === undefined
        ? {}
        : {
            'OS-TRUST:trust': {
              id: trust.id,
              impersonation: trust.impersonation,
              trustor_user: { id: trust.trustor_user_id },
              trustee_user: { id: trust.trustee_user_id },
            },
          }),
      ...(applicationCredential === undefined
        ? {}
        : {
            application_credential: {
              id: applicationCredential.id,
              name: applicationCredential.name,
              restricted: !applicationCredential.unrestricted,
            },
          }),
    },
  };
}

function scopesOf(identity: Identity, user: User, kind: 'project' | 'domain'): Json[] {
  const ids = new Set<string>();
  for (const assignment of identity.tables.assignments.by('user_id', user.id)) {
    const id = kind === 'project' ? assignment.project_id : assignment.domain_id;
    if (id !== null) ids.add(id);
  }
  const rows = [...ids].map((id) => (kind === 'project' ? identity.tables.projects.get(id) : identity.tables.domains.get(id)));
  return rows.filter((row) => row !== undefined && row.enabled).map((row) => ({ ...row, links: {} }));
}

function statedUser(identity: Identity, stated: Json): User | undefined {
  const id = text(stated['id']);
  if (id !== undefined) return identity.findUser({ id });
  const name = text(stated['name']);
  if (name === undefined) throw badRequest('Expecting to find id or name in user.');
  if (!isObject(stated['domain'])) throw badRequest('Expecting to find domain in user.');
  return identity.findUser({ name, domainId: statedDomainId(identity, stated['domain']) });
}

function statedDomainId(identity: Identity, stated: Json): string | undefined {
  return identity.findDomain({ id: text(stated['id']), name: text(stated['name']) })?.id;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function child(value: unknown, name: string): Json {
  const found = isObject(value) ? value[name] : undefined;
  if (!isObject(found)) throw badRequest(`'${name}' is a required property`);
  return found;
}

/** `2026-01-02T03:04:05.000000Z` */
export const keystoneTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}.000000Z`;
