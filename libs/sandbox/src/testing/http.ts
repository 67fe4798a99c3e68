import type { Sandbox } from '../options.js';
import type { AccountName } from '../identity/seed.js';

/** An answer; `at('token.roles.0.name')` reads its JSON. */
export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly body: unknown,
  ) {}

  /** The value at a dotted path, undefined where there is none. The caller says what it expects. */
  at<T = string>(path: string): T {
    let value: unknown = this.body;
    for (const step of path.split('.'))
      value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
    return value as T;
  }
}

/** A bare client for specs: one account's token, paths below the sandbox's own address. */
export class TestClient {
  constructor(
    private readonly base: string,
    private readonly token: string,
    private readonly microversion = '2.79',
  ) {}

  async send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        'x-auth-token': this.token,
        'openstack-api-version': `compute ${this.microversion}`,
        accept: 'application/json',
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return new Answer(response.status, response.headers, text === '' ? undefined : JSON.parse(text));
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }
}

export const baseOf = (sandbox: Sandbox): string => new URL(sandbox.authUrl).origin;

/** Authenticates as an account of the sandbox. */
export async function clientFor(sandbox: Sandbox, account: AccountName, microversion?: string): Promise<TestClient> {
  const { auth } = sandbox.clouds[account];
  const answer = await authenticate(sandbox, {
    identity: {
      methods: ['password'],
      password: { user: { name: auth['username'], password: auth['password'], domain: { name: auth['user_domain_name'] } } },
    },
    scope:
      auth['project_name'] === undefined
        ? { domain: { name: auth['domain_name'] } }
        : { project: { name: auth['project_name'], domain: { name: 'Default' } } },
  });
  return new TestClient(baseOf(sandbox), answer.headers.get('x-subject-token') ?? '', microversion);
}

/** POST auth/tokens with this `auth` object. */
export async function authenticate(sandbox: Sandbox, auth: unknown): Promise<Answer> {
  return new TestClient(baseOf(sandbox), '').post('/identity/v3/auth/tokens', { auth });
}

/** Asks until `done`, for at most five seconds. */
export async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + 5000; ;) {
    const value = await ask();
    if (done(value)) return value;
    if (Date.now() > end) throw new Error(`not within 5 s; last: ${JSON.stringify(value).slice(0, 400)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
