export interface BreakerLimits {
  /** Failures in a row after which the service is left alone. 0: never. */
  readonly failures: number;
  /** The longest time for which it is left alone before one call tries it. */
  readonly longestMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

const FIRST_OPEN_MS = 1_000;

/**
 * A circuit breaker: after some failures in a row the service is left alone for a while; then one call at a time tries it,
 * and its first answer lets all the others go on. Each failed try doubles the time. Knows no time but what it is told.
 */
export class Breaker {
  private streak = 0;
  private lastFailing = '';
  private openUntil: number | undefined;
  private openMs = FIRST_OPEN_MS;
  private probing = false;

  constructor(private readonly limits: BreakerLimits) {}

  state(now: number): BreakerState {
    if (this.openUntil === undefined) return 'closed';
    return now < this.openUntil ? 'open' : 'half-open';
  }

  /** How long nothing may be asked: 0 when a call may go, infinite while another one tries. */
  waitMs(now: number): number {
    if (this.openUntil === undefined) return 0;
    if (this.probing) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.openUntil - now);
  }

  /** When the next call may try it; undefined: it is not left alone. */
  get until(): number | undefined {
    return this.openUntil;
  }

  /** A call goes. @returns whether it is the one that tries */
  admit(): boolean {
    if (this.openUntil === undefined) return false;
    this.probing = true;
    return true;
  }

  /** The call was given up before there was an answer. */
  forgo(tried: boolean): void {
    if (tried) this.probing = false;
  }

  /** @returns whether this was the answer that ends an outage */
  succeed(tried: boolean): boolean {
    this.streak = 0;
    this.lastFailing = '';
    // An answer to a call that was under way before is as good a sign.
    const ended = this.openUntil !== undefined;
    this.openUntil = undefined;
    this.openMs = FIRST_OPEN_MS;
    if (tried || ended) this.probing = false;
    return ended;
  }

  /**
   * @param what the call: one that always fails by itself, as with a 500 for one object, is not an outage
   * @param certain no answer, or one that speaks for the whole service: counts each time
   * @param askedMs what the service asked us to wait
   */
  fail(now: number, tried: boolean, what: string, certain: boolean, askedMs = 0): void {
    if (tried) {
      this.probing = false;
      this.openMs = Math.min(this.limits.longestMs, this.openMs * 2);
      this.open(now, askedMs);
      return;
    }
    if (this.openUntil !== undefined) return;
    if (certain || what !== this.lastFailing) this.streak++;
    this.lastFailing = what;
    if (this.limits.failures > 0 && this.streak >= this.limits.failures) this.open(now, askedMs);
  }

  private open(now: number, askedMs: number): void {
    this.streak = 0;
    this.openUntil = now + Math.min(this.limits.longestMs, Math.max(this.openMs, askedMs));
  }
}
