import { tokenInfo, tokenReply, type TokenInfo } from './auth.js';
import type { Caller } from './caller.js';
import { authBody, type Credentials } from './credentials.js';
import { isNotFound, isRetryable, OpenStackError, type ServiceName } from './errors.js';
import type { Clock } from './retry.js';

/** A token in use. */
export interface Login {
  readonly token: string;
  readonly info: TokenInfo;
  /** From here on another one is fetched, while this one still serves. */
  refreshAt: number;
}

interface Account {
  login: Login | undefined;
  pending: Promise<Login> | undefined;
  /** Services that have refused a token, when, and have taken none since. */
  readonly refused: Map<ServiceName, number>;
}

/** Logins kept at once; the oldest goes. A caller's token is an account of its own. */
const MAX_ACCOUNTS = 2_000;
const REFRESH_AT = 0.8;
const RETRY_REFRESH_MS = 10_000;
/** A token is not used in its last seconds: a long call would outlive it. */
const LAST_SECONDS_MS = 15_000;
/** A service that refuses a fresh token too is not answered with another login before this. */
const RENEW_AGAIN_MS = 5_000;

/**
 * The tokens of one cloud for one process, one for each set of credentials: what all sessions of the service, of the trustee
 * domain's administrator or of one cluster's trust share. Each is fetched by one caller and awaited by all.
 */
export class Logins {
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly caller: Caller,
    private readonly identity: string,
    private readonly clock: Clock,
  ) {}

  /** How many tokens are kept that are still good. */
  get size(): number {
    const now = this.clock.now();
    return [...this.accounts.values()].filter(({ login }) => login && now < login.info.expiresAt.getTime()).length;
  }

  /** @throws OpenStackError; the signal's reason, while the shared login goes on for the others */
  async get(credentials: Credentials, key: string, signal?: AbortSignal): Promise<Login> {
    signal?.throwIfAborted();
    const account = this.account(key);
    const now = this.clock.now();
    const { login } = account;
    if (login && now < login.info.expiresAt.getTime() - LAST_SECONDS_MS) {
      if (now >= login.refreshAt && credentials.kind !== 'token') this.refresh(account, login, credentials, key);
      return login;
    }
    return abortable(this.fetch(account, credentials, key), signal);
  }

  /** Forgets a login: this one, so that another one that came meanwhile stays; unless told, whatever it is. */
  forget(key: string, login?: Login): void {
    const account = this.accounts.get(key);
    if (account && (login === undefined || account.login === login)) account.login = undefined;
  }

  /**
   * A service has answered 401 to the token of this login: it is forgotten, once for all who were refused.
   * @returns whether another login may help: not when the same service has refused the one before it just now
   */
  refused(key: string, login: Login, service: ServiceName): boolean {
    const account = this.accounts.get(key);
    if (account?.login !== login) return true;
    const now = this.clock.now();
    if (now - (account.refused.get(service) ?? Number.NEGATIVE_INFINITY) < RENEW_AGAIN_MS) return false;
    account.refused.set(service, now);
    account.login = undefined;
    return true;
  }

  /** A service has taken the token of this login. */
  taken(key: string, login: Login, service: ServiceName): void {
    const account = this.accounts.get(key);
    if (account?.login === login) account.refused.delete(service);
  }

  private account(key: string): Account {
    let account = this.accounts.get(key);
    if (account) this.accounts.delete(key);
    else account = { login: undefined, pending: undefined, refused: new Map() };
    this.accounts.set(key, account);
    if (this.accounts.size > MAX_ACCOUNTS) this.accounts.delete(this.accounts.keys().next().value as string);
    return account;
  }

  private refresh(account: Account, login: Login, credentials: Credentials, key: string): void {
    if (account.pending) return;
    login.refreshAt = this.clock.now() + RETRY_REFRESH_MS;
    // The token in hand still serves; a refresh that failed is tried again by the calls that follow.
    this.fetch(account, credentials, key).catch((error: unknown) => {
      if (!isRetryable(error)) account.login = undefined;
    });
  }

  private fetch(account: Account, credentials: Credentials, key: string): Promise<Login> {
    account.pending ??= this.authenticate(credentials, key)
      .catch(loginRefused)
      .then((login) => (account.login = login))
      .finally(() => {
        account.pending = undefined;
      });
    return account.pending;
  }

  private async authenticate(credentials: Credentials, lane: string): Promise<Login> {
    const call = { service: 'identity', base: this.identity, template: '/auth/tokens', reply: tokenReply, lane } as const;
    if (credentials.kind === 'token') {
      const { token } = credentials;
      const reply = await this.caller.call({
        ...call,
        method: 'GET',
        headers: { 'x-auth-token': token, 'x-subject-token': token },
      });
      return this.loginOf(token, tokenInfo(reply.body));
    }
    // A login that is done twice leaves nothing behind but a token.
    const reply = await this.caller.call({ ...call, method: 'POST', body: authBody(credentials), idempotent: true });
    const token = reply.headers['x-subject-token'];
    if (!token) {
      throw new OpenStackError('a login without token', {
        service: 'identity',
        method: 'POST',
        path: call.template,
        httpStatus: reply.status,
        code: 'cloud-malformed-answer',
        retryable: true,
        sideEffectUnknown: false,
      });
    }
    return this.loginOf(token, tokenInfo(reply.body));
  }

  private loginOf(token: string, info: TokenInfo): Login {
    const now = this.clock.now();
    return { token, info, refreshAt: now + (info.expiresAt.getTime() - now) * REFRESH_AT };
  }
}

/**
 * Keystone answers 404 to a login by a trust, user or project that is gone. Whoever logs in on the way to something else
 * must not take that for the absence of what he asked for: a removal would count as done.
 */
function loginRefused(error: unknown): never {
  if (!(error instanceof OpenStackError) || !isNotFound(error)) throw error;
  const { service, method, path, requestId, fault, retryable, sideEffectUnknown } = error;
  throw new OpenStackError(
    error.words,
    { service, method, path, httpStatus: 401, requestId, fault, retryable, sideEffectUnknown },
    { cause: error },
  );
}

/** The shared work goes on for the others when one who waits for it is told to stop. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
