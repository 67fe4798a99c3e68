import { Forbidden, type RequestContext } from '#libs/domain';
import { NEEDS_PROJECT, OPERATION_RULES, type Rule } from './default-rules.js';
import { credentialsOf, targetOf, type PolicyTarget } from './facts.js';
import { RuleSet } from './rule-set.js';

export type { PolicyTarget } from './facts.js';

/** Who may do what: Magnum's defaults with the operator's `policy.yaml` over them. */
export class Policy {
  private rules: RuleSet;
  /** Which rules were asked for a request: the interceptor looks that a route has asked its own. */
  private readonly asked = new WeakMap<RequestContext, Set<Rule>>();

  /** @throws InvalidRule a rule cannot be read or names a rule that is not there */
  constructor(overrides: Readonly<Record<string, string>> = {}) {
    this.rules = new RuleSet(overrides);
  }

  /** From now on these rules count. */
  use(rules: RuleSet): void {
    this.rules = rules;
  }

  /** @throws Forbidden `Policy doesn't allow RULE to be performed.` */
  enforce(ctx: RequestContext, rule: Rule, target: PolicyTarget = ownProject(ctx)): void {
    if (!this.allows(ctx, rule, target)) throw refusal(rule);
  }

  allows(ctx: RequestContext, rule: Rule, target: PolicyTarget = ownProject(ctx)): boolean {
    const seen = this.asked.get(ctx) ?? new Set();
    this.asked.set(ctx, seen.add(rule));
    if (ctx.projectId === null && !this.isForOthers(rule)) return false;
    const { roles } = ctx;
    return this.rules.evaluate(rule, { roles, credentials: credentialsOf(ctx, ctx.isAdmin), target: targetOf(target) });
  }

  /**
   * Magnum's own rules are about projects: tokens of the system, of a domain or of nothing are refused. A rule that the
   * operator has written is asked, unless what it allows would belong to the caller's project.
   * @throws Forbidden
   */
  admit(ctx: RequestContext, rules: readonly Rule[]): void {
    const [rule] = rules;
    if (ctx.projectId === null && rule !== undefined && !rules.some((one) => this.isForOthers(one))) throw refusal(rule);
  }

  /** Magnum's `is_admin`: what `context_is_admin` says of the caller himself. */
  isAdmin(ctx: Omit<RequestContext, 'isAdmin'>): boolean {
    const target = targetOf({ projectId: ctx.projectId, userId: ctx.userId });
    return this.rules.evaluate('context_is_admin', { roles: ctx.roles, credentials: credentialsOf(ctx, false), target });
  }

  /** Says why a route did not ask its rule. */
  waive(ctx: RequestContext, rule: Rule, _why: string): void {
    this.asked.set(ctx, (this.asked.get(ctx) ?? new Set()).add(rule));
  }

  /** Whether one of the rules was asked, or waived, for this request. */
  wasAsked(ctx: RequestContext, rules: readonly Rule[]): boolean {
    const seen = this.asked.get(ctx);
    return rules.some((rule) => seen?.has(rule));
  }

  has(rule: string): rule is Rule {
    return (OPERATION_RULES as string[]).includes(rule);
  }

  private isForOthers(rule: Rule): boolean {
    return this.rules.isOperators(rule) && !NEEDS_PROJECT.includes(rule);
  }
}

const ownProject = (ctx: RequestContext): PolicyTarget => ({ projectId: ctx.projectId, userId: ctx.userId });

const refusal = (rule: Rule): Forbidden => new Forbidden('policy', `Policy doesn't allow ${rule} to be performed.`, { rule });
