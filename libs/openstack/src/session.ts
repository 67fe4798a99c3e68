import type { z } from 'zod';
import type { TokenInfo } from './auth.js';
import type { Reply } from './caller.js';
import type { ServerObserver } from './compute/server-observer.js';
import { escapeRegExp } from './compute/server.js';
import type { ServersApi } from './compute/servers.js';
import { ComputeService } from './compute/service.js';
import type { Credentials } from './credentials.js';
import { isUnauthorized, OpenStackError } from './errors.js';
import { IdentityService } from './identity/service.js';
import { ImageService } from './image/service.js';
import { LoadBalancerService } from './load-balancer/service.js';
import { NetworkService } from './network/service.js';
import { OrchestrationService } from './orchestration/service.js';
import type { ServiceCall } from './service-api.js';
import type { Login } from './logins.js';
import type { SessionHost } from './session-host.js';
import { VolumeService } from './volume/service.js';

/** Nova's own default for the largest page. */
const PAGE = 1000;
/** A token with this share of its life left is as good as a new one. */
const FRESH = 0.9;

/**
 * The cloud in the name of somebody. Lazy: the first call logs in. A refused token is renewed once, then the refusal
 * is told.
 */
export class CloudSession implements ServersApi {
  readonly compute: ComputeService;
  readonly network: NetworkService;
  readonly image: ImageService;
  readonly loadBalancer: LoadBalancerService;
  readonly volume: VolumeService;
  readonly orchestration: OrchestrationService;
  readonly identity: IdentityService;
  private readonly bySignal = new WeakMap<AbortSignal, CloudSession>();

  constructor(
    private readonly host: SessionHost,
    private readonly credentials: Credentials,
    /** Equal for equal credentials; tells nothing of the secret. */
    readonly key: string,
    private readonly signal?: AbortSignal,
  ) {
    this.compute = new ComputeService(this);
    this.network = new NetworkService(this);
    this.image = new ImageService(this);
    this.loadBalancer = new LoadBalancerService(this);
    this.volume = new VolumeService(this);
    this.orchestration = new OrchestrationService(this);
    this.identity = new IdentityService(this);
  }

  /** The same session, whose reads and pauses end with the signal. A change that was sent is let finish. */
  withSignal(signal: AbortSignal | undefined): CloudSession {
    if (signal === this.signal) return this;
    if (!signal) return new CloudSession(this.host, this.credentials, this.key);
    let session = this.bySignal.get(signal);
    if (!session) {
      session = new CloudSession(this.host, this.credentials, this.key, signal);
      this.bySignal.set(signal, session);
    }
    return session;
  }

  /** Who this session speaks for, with roles and scope: what the login said. */
  async whoAmI(): Promise<TokenInfo> {
    return (await this.login()).info;
  }

  /** As `whoAmI`, by a new login: a kept token tells nothing of a trust that has gone. @throws OpenStackError they are no longer good */
  async logInAgain(): Promise<TokenInfo> {
    this.host.logins.forget(this.key);
    return this.whoAmI();
  }

  /** @throws OpenStackError, not retryable, when the session is not scoped to a project */
  async projectId(): Promise<string> {
    const { projectId } = await this.whoAmI();
    if (projectId !== null) return projectId;
    throw new OpenStackError('the token is not scoped to a project', {
      service: 'identity',
      method: 'POST',
      path: '/auth/tokens',
      httpStatus: null,
      code: 'cloud-refused-credentials',
      retryable: false,
      sideEffectUnknown: false,
    });
  }

  /** The token in use, for who must pass it on. Never log it. */
  async token(): Promise<string> {
    return (await this.login()).token;
  }

  /**
   * The next calls have a token with this much of its life left, if the cloud gives such: for services that go on working
   * with the caller's token after they have answered.
   */
  async withLife(ms: number): Promise<void> {
    if (this.credentials.kind === 'token') return;
    const login = await this.login();
    const { issuedAt, expiresAt } = login.info;
    const left = expiresAt.getTime() - this.host.caller.clock.now();
    if (left < Math.min(ms, FRESH * (expiresAt.getTime() - issuedAt.getTime()))) this.host.logins.forget(this.key, login);
  }

  /** One call to a service. @throws OpenStackError; the signal's reason */
  async call<S extends z.ZodType>(call: ServiceCall<S>): Promise<Reply<z.infer<S>>> {
    const login = await this.login();
    try {
      return await this.send(call, login);
    } catch (error) {
      if (!isUnauthorized(error) || this.credentials.kind === 'token') throw error;
      if (!this.host.logins.refused(this.key, login, call.service)) throw error;
      return this.send(call, await this.login());
    }
  }

  /** Outlives the session that first asks for it: it looks without that one's signal. */
  observer(): ServerObserver {
    return this.host.observer(this.key, () => {
      const plain = this.withSignal(undefined);
      return {
        list: (prefix) => plain.compute.servers.list({ name: `^${escapeRegExp(prefix)}`, limit: PAGE }),
        get: (id, signal) => plain.withSignal(signal).compute.servers.get(id),
      };
    });
  }

  private login(): Promise<Login> {
    return this.host.logins.get(this.credentials, this.key, this.signal);
  }

  private async send<S extends z.ZodType>(call: ServiceCall<S>, login: Login): Promise<Reply<z.infer<S>>> {
    try {
      const reply = await this.host.caller.call({
        ...call,
        base: this.host.endpoint(call.service, login),
        headers: { ...call.headers, 'x-auth-token': login.token },
        signal: this.signal,
        lane: this.key,
      });
      this.host.logins.taken(this.key, login, call.service);
      return reply;
    } catch (error) {
      if (isRefusal(error)) this.host.logins.taken(this.key, login, call.service);
      throw error;
    }
  }
}

/** An answer by a service that knows who asks. */
const isRefusal = (error: unknown): boolean =>
  error instanceof OpenStackError && [400, 403, 404, 409].includes(error.httpStatus ?? 0);
