import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { isWait, nameOf, type Role, type WireRequest, type WireStep, type WireWait } from './script.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A wait that came to nothing. */
export interface Missed {
  readonly wait: string;
  readonly why: string;
}

export interface Exchange {
  readonly request: WireRequest;
  readonly answer: Answer;
}

const POLL_MS = 500;

/** One of the two services, and what its answers have told so far. */
export class Side {
  readonly saved: Map<string, string>;
  readonly missed: Missed[] = [];
  private readonly refused = new Set<string>();

  constructor(
    readonly name: string,
    /** Without `/v1`. */
    readonly base: string,
    private readonly tokens: Readonly<Partial<Record<Role, string>>>,
    placeholders: Readonly<Record<string, string>>,
    /** How long each thing that is waited for may take. */
    private readonly waitSeconds = 240,
  ) {
    this.saved = new Map(Object.entries(placeholders));
  }

  /** Plays the whole script; every request is sent, whatever came before. */
  async play(steps: readonly WireStep[], say: (line: string) => void): Promise<Exchange[]> {
    const exchanges: Exchange[] = [];
    for (const step of steps) {
      if (isWait(step)) {
        const started = Date.now();
        const why = this.refused.has(step.after) ? `"${step.after}" was refused` : await this.wait(step);
        if (why !== undefined) this.missed.push({ wait: step.wait, why });
        say(`${this.name}: ${step.wait}: ${why ?? `after ${Math.round((Date.now() - started) / 1000)} s`}`);
        continue;
      }
      const answer = await this.ask(step);
      this.keep(step, answer);
      if (answer.status >= 400) this.refused.add(nameOf(step));
      exchanges.push({ request: step, answer });
    }
    return exchanges;
  }

  async ask(
    step: Pick<WireRequest, 'send' | 'as' | 'version'> & Partial<Pick<WireRequest, 'headers' | 'body' | 'text'>>,
  ): Promise<Answer> {
    const [method = '', path = ''] = step.send.split(' ', 2);
    const body = step.text === undefined ? this.json(step.body) : this.fill(step.text);
    const token = this.tokens[step.as];
    const headers: Record<string, string | null> = {
      accept: 'application/json',
      'content-type': body === undefined ? null : 'application/json',
      'x-auth-token': token ?? null,
      'openstack-api-version': step.version === undefined ? null : `container-infra ${step.version}`,
      ...step.headers,
    };
    const sent = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, this.fill(value)]]));
    return send(method, this.base + this.fill(path), Object.fromEntries(sent), body);
  }

  /** `{name}` becomes what is known by that name; unknown ones stay, so that both sides send the same. */
  private fill(text: string): string {
    return text.replace(/\{([a-z][a-z0-9_]*)\}/g, (whole, name: string) => this.saved.get(name) ?? whole);
  }

  private json(body: unknown): string | undefined {
    if (body === undefined) return undefined;
    return JSON.stringify(body, (_key, value: unknown) => (typeof value === 'string' ? this.fill(value) : value));
  }

  private keep(step: WireRequest, answer: Answer): void {
    for (const [name, path] of Object.entries(step.save)) {
      const value = dig(parseJson(answer.text), path);
      if (typeof value === 'string' || typeof value === 'number') this.saved.set(name, String(value));
    }
  }

  /** @returns why it did not come about; undefined: it did */
  private async wait(step: WireWait): Promise<string | undefined> {
    const deadline = Date.now() + this.waitSeconds * 1000;
    let last = '';
    while (Date.now() < deadline) {
      const answer = await this.ask(step);
      const body = parseJson(answer.text);
      const reached =
        answer.status === step.status &&
        Object.entries(step.until).every(([path, wanted]) => new RegExp(`^(${wanted})$`).test(String(dig(body, path))));
      if (reached) return undefined;
      last = `${answer.status} ${answer.text.slice(0, 2000)}`;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return `not within ${this.waitSeconds} s; last answer: ${last}`;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `a.0.b` in a value. */
function dig(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], value);
}

/** Exactly these headers go out, beside Host, Connection and the length. */
function send(method: string, url: string, headers: Record<string, string>, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = httpRequest(
      url,
      { method, headers: { ...headers, ...length }, agent: false, timeout: 60_000 },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer within 60 s`)));
    // A service that hangs up has answered too; only one that is not there ends the comparison.
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? reject(error) : resolve({ status: 0, headers: {}, text: `(no answer: ${error.message})` }),
    );
    outgoing.end(body);
  });
}
