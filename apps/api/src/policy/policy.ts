import { readFileSync } from 'node:fs';
import { Forbidden, type RequestContext } from '#libs/domain';
import { parse } from 'yaml';
import { InvalidRule, parseCheck, type Check } from './check-language.js';
import { DEFAULT_RULES, OPERATION_RULES, type Rule } from './default-rules.js';

/** The object a rule is asked about. */
export interface PolicyTarget {
  readonly projectId: string | null;
  readonly userId?: string | null;
}

/** Who may do what: Magnum's defaults with the operator's `policy.yaml` over them. */
export class Policy {
  private readonly checks = new Map<string, Check>();
  /** Which rules were asked for a request: the interceptor looks that a route has asked its own. */
  private readonly asked = new WeakMap<RequestContext, Set<Rule>>();

  /** @throws InvalidRule a rule cannot be read or names a rule that is not there */
  constructor(overrides: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries({ ...DEFAULT_RULES, ...overrides })) this.checks.set(name, parseCheck(text));
    const dangling = { credentials: {}, roles: [], target: {} };
    for (const name of this.checks.keys()) this.evaluate(name, dangling, []);
  }

  /** @throws InvalidRule; the file cannot be read: the process does not start with half a policy */
  static fromFile(path: string | undefined): Policy {
    if (!path) return new Policy();
    const document: unknown = parse(readFileSync(path, 'utf8')) ?? {};
    if (typeof document !== 'object' || Array.isArray(document)) throw new InvalidRule(`${path} is not a map of rules`);
    for (const [name, text] of Object.entries(document as object)) {
      if (typeof text !== 'string') throw new InvalidRule(`the rule ${name} in ${path} is not text`);
    }
    return new Policy(document as Record<string, string>);
  }

  /** @throws Forbidden `Policy doesn't allow RULE to be performed.` */
  enforce(ctx: RequestContext, rule: Rule, target: PolicyTarget = ownProject(ctx)): void {
    if (!this.allows(ctx, rule, target)) {
      throw new Forbidden('policy', `Policy doesn't allow ${rule} to be performed.`, { rule });
    }
  }

  /** Every rule is about a project: tokens of the system, of a domain or of nothing are refused. */
  allows(ctx: RequestContext, rule: Rule, target: PolicyTarget = ownProject(ctx)): boolean {
    const seen = this.asked.get(ctx) ?? new Set();
    this.asked.set(ctx, seen.add(rule));
    if (ctx.projectId === null) return false;
    return this.evaluate(rule, factsOf(ctx, target), []);
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

  private evaluate(name: string, facts: Omit<Parameters<Check>[0], 'rule'>, path: readonly string[]): boolean {
    const check = this.checks.get(name);
    if (!check) throw new InvalidRule(`the rule ${path.at(-1) ?? ''} names ${name}, which is not there`);
    if (path.includes(name)) throw new InvalidRule(`the rule ${name} names itself: ${[...path, name].join(' -> ')}`);
    return check({ ...facts, rule: (other) => this.evaluate(other, facts, [...path, name]) });
  }
}

const ownProject = (ctx: RequestContext): PolicyTarget => ({ projectId: ctx.projectId, userId: ctx.userId });

function factsOf(ctx: RequestContext, target: PolicyTarget): Omit<Parameters<Check>[0], 'rule'> {
  return {
    roles: ctx.roles,
    credentials: {
      user_id: ctx.userId,
      project_id: ctx.projectId,
      tenant_id: ctx.projectId,
      user_domain_id: ctx.userDomainId ?? null,
      domain_id: ctx.userDomainId ?? null,
      project_domain_id: ctx.projectDomainId ?? null,
      is_admin: ctx.isAdmin ? 'True' : 'False',
    },
    target: {
      project_id: target.projectId,
      user_id: target.userId ?? null,
      'target.project_id': target.projectId,
      'target.user_id': target.userId ?? null,
    },
  };
}
