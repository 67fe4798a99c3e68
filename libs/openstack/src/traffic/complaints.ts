import { RateBudget, type BudgetLimits } from './rate-budget.js';

/** A pause that a service asks for is not believed beyond this. */
const LONGEST_PAUSE_MS = 60_000;
/** Complaints to two lanes within this time are the service's, not those of one project. */
const TOGETHER_MS = 10_000;
const MAX_LANES = 5_000;

interface Slowed {
  readonly budget: RateBudget;
  pausedUntil: number;
}

/**
 * Who was told 429. Clouds limit projects and users, so a complaint slows the lane that got it; only complaints to several
 * lanes mean the service itself.
 */
export class Complaints {
  private readonly lanes = new Map<string, Slowed>();
  private last: { readonly lane: string; readonly at: number } | undefined;

  constructor(private readonly limits: BudgetLimits) {}

  /**
   * @param sending calls per second to the service of late, of all lanes
   * @returns whether the service as a whole is to be asked less
   */
  add(lane: string, now: number, sending: number, retryAfterMs = 0): boolean {
    const known = this.lanes.get(lane);
    const slowed = known ?? { budget: new RateBudget(this.limits, now), pausedUntil: 0 };
    this.lanes.delete(lane);
    this.lanes.set(lane, slowed);
    if (this.lanes.size > MAX_LANES) this.lanes.delete(this.lanes.keys().next().value as string);
    if (known) slowed.budget.shrink(now);
    else slowed.budget.shrink(now, sending);
    slowed.pausedUntil = Math.max(slowed.pausedUntil, now + Math.min(LONGEST_PAUSE_MS, retryAfterMs));
    const together = this.last !== undefined && this.last.lane !== lane && now - this.last.at < TOGETHER_MS;
    this.last = { lane, at: now };
    return together;
  }

  get none(): boolean {
    return this.lanes.size === 0;
  }

  /** A call of the lane goes. */
  take(lane: string, now: number): void {
    this.lanes.get(lane)?.budget.take(now);
  }

  /** How long the service has asked the lane to pause. */
  pausedMs(lane: string, now: number): number {
    return Math.max(0, (this.lanes.get(lane)?.pausedUntil ?? 0) - now);
  }

  /** How long until the lane's next call may go. */
  waitMs(lane: string, now: number): number {
    const slowed = this.lanes.get(lane);
    if (!slowed) return 0;
    const waitMs = Math.max(slowed.pausedUntil - now, slowed.budget.waitMs(now));
    if (waitMs <= 0 && slowed.budget.isFull) this.lanes.delete(lane);
    return Math.max(0, waitMs);
  }

  slowedLanes(now: number): number {
    for (const lane of [...this.lanes.keys()]) this.waitMs(lane, now);
    return this.lanes.size;
  }
}
