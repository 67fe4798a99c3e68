import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import { InvalidRule } from './check-language.js';
import type { Policy } from './policy.js';
import { RuleSet } from './rule-set.js';

const LOOK_MS = 1_000;
/** What is the same after this long is whole. */
const SETTLED_MS = 50;

/**
 * The rules of a `policy.yaml` (or JSON) over the defaults.
 * @throws InvalidRule it is not a map of rules, or one of them cannot be used
 */
export function rulesOf(text: string): RuleSet {
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw new InvalidRule(`it is not YAML: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new InvalidRule('it is not a map of rules');
  return new RuleSet(Object.fromEntries(Object.entries(document).map(([name, check]) => [name, textOf(name, check)])));
}

/** @throws InvalidRule; the file cannot be read: the process does not start with half a policy */
export function readPolicyFile(path: string): RuleSet {
  try {
    return rulesOf(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InvalidRule(`the policy ${path} cannot be used: ${(error as Error).message}`);
  }
}

/** Looks now and then whether the operator's file says something else, and lets that count. A broken file changes nothing. */
export class PolicyFile {
  private text: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly policy: Policy,
    private readonly log: Pick<Logger, 'info' | 'warn' | 'error'>,
    private readonly settled: () => Promise<unknown> = () => sleep(SETTLED_MS),
  ) {}

  /** @throws InvalidRule */
  load(): void {
    const rules = readPolicyFile(this.path);
    this.text = readFileSync(this.path, 'utf8');
    this.use(rules);
  }

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Never throws. */
  async look(): Promise<void> {
    const text = await this.read();
    if (text === this.text) return;
    // An editor may be in the middle of it: half a policy would be a wider one.
    await this.settled();
    if ((await this.read()) !== text) return;
    this.text = text;
    try {
      this.use(rulesOf(text));
      this.log.info({ path: this.path }, 'the policy was read again');
    } catch (error) {
      this.log.error({ path: this.path, error: String(error) }, 'the policy cannot be used: the rules before it stay');
    }
  }

  private read(): Promise<string> {
    return readFile(this.path, 'utf8').catch((error: unknown) => String(error));
  }

  private use(rules: RuleSet): void {
    this.policy.use(rules);
    for (const rule of rules.unknown) this.log.warn({ path: this.path, rule }, 'the policy has a rule that nothing asks');
  }
}

/** A check, or oslo's older form of it: a list of alternatives, each a list of checks that must all hold. */
function textOf(name: string, check: unknown): string {
  if (typeof check === 'string') return check;
  if (!Array.isArray(check)) throw new InvalidRule(`${name} is not text`);
  const alternatives = check.map((one: unknown) => (Array.isArray(one) ? one : [one]).map(String).join(' and '));
  if (alternatives.length === 0) return '@';
  return alternatives.map((one) => `(${one || '@'})`).join(' or ');
}
