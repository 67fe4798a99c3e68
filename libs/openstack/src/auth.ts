import { z } from 'zod';
import { catalogueSchema, type Catalogue } from './catalogue.js';

/** What Keystone says of a token. Shape of Keystone's `token`, API v3; unknown fields are ignored. */
export interface TokenInfo {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string | null;
  readonly userDomainName: string | null;
  /** Null for domain-scoped, system-scoped and unscoped tokens. */
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  readonly domainId: string | null;
  /** `all` for system scope. */
  readonly systemScope: string | null;
  readonly isAdminProject: boolean;
  readonly roles: readonly { readonly id: string; readonly name: string }[];
  readonly methods: readonly string[];
  readonly trust: { readonly id: string; readonly impersonation: boolean; readonly trustorUserId: string } | null;
  /** Set when the token came from an application credential: `restricted` ones may not make trusts. */
  readonly applicationCredential: { readonly id: string; readonly restricted: boolean } | null;
  readonly auditIds: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly catalogue: Catalogue;
}

const domain = z.looseObject({ id: z.string().nullish(), name: z.string().nullish() });

/** `{"token": {...}}` as `POST` and `GET /v3/auth/tokens` answer. */
export const tokenReply = z.looseObject({
  token: z.looseObject({
    user: z.looseObject({ id: z.string(), name: z.string().default(''), domain: domain.nullish() }),
    project: z.looseObject({ id: z.string(), name: z.string().nullish(), domain: domain.nullish() }).nullish(),
    domain: domain.nullish(),
    system: z.looseObject({ all: z.boolean().optional() }).nullish(),
    is_admin_project: z.boolean().nullish(),
    roles: z.array(z.looseObject({ id: z.string(), name: z.string() })).nullish(),
    methods: z.array(z.string()).nullish(),
    'OS-TRUST:trust': z
      .looseObject({
        id: z.string(),
        impersonation: z.boolean().default(false),
        trustor_user: z.looseObject({ id: z.string() }),
      })
      .nullish(),
    application_credential: z.looseObject({ id: z.string(), restricted: z.boolean().default(true) }).nullish(),
    audit_ids: z.array(z.string()).nullish(),
    issued_at: z.string().nullish(),
    expires_at: z.string(),
    catalog: catalogueSchema.nullish(),
  }),
});

export function tokenInfo({ token }: z.infer<typeof tokenReply>): TokenInfo {
  const trust = token['OS-TRUST:trust'];
  return {
    userId: token.user.id,
    userName: token.user.name,
    userDomainId: token.user.domain?.id ?? null,
    userDomainName: token.user.domain?.name ?? null,
    projectId: token.project?.id ?? null,
    projectName: token.project?.name ?? null,
    projectDomainId: token.project?.domain?.id ?? null,
    domainId: token.domain?.id ?? null,
    systemScope: token.system?.all ? 'all' : null,
    isAdminProject: token.is_admin_project ?? true,
    roles: (token.roles ?? []).map(({ id, name }) => ({ id, name })),
    methods: token.methods ?? [],
    trust: trust ? { id: trust.id, impersonation: trust.impersonation, trustorUserId: trust.trustor_user.id } : null,
    applicationCredential: token.application_credential
      ? { id: token.application_credential.id, restricted: token.application_credential.restricted }
      : null,
    auditIds: token.audit_ids ?? [],
    issuedAt: token.issued_at ? new Date(token.issued_at) : new Date(),
    expiresAt: new Date(token.expires_at),
    catalogue: token.catalog ?? [],
  };
}
