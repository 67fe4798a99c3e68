import type { Clock } from '../retry.js';

/** A clock that has slept has come so far, whatever it shows: time never stands still for those who wait, nor goes back. */
export class SteadyClock implements Clock {
  private furthest = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  now(): number {
    this.furthest = Math.max(this.furthest, this.clock.now());
    return this.furthest;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const end = this.now() + ms;
    await this.clock.sleep(ms, signal);
    this.furthest = Math.max(this.furthest, end);
  }

  random(): number {
    return this.clock.random();
  }
}
