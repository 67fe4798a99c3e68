import type { TokenInfo } from './auth.js';
import { Caller, type CallRecord } from './caller.js';
import { endpointOf, identityUrl, type Interface } from './catalogue.js';
import { credentialsKey, type Credentials } from './credentials.js';
import { OpenStackError, type ServiceName } from './errors.js';
import { ServerObserver, type ServerLook } from './compute/server-observer.js';
import { Logins, type Login } from './logins.js';
import { systemClock, type Clock } from './retry.js';
import { CloudSession } from './session.js';
import type { SessionHost } from './session-host.js';
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

/** Those who watch servers are kept for so many accounts. */
const MAX_OBSERVERS = 2_000;

/** One cloud for one process: connections, logins and catalogues are shared by its sessions. */
export class Cloud implements SessionHost {
  readonly caller: Caller;
  readonly traffic: Traffic;
  readonly logins: Logins;
  private readonly transport: Wire;
  private readonly clock: Clock;
  private readonly identity: string;
  private readonly observers = new Map<string, ServerObserver>();

  constructor(private readonly options: CloudOptions) {
    this.clock = options.clock ?? systemClock;
    this.transport = options.wire ?? new Transport({ ...DEFAULT_TIMEOUTS, ...options.timeouts }, options.caPem);
    const pauses = new SteadyClock(this.clock);
    this.traffic = new Traffic(options.traffic ?? {}, pauses);
    this.caller = new Caller(this.transport, pauses, this.traffic, options.onCall);
    this.identity = identityUrl(options.authUrl);
    this.logins = new Logins(this.caller, this.identity, this.clock);
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
      if (this.observers.size >= MAX_OBSERVERS) this.observers.delete(this.observers.keys().next().value as string);
      this.observers.set(key, observer);
    }
    return observer;
  }

  async close(): Promise<void> {
    await this.transport.close();
  }
}
