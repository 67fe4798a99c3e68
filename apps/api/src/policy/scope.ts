import { allProjects, projectScope, type RequestContext, type Scope } from '#libs/domain';
import type { Rule } from './default-rules.js';
import type { Policy } from './policy.js';

/** Whose rows the caller may see: every project's when the rule says so, else his own. */
export function scopeOf(policy: Policy, ctx: RequestContext, wider: Rule): Scope {
  return policy.allows(ctx, wider) ? allProjects(`${wider} allows it`) : ownScope(ctx);
}

/** The caller's project; a token without project sees nothing. */
export const ownScope = (ctx: RequestContext): Scope => projectScope(ctx.projectId ?? '');
