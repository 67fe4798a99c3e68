/**
 * oslo.policy's check language: `role:x`, `rule:x`, `key:%(target)s`, `'literal':%(target)s`, `@`, `!`, `and`, `or`,
 * `not`, parentheses. Source: oslo.policy, `_parser.py` and `_checks.py`. `http:` and `https:` checks are refused.
 */
export type Check = (facts: Facts) => boolean;

export interface Facts {
  /** The caller: `user_id`, `project_id`, `domain_id`, `is_admin`, ... */
  readonly credentials: Readonly<Record<string, string | null>>;
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

function tokenize(text: string): string[] {
  const tokens =
    text.match(/[()]|'[^']*':[^\s()]*(?:\([^)]*\)s)?|"[^"]*":[^\s()]*(?:\([^)]*\)s)?|[^\s()]*%\([^)]*\)s|[^\s()]+/g) ?? [];
  return tokens;
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
    return wanted !== undefined && own(facts) === wanted;
  };
}

/** The right side: text in which `%(name)s` stands for a value of the target; undefined when the target has none. */
function template(text: string): (facts: Facts) => string | undefined {
  const name = /^%\(([^)]+)\)s$/.exec(text)?.[1];
  if (name === undefined) return () => text;
  return ({ target }) => target[name] ?? undefined;
}

/** The left side: a quoted literal, True, False, None, or the caller's credential of that name. */
function credential(kind: string): (facts: Facts) => string | undefined {
  const literal = /^(['"])(.*)\1$/.exec(kind)?.[2];
  if (literal !== undefined) return () => literal;
  if (kind === 'True' || kind === 'False' || kind === 'None') return () => kind;
  return ({ credentials }) => credentials[kind] ?? undefined;
}
