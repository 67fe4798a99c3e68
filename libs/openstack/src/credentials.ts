import { createHash } from 'node:crypto';

interface ProjectScope {
  readonly projectId?: string | undefined;
  readonly projectName?: string | undefined;
  readonly projectDomainName?: string | undefined;
}

/** A user and a password; scoped to a project, else to `domainName`, else unscoped. */
export interface PasswordCredentials extends ProjectScope {
  readonly kind: 'password';
  readonly username: string;
  readonly password: string;
  readonly userDomainName: string;
  readonly domainName?: string | undefined;
}

/** Brings its own scope. It can make neither trusts nor credentials unless it is unrestricted. */
export interface ApplicationCredential {
  readonly kind: 'application-credential';
  readonly id: string;
  readonly secret: string;
}

/** A token that somebody else got: used as it is, never renewed. */
export interface TokenCredentials {
  readonly kind: 'token';
  readonly token: string;
}

/** The trustee of a trust; with impersonation the token speaks for the trustor. */
export interface TrustCredentials {
  readonly kind: 'trust';
  readonly userId: string;
  readonly password: string;
  readonly trustId: string;
}

export type Credentials = PasswordCredentials | ApplicationCredential | TokenCredentials | TrustCredentials;

/** The key under which a login is kept and shared; tells nothing of the secret. */
export function credentialsKey(credentials: Credentials): string {
  const parts = Object.entries(credentials)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * The body of `POST /v3/auth/tokens`.
 * Source: Keystone API reference, "Authentication and token management"; OS-TRUST "Consume a trust".
 */
export function authBody(credentials: Exclude<Credentials, TokenCredentials>): object {
  switch (credentials.kind) {
    case 'password':
      return {
        auth: {
          identity: {
            methods: ['password'],
            password: {
              user: {
                name: credentials.username,
                domain: { name: credentials.userDomainName },
                password: credentials.password,
              },
            },
          },
          ...scopeOf(credentials),
        },
      };
    case 'application-credential':
      return {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: { id: credentials.id, secret: credentials.secret },
          },
        },
      };
    case 'trust':
      return {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { id: credentials.userId, password: credentials.password } },
          },
          scope: { 'OS-TRUST:trust': { id: credentials.trustId } },
        },
      };
  }
}

function scopeOf(credentials: PasswordCredentials): object {
  if (credentials.projectId) return { scope: { project: { id: credentials.projectId } } };
  if (credentials.projectName) {
    const domain = { name: credentials.projectDomainName ?? credentials.userDomainName };
    return { scope: { project: { name: credentials.projectName, domain } } };
  }
  if (credentials.domainName) return { scope: { domain: { name: credentials.domainName } } };
  return { scope: 'unscoped' };
}
