import { InvalidRule, parseCheck, referencesOf, type Check, type Facts } from './check-language.js';
import { DEFAULT_RULES } from './default-rules.js';

/** A rule as it counts. */
export interface EffectiveRule {
  readonly name: string;
  readonly check: string;
  readonly source: 'default' | 'file';
}

/** Magnum's rules with an operator's over them, all read and found to hang together. Does not change. */
export class RuleSet {
  private readonly checks: ReadonlyMap<string, Check>;
  private readonly texts: Readonly<Record<string, string>>;
  /** Rules of the operator that nobody asks: misspelt, or of another release. */
  readonly unknown: readonly string[];

  /** @throws InvalidRule a rule cannot be read, names a rule that is not there, or names itself */
  constructor(private readonly overrides: Readonly<Record<string, string>> = {}) {
    this.texts = { ...DEFAULT_RULES, ...overrides };
    this.checks = new Map(Object.entries(this.texts).map(([name, text]) => [name, read(name, text)]));
    for (const name of this.checks.keys()) this.follow(name, []);
    const named = new Set(Object.values(this.texts).flatMap(referencesOf));
    this.unknown = Object.keys(overrides).filter((name) => !Object.hasOwn(DEFAULT_RULES, name) && !named.has(name));
  }

  evaluate(name: string, facts: Omit<Facts, 'rule'>): boolean {
    const check = this.checks.get(name);
    return check?.({ ...facts, rule: (other) => this.evaluate(other, facts) }) ?? false;
  }

  /** Whether the operator has written this rule, or one that it names. */
  isOperators(name: string): boolean {
    if (Object.hasOwn(this.overrides, name)) return true;
    return referencesOf(this.texts[name] ?? '').some((other) => this.isOperators(other));
  }

  effective(): EffectiveRule[] {
    return Object.entries(this.texts).map(([name, check]) => ({
      name,
      check,
      source: Object.hasOwn(this.overrides, name) ? 'file' : 'default',
    }));
  }

  private follow(name: string, path: readonly string[]): void {
    if (path.includes(name)) throw new InvalidRule(`the rule ${name} names itself: ${[...path, name].join(' -> ')}`);
    for (const other of referencesOf(this.texts[name] ?? '')) {
      if (!this.checks.has(other)) throw new InvalidRule(`the rule ${name} names ${other}, which is not there`);
      this.follow(other, [...path, name]);
    }
  }
}

function read(name: string, text: string): Check {
  try {
    return parseCheck(text);
  } catch (error) {
    if (error instanceof InvalidRule) throw new InvalidRule(`${name}: ${error.message}`);
    throw error;
  }
}
