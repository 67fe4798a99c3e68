export interface BudgetLimits {
  /** Calls per second while the service does not complain. 0: no limit. */
  readonly callsPerSecond: number;
}

/** Two seconds' worth may be spent at once: creating a cluster begins with a burst. */
const BURST_SECONDS = 2;
/** What is left when the service keeps complaining. */
const LEAST_PER_SECOND = 2;
/** Calls under way when the first one is refused are refused too: one complaint. */
const COMPLAINT_MS = 1_000;
/** So long after a complaint the rate begins to grow again. */
const QUIET_MS = 5_000;
/** By this part each second, and one call. */
const GROWTH = 0.25;
/** After an outage: the part of the full rate that those who waited may use at first. */
const RESTART = 0.1;

/**
 * A token bucket whose rate follows the service: half of what was being sent when it says 429, growing back by a quarter a
 * second once it is quiet. Knows no time but what it is told.
 */
export class RateBudget {
  private rate: number;
  private tokens: number;
  private complainedAt = Number.NEGATIVE_INFINITY;
  private growsFrom = Number.NEGATIVE_INFINITY;
  private readonly sent: Sent;

  constructor(
    private readonly limits: BudgetLimits,
    private at: number,
  ) {
    this.rate = limits.callsPerSecond;
    this.tokens = this.burst;
    this.sent = new Sent(at);
  }

  /** Calls per second now; infinite without a limit. */
  perSecond(now: number): number {
    this.advance(now);
    return this.isFull && this.limits.callsPerSecond === 0 ? Number.POSITIVE_INFINITY : this.rate;
  }

  /** Whether it is as large as it may be. */
  get isFull(): boolean {
    return this.rate >= this.ceiling || (this.limits.callsPerSecond === 0 && this.rate === 0);
  }

  /** The call goes; `waitMs` was 0. */
  take(now: number): void {
    this.advance(now);
    this.sent.count(now);
    if (this.rate > 0) this.tokens--;
  }

  /** How long until the next call may go. */
  waitMs(now: number): number {
    this.advance(now);
    if (this.rate === 0 || this.tokens >= 1) return 0;
    return Math.ceil(((1 - this.tokens) * 1000) / this.rate);
  }

  /** How many calls went per second, of late. */
  sending(now: number): number {
    return this.sent.perSecond(now);
  }

  /** The service asked to slow down. @param sending calls per second of late, where this bucket has not seen them */
  shrink(now: number, sending = this.sending(now)): void {
    this.advance(now);
    this.growsFrom = now + QUIET_MS;
    if (now - this.complainedAt < COMPLAINT_MS) return;
    this.complainedAt = now;
    this.slowTo((this.rate === 0 ? sending : Math.min(this.rate, Math.max(sending, LEAST_PER_SECOND))) / 2);
  }

  /** The service is back: not all who waited may come at once. */
  restart(now: number): void {
    this.advance(now);
    this.growsFrom = now;
    this.slowTo(this.ceiling * RESTART);
  }

  /** Where no limit is set, what it grows back to before the limit is lifted. */
  private get ceiling(): number {
    return this.limits.callsPerSecond || 1_000;
  }

  private get burst(): number {
    return Math.max(1, this.limits.callsPerSecond * BURST_SECONDS);
  }

  private slowTo(rate: number): void {
    this.rate = Math.min(this.ceiling, Math.max(LEAST_PER_SECOND, rate));
    this.tokens = Math.min(this.tokens, 1);
  }

  private advance(now: number): void {
    const from = this.at;
    if (now <= from) return;
    this.at = now;
    if (this.rate === 0) return;
    // While it recovers the burst is what one second brings.
    const burst = this.isFull ? this.burst : Math.max(1, this.rate);
    this.tokens = Math.max(this.tokens, Math.min(burst, this.tokens + ((now - from) / 1000) * this.rate));
    const growing = (now - Math.max(from, this.growsFrom)) / 1000;
    if (growing <= 0 || this.isFull) return;
    this.rate = Math.min(this.ceiling, this.rate * (1 + GROWTH) ** growing + growing);
    if (this.rate >= this.ceiling && this.limits.callsPerSecond === 0) this.rate = 0;
  }
}

/** How many calls went per second, of late: this second and the one before. */
class Sent {
  private now = 0;
  private before = 0;
  constructor(private since: number) {}

  count(at: number): void {
    this.turn(at);
    this.now++;
  }

  perSecond(at: number): number {
    this.turn(at);
    const part = Math.min(1, (at - this.since) / 1000);
    return this.now + this.before * (1 - part);
  }

  private turn(at: number): void {
    const seconds = Math.floor((at - this.since) / 1000);
    if (seconds <= 0) return;
    this.before = seconds === 1 ? this.now : 0;
    this.now = 0;
    this.since += seconds * 1000;
  }
}
