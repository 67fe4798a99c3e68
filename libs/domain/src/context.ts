/** Who asks, for what project, with which roles. First argument of every use case (`ctx`). */
export interface RequestContext {
  /** `req-<uuid4>`, the id answered in `x-openstack-request-id`. */
  readonly requestId: string;
  readonly userId: string;
  readonly userName?: string | undefined;
  readonly userDomainId?: string | undefined;
  /** Null for system-scoped, domain-scoped and unscoped tokens. */
  readonly projectId: string | null;
  readonly projectDomainId?: string | undefined;
  /** Of a domain-scoped token. */
  readonly domainId?: string | undefined;
  readonly roles: readonly string[];
  readonly systemScope?: string | undefined;
  readonly isAdmin: boolean;
  /** The caller's own Keystone token. Never logged, never stored in clear. */
  readonly token: string;
  readonly tokenExpiresAt: Date;
  /**
   * The uuid for what this request makes: reserved with its `Idempotency-Key`, the same when the request is run again. Absent
   * without a key.
   */
  readonly reservedUuid?: string | undefined;
}

/**
 * Whose rows a query may see. Policy makes it, every repository method that reads a tenant's row takes it first:
 * there is no way to read without saying for whom.
 */
export type Scope =
  | { readonly kind: 'project'; readonly projectId: string }
  /** Every project: administrators, and the service acting for itself. `why` is for the reader and the log. */
  | { readonly kind: 'all-projects'; readonly why: string };

export const projectScope = (projectId: string): Scope => ({ kind: 'project', projectId });
export const allProjects = (why: string): Scope => ({ kind: 'all-projects', why });
