import type { RequestContext } from '#libs/domain';
import type { Facts } from './check-language.js';
import { spell } from './spell.js';

/** The object a rule is asked about: a row, or the little that is known of it. Its texts, numbers and booleans can be named. */
export interface PolicyTarget {
  readonly projectId: string | null;
  readonly userId?: string | null;
}

/** Names that existing policies use for the caller. Source: oslo.context `to_policy_values`, magnum/common/context.py. */
export function credentialsOf(
  ctx: Omit<RequestContext, 'isAdmin' | 'token' | 'tokenExpiresAt'>,
  isAdmin: boolean,
): Facts['credentials'] {
  const domain = (id: string | undefined): { domain: { id: string | null } } => ({ domain: { id: id ?? null } });
  const token = {
    user: { id: ctx.userId, name: ctx.userName ?? null, ...domain(ctx.userDomainId) },
    project: ctx.projectId === null ? null : { id: ctx.projectId, ...domain(ctx.projectDomainId) },
    ...(ctx.domainId === undefined ? {} : domain(ctx.domainId)),
    roles: ctx.roles.map((name) => ({ name })),
  };
  return {
    user_id: ctx.userId,
    user_name: ctx.userName ?? null,
    user_domain_id: ctx.userDomainId ?? null,
    project_id: ctx.projectId,
    tenant_id: ctx.projectId,
    project_domain_id: ctx.projectDomainId ?? null,
    // The domain that the token is for; for all others, as in Magnum, the user's own.
    domain_id: ctx.domainId ?? ctx.userDomainId ?? null,
    system_scope: ctx.systemScope ?? null,
    is_admin: isAdmin,
    roles: [...ctx.roles],
    token,
    auth_token_info: { token },
  };
}

/** `project_id`, `user_id` and every plain field of the row: `clusterTemplateUuid` is `cluster_template_uuid`. */
export function targetOf(target: PolicyTarget): Facts['target'] {
  const fields: Record<string, string | null> = { user_id: null };
  for (const [name, value] of Object.entries(target)) {
    if (value === undefined || (typeof value === 'object' && value !== null)) continue;
    const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    fields[wire] = value === null ? null : spell(value);
  }
  return { ...fields, ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [`target.${name}`, value])) };
}
