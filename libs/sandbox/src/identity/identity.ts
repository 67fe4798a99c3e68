import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cloud } from '../cloud.js';
import { newHexId, sha256 } from '../cloud.js';
import { ApiError, forbidden, notFound } from '../server/api-error.js';
import type { Call } from '../server/call.js';
import type { Auth } from './auth.js';
import { identityTables } from './rows.js';
import type { ApplicationCredential, Domain, IdentityTables, Project, Role, Token, Trust, User } from './rows.js';

/** admin implies member implies reader, as Keystone's bootstrap sets up. */
export const implications: Readonly<Record<string, readonly string[]>> = { admin: ['member'], member: ['reader'] };

/** The rules of identity that more than one route needs. */
export class Identity {
  readonly tables: IdentityTables;

  constructor(
    readonly cloud: Cloud,
    readonly tokenSeconds: number,
  ) {
    this.tables = identityTables(cloud.store);
  }

  /** Resolves a token's id; undefined when it is not (or no longer) valid, for whatever reason. */
  authenticate(tokenId: string | undefined): Auth | undefined {
    const token = tokenId === undefined ? undefined : this.tables.tokens.get(tokenId);
    if (token === undefined || token.expires_at <= Date.now()) return undefined;
    try {
      return this.describe(token);
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }

  /** What a token is worth now. @throws ApiError when user, project, trust, credential or roles have gone */
  describe(token: Token): Auth {
    const { tables } = this;
    const user = tables.users.get(token.user_id);
    if (user === undefined || !this.isUserEnabled(user)) throw notFound(`Could not find user: ${token.user_id}.`);
    if (token.issued_at < user.tokens_valid_from) throw notFound('Could not find token.');
    const project = token.project_id === null ? undefined : tables.projects.get(token.project_id);
    if (
      token.project_id !== null &&
      (project === undefined || !project.enabled || tables.domains.get(project.domain_id)?.enabled !== true)
    )
      throw notFound(`Could not find project: ${token.project_id}.`);
    if (token.domain_id !== null && tables.domains.get(token.domain_id)?.enabled !== true)
      throw notFound(`Could not find domain: ${token.domain_id}.`);
    let trust: Trust | undefined;
    let applicationCredential: ApplicationCredential | undefined;
    let roles: ReadonlySet<string>;
    if (token.trust_id !== null) {
      trust = this.liveTrust(token.trust_id);
      roles = this.trustRoles(trust);
    } else if (token.application_credential_id !== null) {
      applicationCredential = this.tables.applicationCredentials.get(token.application_credential_id);
      if (applicationCredential === undefined)
        throw notFound(`Could not find Application Credential: ${token.application_credential_id}.`);
      roles = this.implied(applicationCredential.role_ids);
    } else {
      roles = this.rolesOf(user.id, { projectId: token.project_id, domainId: token.domain_id, system: token.system });
      if (roles.size === 0 && (token.project_id !== null || token.domain_id !== null || token.system))
        throw forbidden('User has no access to the scope.');
    }
    return {
      token,
      user,
      projectId: project?.id,
      domainId: token.domain_id ?? undefined,
      roles,
      isAdmin: roles.has('admin'),
      trust,
      applicationCredential,
    };
  }

  /** Names of the roles of a user on a scope, implied ones included. Without a scope: none. */
  rolesOf(userId: string, scope: { projectId?: string | null; domainId?: string | null; system?: boolean }): ReadonlySet<string> {
    const ids: string[] = [];
    for (const assignment of this.tables.assignments.by('user_id', userId)) {
      const isSystem = assignment.project_id === null && assignment.domain_id === null;
      if (
        (scope.projectId ?? null) !== null
          ? assignment.project_id === scope.projectId
          : (scope.domainId ?? null) !== null
            ? assignment.domain_id === scope.domainId
            : scope.system === true && isSystem
      )
        ids.push(assignment.role_id);
    }
    return this.implied(ids);
  }

  implied(roleIds: readonly string[]): ReadonlySet<string> {
    const names = new Set<string>();
    const add = (name: string): void => {
      if (names.has(name)) return;
      names.add(name);
      for (const next of implications[name] ?? []) add(next);
    };
    for (const id of roleIds) {
      const role = this.tables.roles.get(id);
      if (role !== undefined) add(role.name);
    }
    return names;
  }

  roleNamed(name: string): Role | undefined {
    return this.tables.roles.by('name', name)[0];
  }

  /** A trust that is good for a token now. @throws ApiError 404 gone or expired, 403 the trustor has lost what it passed on */
  liveTrust(id: string): Trust {
    const trust = this.tables.trusts.get(id);
    if (trust === undefined || (trust.expires_at !== null && Date.parse(trust.expires_at) <= Date.now()))
      throw notFound(`Could not find trust: ${id}.`);
    const trustor = this.tables.users.get(trust.trustor_user_id);
    const trustee = this.tables.users.get(trust.trustee_user_id);
    if (trustor === undefined || !this.isUserEnabled(trustor)) throw forbidden('Trustor is disabled.');
    if (trustee === undefined || !this.isUserEnabled(trustee)) throw forbidden('Trustee is disabled.');
    const held = this.rolesOf(trustor.id, { projectId: trust.project_id });
    for (const roleId of trust.role_ids) {
      if (!held.has(this.tables.roles.get(roleId)?.name ?? ''))
        throw forbidden('You are not authorized to perform the requested action: trustor no longer has the delegated roles.');
    }
    return trust;
  }

  private trustRoles(trust: Trust): ReadonlySet<string> {
    return this.implied(trust.role_ids);
  }

  isUserEnabled(user: User): boolean {
    return user.enabled && this.tables.domains.get(user.domain_id)?.enabled === true;
  }

  /** By id, or by name and domain. */
  findUser(by: { id?: string | undefined; name?: string | undefined; domainId?: string | undefined }): User | undefined {
    if (by.id !== undefined) return this.tables.users.get(by.id);
    return this.tables.users.by('name', by.name).find((user) => user.domain_id === by.domainId);
  }

  findProject(by: { id?: string | undefined; name?: string | undefined; domainId?: string | undefined }): Project | undefined {
    if (by.id !== undefined) return this.tables.projects.get(by.id);
    return this.tables.projects.by('name', by.name).find((project) => project.domain_id === by.domainId);
  }

  findDomain(by: { id?: string | undefined; name?: string | undefined }): Domain | undefined {
    return by.id !== undefined ? this.tables.domains.get(by.id) : this.tables.domains.by('name', by.name)[0];
  }

  issue(token: Omit<Token, 'id' | 'audit_ids' | 'issued_at' | 'expires_at'>, limitMs?: number): Token {
    const now = Date.now();
    const expires = Math.min(now + this.tokenSeconds * 1000, limitMs ?? Number.POSITIVE_INFINITY);
    return this.tables.tokens.insert({
      ...token,
      id: `gAAAAA${randomBytes(60).toString('base64url')}`,
      audit_ids: [randomBytes(16).toString('base64url')],
      issued_at: now,
      expires_at: expires,
    });
  }

  /** Forgets tokens that have run out. */
  dropExpiredTokens(): void {
    const now = Date.now();
    for (const token of [...this.tables.tokens.all()]) if (token.expires_at <= now) this.tables.tokens.remove(token.id);
  }

  /** Removes a user and what lives by it: roles, trusts on either side, application credentials, tokens. */
  removeUser(user: User): void {
    const { tables } = this;
    for (const row of tables.assignments.by('user_id', user.id)) tables.assignments.remove(row.id);
    for (const row of [...tables.trusts.by('trustor_user_id', user.id), ...tables.trusts.by('trustee_user_id', user.id)])
      this.removeTrust(row.id);
    for (const row of tables.applicationCredentials.by('user_id', user.id)) tables.applicationCredentials.remove(row.id);
    for (const row of tables.tokens.by('user_id', user.id)) tables.tokens.remove(row.id);
    tables.users.remove(user.id);
  }

  removeTrust(id: string): void {
    for (const token of this.tables.tokens.by('trust_id', id)) this.tables.tokens.remove(token.id);
    this.tables.trusts.remove(id);
  }

  assign(roleId: string, userId: string, on: { projectId?: string; domainId?: string }): void {
    const id = `${roleId}:${userId}:${on.projectId ?? on.domainId ?? 'system'}`;
    if (this.tables.assignments.get(id) !== undefined) return;
    this.tables.assignments.insert({
      id,
      role_id: roleId,
      user_id: userId,
      project_id: on.projectId ?? null,
      domain_id: on.domainId ?? null,
    });
  }

  createUser(user: {
    name: string;
    domainId: string;
    password: string | undefined;
    defaultProjectId?: string | undefined;
    description?: string | undefined;
    email?: string | undefined;
    enabled?: boolean;
  }): User {
    return this.tables.users.insert({
      id: newHexId(),
      name: user.name,
      domain_id: user.domainId,
      enabled: user.enabled ?? true,
      default_project_id: user.defaultProjectId ?? null,
      description: user.description ?? null,
      email: user.email ?? null,
      password_hash: hashSecret(user.password ?? newHexId()),
      tokens_valid_from: 0,
    });
  }

  /** May the caller manage objects of this domain? Admins everywhere; an admin of a domain (token scoped to it) only there. */
  mayManage(call: Call, domainId: string): boolean {
    const { auth } = call;
    return auth.isAdmin && (auth.domainId === undefined || auth.domainId === domainId);
  }

  /** @throws ApiError 403 in Keystone's words */
  requireManage(call: Call, domainId: string, action: string): void {
    if (!this.mayManage(call, domainId)) throw deny(action);
  }

  requireAdmin(call: Call, action: string): void {
    if (!call.auth.isAdmin || call.auth.domainId !== undefined) throw deny(action);
  }
}

export const deny = (action: string): ApiError =>
  forbidden(`You are not authorized to perform the requested action: identity:${action}.`);

/** Salted SHA-256: quick on purpose, the secrets of a sandbox guard nothing. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(8).toString('hex');
  return `${salt}$${sha256(`${salt}${secret}`)}`;
}

export function secretMatches(secret: string, hash: string): boolean {
  const salt = hash.slice(0, hash.indexOf('$'));
  return timingSafeEqual(Buffer.from(`${salt}$${sha256(`${salt}${secret}`)}`), Buffer.from(hash));
}
