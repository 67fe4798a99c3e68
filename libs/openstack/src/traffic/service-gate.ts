import { OpenStackError, type ServiceName } from '../errors.js';
import type { Clock } from '../retry.js';
import { Breaker, type BreakerLimits, type BreakerState } from './breaker.js';
import { Complaints } from './complaints.js';
import { FairQueue } from './fair-queue.js';
import { RateBudget, type BudgetLimits } from './rate-budget.js';

export interface GateLimits extends BudgetLimits {
  readonly breaker: BreakerLimits;
  /** A call that would have to wait longer for a service that is left alone is told so instead. */
  readonly longestHoldMs: number;
  /** A call that has waited so long for its turn is told so. Undefined: it waits as long as its signal lets it. */
  readonly longestWaitMs?: number | undefined;
}

/** Who asks for what. */
export interface GateCall {
  readonly method: string;
  readonly template: string;
  /** Calls of one lane wait for each other; lanes take turns. A cluster's own credentials are a lane. */
  readonly lane: string;
  readonly signal?: AbortSignal | undefined;
}

/** How a call ended, as far as the service is concerned. */
export type Outcome =
  /** Any answer that shows the service at work, refusals included. */
  | { readonly kind: 'served' }
  /** 429 */
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number | undefined }
  /** No answer, or 5xx. `certain`: it speaks for the whole service. */
  | { readonly kind: 'failed'; readonly certain: boolean; readonly retryAfterMs?: number | undefined }
  /** Nothing is known: the call was given up. */
  | { readonly kind: 'forgone' };

/** The right to one call; give it back with how it ended. */
export interface Pass {
  readonly waitedMs: number;
  leave(outcome: Outcome): void;
}

export interface GateState {
  readonly service: ServiceName;
  readonly breaker: BreakerState;
  readonly callsPerSecond: number;
  readonly waiting: number;
  /** Lanes that the service has asked to slow down. */
  readonly slowedLanes: number;
}

interface Waiter {
  readonly call: GateCall;
  readonly since: number;
  /** When it gives up. */
  readonly until: number;
  go(): void;
  refuse(error: Error): void;
}

/**
 * What stands before one service of the cloud, for all of this process: a rate budget that follows the service's complaints,
 * a circuit breaker, and turns between clusters. All time is the clock's.
 */
export class ServiceGate {
  private readonly budget: RateBudget;
  private readonly breaker: Breaker;
  private readonly queue = new FairQueue<Waiter>();
  private readonly complaints: Complaints;
  private wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly service: ServiceName,
    private readonly limits: GateLimits,
    /** Moves on for whoever sleeps: see SteadyClock. */
    private readonly clock: Clock,
  ) {
    this.budget = new RateBudget(limits, this.now());
    this.breaker = new Breaker(limits.breaker);
    this.complaints = new Complaints(limits);
  }

  /**
   * Waits for the right to ask.
   * @throws OpenStackError `cloud-held-back`, retryable, nothing was sent: the service is left alone for longer than a call
   * waits, or its turn does not come; the signal's reason
   */
  async enter(call: GateCall): Promise<Pass> {
    const now = this.now();
    if (this.queue.size === 0 && this.blockedMs(call.lane, now) === 0) return this.pass(call, now);
    const hold = this.holdMs(call.lane, now);
    if (hold > this.limits.longestHoldMs) throw this.heldBack(call, hold);
    return this.wait(call, now);
  }

  state(): GateState {
    const now = this.now();
    return {
      service: this.service,
      breaker: this.breaker.state(now),
      callsPerSecond: this.budget.perSecond(now),
      waiting: this.queue.size,
      slowedLanes: this.complaints.slowedLanes(now),
    };
  }

  private wait(call: GateCall, since: number): Promise<Pass> {
    return new Promise<Pass>((resolve, reject) => {
      const aborted = (): void => {
        if (this.queue.remove(call.lane, waiter)) reject(call.signal?.reason as Error);
      };
      const settle = (end: () => void): void => {
        call.signal?.removeEventListener('abort', aborted);
        end();
      };
      const waiter: Waiter = {
        call,
        since,
        until: since + (this.limits.longestWaitMs ?? Number.POSITIVE_INFINITY),
        go: () => settle(() => resolve(this.pass(call, since))),
        refuse: (error) => settle(() => reject(error)),
      };
      call.signal?.addEventListener('abort', aborted, { once: true });
      this.queue.add(call.lane, waiter);
      this.pump();
    });
  }

  /** Lets go who may, refuses who has waited too long, and wakes up again when somebody may. */
  private pump(): void {
    const now = this.now();
    this.refuseLate(now);
    while (this.queue.size > 0) {
      const waitMs = Math.max(this.breaker.waitMs(now), this.budget.waitMs(now));
      if (waitMs > 0) return this.wakeIn(waitMs, now);
      const waiter = this.queue.next((lane) => this.complaints.waitMs(lane, now) === 0);
      if (waiter) waiter.go();
      else return this.wakeIn(Math.min(...[...this.queue.waitingLanes].map((lane) => this.complaints.waitMs(lane, now))), now);
    }
  }

  private refuseLate(now: number): void {
    const hold = this.breaker.state(now) === 'open' ? this.breaker.waitMs(now) : 0;
    if (hold === 0 && this.limits.longestWaitMs === undefined && this.complaints.none) return;
    for (const waiter of [...this.queue.items()]) {
      const held = Math.max(hold, this.complaints.pausedMs(waiter.call.lane, now));
      if (held <= this.limits.longestHoldMs && now < waiter.until) continue;
      this.queue.remove(waiter.call.lane, waiter);
      waiter.refuse(this.heldBack(waiter.call, held));
    }
  }

  private pass(call: GateCall, since: number): Pass {
    const now = this.now();
    this.budget.take(now);
    this.complaints.take(call.lane, now);
    const tried = this.breaker.admit();
    let left = false;
    return {
      waitedMs: now - since,
      leave: (outcome) => {
        if (left) return;
        left = true;
        this.settle(call, outcome, tried);
        this.pump();
      },
    };
  }

  private settle(call: GateCall, outcome: Outcome, tried: boolean): void {
    const now = this.now();
    const { kind } = outcome;
    if (kind === 'forgone') return this.breaker.forgo(tried);
    if (kind === 'failed')
      return this.breaker.fail(now, tried, `${call.method} ${call.template}`, outcome.certain, outcome.retryAfterMs);
    // Whatever it answers: it is there.
    if (this.breaker.succeed(tried)) this.budget.restart(now);
    if (kind === 'throttled' && this.complaints.add(call.lane, now, this.budget.sending(now), outcome.retryAfterMs))
      this.budget.shrink(now);
  }

  /** How long nothing may go in this lane. */
  private blockedMs(lane: string, now: number): number {
    return Math.max(this.breaker.waitMs(now), this.complaints.waitMs(lane, now), this.budget.waitMs(now));
  }

  /** As far as it is known: a call that tries the service may bring the end of it at any time. */
  private holdMs(lane: string, now: number): number {
    return Math.max(this.breaker.state(now) === 'open' ? this.breaker.waitMs(now) : 0, this.complaints.pausedMs(lane, now));
  }

  private wakeIn(waitMs: number, now: number): void {
    let ms = waitMs;
    if (this.limits.longestWaitMs !== undefined)
      for (const { until } of this.queue.items()) ms = Math.min(ms, Math.max(0, until - now));
    const at = now + ms;
    // Whoever tries the service wakes the others.
    if (!Number.isFinite(at) || at >= this.wakeAt) return;
    this.wakeAt = at;
    void this.clock.sleep(ms).then(() => {
      if (this.wakeAt !== at) return;
      this.wakeAt = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  private now(): number {
    return this.clock.now();
  }

  private heldBack(call: GateCall, holdMs: number): OpenStackError {
    const left = this.breaker.until !== undefined;
    const until = new Date(this.now() + holdMs).toISOString();
    const why = left ? `has failed again and again and is left alone until ${until}` : 'has asked for fewer calls';
    return new OpenStackError(`the service ${why}`, {
      service: this.service,
      method: call.method,
      path: call.template,
      httpStatus: null,
      code: left ? 'cloud-held-back' : 'cloud-rate-limited',
      retryable: true,
      sideEffectUnknown: false,
      ...(holdMs > 0 ? { retryAfterMs: holdMs } : {}),
    });
  }
}
