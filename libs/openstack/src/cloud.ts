import { tokenInfo, tokenReply, type TokenInfo } from './auth.js';
import { Caller, type CallRecord } from './caller.js';
import { endpointOf, identityUrl, type Interface } from './catalogue.js';
import { authBody, credentialsKey, type Credentials } from './credentials.js';
import { isNotFound, isRetryable, OpenStackError, type ServiceName } from './errors.js';
import { ServerObserver, type ServerLook } from './compute/server-observer.js';
import { systemClock, type Clock } from './retry.js';
import { CloudSession } from './session.js';
import type { Login, SessionHost } from './session-host.js';
import { SteadyClock } from './traffic/steady-clock.js';
import { Traffic, type TrafficLimits } from './traffic/traffic.js';
import { DEFAULT_TIMEOUTS, Transport, type Timeouts, type Wire } from './transport.js';

export interface CloudOptions {
  /** Keystone's URL, with or without `/v3`. Identity calls always go here, not to the catalogue's endpoint. */
  readonly authUrl: string;
  /** Default: the first of the catalogue. */
  readonly region?: string | undefined;
  readonly interface?: Interface | undefined;
  /** The only authorities trusted, as PEM; default: those of the system. */
  readonly caPem?: string | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Carries the calls instead of connections of the cloud's own; `caPem` and `timeouts` are its business then. */
  readonly wire?: Wire | undefined;
  readonly onCall?: ((record: CallRecord) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Shortest time between two lists of servers for the same waiters. */
  readonly observeIntervalMs?: number | undefined;
  /** How much of the cloud this process may ask for. */
  readonly traffic?: TrafficLimits | undefined;
}

interface Account {
  login: Login | undefined;
  pending: Promise<Login> | undefined;
}

/** Logins kept at once; the oldest goes. A caller's token is an account of its own. */
const MAX_ACCOUNTS = 2_000;
const REFRESH_AT = 0.8;
const RETRY_REFRESH_MS = 10_000;
/** A token is not used in its last seconds: a long call would outlive it. */
const LAST_SECONDS_MS = 15_000;

/** One cloud for one process: connections, logins and catalogues are shared by its sessions. */
export class Cloud implements SessionHost {
  readonly caller: Caller;
  readonly traffic: Traffic;
  private readonly transport: Wire;
  private readonly clock: Clock;
  private readonly identity: string;
  private readonly accounts = new Map<string, Account>();
  private readonly observers = new Map<string, ServerObserver>();

  constructor(private readonly options: CloudOptions) {
    this.clock = options.clock ?? systemClock;
    this.transport = options.wire ?? new Transport({ ...DEFAULT_TIMEOUTS, ...options.timeouts }, options.caPem);
    const pauses = new SteadyClock(this.clock);
    this.traffic = new Traffic(options.traffic ?? {}, pauses);
    this.caller = new Caller(this.transport, pauses, this.traffic, options.onCall);
    this.identity = identityUrl(options.authUrl);
  }

  /** Makes no call until something is asked of it. Sessions of equal credentials share one login. */
  session(credentials: Credentials): CloudSession {
    return new CloudSession(this, credentials, credentialsKey(credentials));
  }

  /**
   * Who a token speaks for; not cached here.
   * @param session of a user who may validate tokens (role admin or service)
   * @throws OpenStackError, `isNotFound` when Keystone does not know the token or it is no longer good
   */
  async validateToken(session: CloudSession, token: string): Promise<TokenInfo> {
    return session.identity.tokens.validate(token);
  }

  /** The login of these credentials; fetched by one caller, awaited by all. */
  async login(credentials: Credentials, key: string, signal?: AbortSignal): Promise<Login> {
    signal?.throwIfAborted();
    const account = this.account(key);
    const now = this.clock.now();
    const login = account.login;
    if (login && now < login.info.expiresAt.getTime() - LAST_SECONDS_MS) {
      if (now >= login.refreshAt && credentials.kind !== 'token') this.refresh(account, login, credentials);
      return login;
    }
    return abortable(this.fetchLogin(account, credentials), signal);
  }

  /** Forgets a login that the cloud has refused; another one that came meanwhile stays. */
  forget(key: string, login: Login): void {
    const account = this.accounts.get(key);
    if (account?.login === login) account.login = undefined;
  }

  /** @throws OpenStackError, not retryable, when the catalogue has no such service */
  endpoint(service: ServiceName, login: Login): string {
    if (service === 'identity') return this.identity;
    const chosen = this.options.interface ?? 'public';
    const url = endpointOf(login.info.catalogue, service, {
      interface: chosen,
      region: this.options.region,
      projectId: login.info.projectId,
    });
    if (url !== null) return url;
    const where = this.options.region ? ` in region ${this.options.region}` : '';
    throw new OpenStackError(`the catalogue has no ${chosen} endpoint for it${where}`, {
      service,
      method: 'GET',
      path: '/',
      httpStatus: null,
      code: 'cloud-service-missing',
      retryable: false,
      sideEffectUnknown: false,
    });
  }

  /** Those who wait for servers of one account share their lists. */
  observer(key: string, look: () => ServerLook): ServerObserver {
    let observer = this.observers.get(key);
    if (!observer) {
      observer = new ServerObserver(look(), this.clock, this.options.observeIntervalMs);
      if (this.observers.size >= MAX_ACCOUNTS) this.observers.delete(this.observers.keys().next().value as string);
      this.observers.set(key, observer);
    }
    return observer;
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  private account(key: string): Account {
    let account = this.accounts.get(key);
    if (account) this.accounts.delete(key);
    else account = { login: undefined, pending: undefined };
    this.accounts.set(key, account);
    if (this.accounts.size > MAX_ACCOUNTS) this.accounts.delete(this.accounts.keys().next().value as string);
    return account;
  }

  private refresh(account: Account, login: Login, credentials: Credentials): void {
    if (account.pending) return;
    login.refreshAt = this.clock.now() + RETRY_REFRESH_MS;
    // The token in hand still serves; a refresh that failed is tried again by the calls that follow.
    this.fetchLogin(account, credentials).catch((error: unknown) => {
      if (!isRetryable(error)) account.login = undefined;
    });
  }

  private fetchLogin(account: Account, credentials: Credentials): Promise<Login> {
    account.pending ??= this.authenticate(credentials)
      .catch(loginRefused)
      .then((login) => (account.login = login))
      .finally(() => {
        account.pending = undefined;
      });
    return account.pending;
  }

  private async authenticate(credentials: Credentials): Promise<Login> {
    const call = { service: 'identity', base: this.identity, template: '/auth/tokens', reply: tokenReply } as const;
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
