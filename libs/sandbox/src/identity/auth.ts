import type { ApplicationCredential, Token, Trust, User } from './rows.js';

/** What a valid token says about its bearer. */
export interface Auth {
  readonly token: Token;
  readonly user: User;
  /** The project of the scope; undefined for unscoped and domain-scoped tokens. */
  readonly projectId: string | undefined;
  readonly domainId: string | undefined;
  /** Names, implied ones included. */
  readonly roles: ReadonlySet<string>;
  /** Role admin, on whatever scope. */
  readonly isAdmin: boolean;
  readonly trust: Trust | undefined;
  readonly applicationCredential: ApplicationCredential | undefined;
}
