import { spell } from './spell.js';

/**
 * oslo.policy's check language: `role:x`, `rule:x`, `key:%(target)s`, `'literal':%(target)s`, `@`, `!`, `and`, `or`,
 * `not`, parentheses; on the left paths into the token too. Source: oslo.policy, `_parser.py` and `_checks.py`. `http:` and `https:` checks are refused.
 */
export type Check = (facts: Facts) => boolean;

export interface Facts {
  /** The caller: `user_id`, `project_id`, `domain_id`, `is_admin`, `token`, ... Objects and lists are entered by dots. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  /** The object acted upon. */
  readonly target: Readonly<Record<string, string | null>>;
  /** Evaluates another rule by its name. */
  readonly rule: (name: string) => boolean;
}

/** A rule that cannot be read. */
export class InvalidRule extends Error {}

/** @throws InvalidRule */
export function parseCheck(text: string): Check {
  const tokens = tokenize(text);
  if (tokens.length === 0) return () => true;
  const parser = new Parser(tokens, text);
  const check = parser.or();
  parser.end();
  return check;
}

/** The rules that a rule names: none for one that cannot be read. */
export function referencesOf(text: string): string[] {
  return tokenize(text).flatMap((token) => (token.startsWith('rule:') ? [token.slice('rule:'.length)] : []));
}

function tokenize(text: string): string[] {
  return text.match(/[()]|(?:'[^']*':|"[^"]*":)?(?:%\([^)]*\)s|[^\s()])+/g) ?? [];
}

class Parser {
  private at = 0;
  constructor(
    private readonly tokens: readonly string[],
    private readonly text: string,
  ) {}

  or(): Check {
    let left = this.and();
    while (this.word('or')) {
      const [one, two] = [left, this.and()];
      left = (facts) => one(facts) || two(facts);
    }
    return left;
  }

  end(): void {
    if (this.at < this.tokens.length) throw this.error();
  }

  private and(): Check {
    let left = this.not();
    while (this.word('and')) {
      const [one, two] = [left, this.not()];
      left = (facts) => one(facts) && two(facts);
    }
    return left;
  }

  private not(): Check {
    if (!this.word('not')) return this.primary();
    const check = this.not();
    return (facts) => !check(facts);
  }

  private primary(): Check {
    if (this.word('(')) {
      const check = this.or();
      if (!this.word(')')) throw this.error();
      return check;
    }
    const token = this.tokens[this.at++];
    if (token === undefined || token === ')') throw this.error();
    return atom(token) ?? this.fail();
  }

  private word(word: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== word) return false;
    this.at += 1;
    return true;
  }

  private fail(): never {
    throw this.error();
  }

  private error(): InvalidRule {
    return new InvalidRule(`cannot read the rule "${this.text}"`);
  }
}

function atom(token: string): Check | undefined {
  if (token === '@') return () => true;
  if (token === '!') return () => false;
  const split = /^('[^']*'|"[^"]*"|[^:]+):(.+)$/.exec(token);
  const kind = split?.[1];
  const match = split?.[2];
  if (kind === undefined || match === undefined || kind === 'http' || kind === 'https') return undefined;
  if (kind === 'rule') return (facts) => facts.rule(match);
  const value = template(match);
  if (kind === 'role') {
    return (facts) => {
      const wanted = value(facts)?.toLowerCase();
      return wanted !== undefined && facts.roles.some((role) => role.toLowerCase() === wanted);
    };
  }
  const own = credential(kind);
  return (facts) => {
    const wanted = value(facts);
    return wanted !== undefined && own(facts).includes(wanted);
  };
}

/** The right side: text in which each `%(name)s` stands for a value of the target; undefined when the target has none. */
function template(text: string): (facts: Facts) => string | undefined {
  const names = [...text.matchAll(/%\(([^)]+)\)s/g)].map(([, name = '']) => name);
  return ({ target }) => {
    if (names.some((name) => (target[name] ?? undefined) === undefined)) return undefined;
    return text.replace(/%\(([^)]+)\)s/g, (_, name: string) => target[name] ?? '');
  };
}

/** The left side: a literal as Python writes it, or the caller's credentials by their path: `token.project.domain.id`. */
function credential(kind: string): (facts: Facts) => readonly string[] {
  const literal = /^(['"])(.*)\1$/.exec(kind)?.[2] ?? /^(?:True|False|None|\d+)$/.exec(kind)?.[0];
  if (literal !== undefined) return () => [literal];
  const path = kind.split('.');
  return ({ credentials }) => valuesAt(credentials, path);
}

/** Of a list every element counts. */
function valuesAt(value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, path));
  const [name, ...rest] = path;
  if (name === undefined) return value === null || value === undefined || typeof value === 'object' ? [] : [spell(value)];
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
  return valuesAt((value as Record<string, unknown>)[name], rest);
}
