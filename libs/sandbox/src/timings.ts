/** One thing the cloud itself took time for. */
export interface Timing {
  readonly kind: 'server' | 'load-balancer' | 'volume';
  readonly what: string;
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  finishedAt: number | null;
}

const kept = 20_000;

/** How long the cloud itself took, for benches that subtract it. Kept in memory, the latest 20,000. */
export class Timings {
  private readonly open = new Map<string, Timing>();
  private readonly log: Timing[] = [];

  start(kind: Timing['kind'], what: string, id: string, name: string): void {
    const timing = { kind, what, id, name, startedAt: Date.now(), finishedAt: null };
    this.open.set(id, timing);
    this.log.push(timing);
    if (this.log.length > kept) this.log.splice(0, kept / 4);
  }

  finish(id: string): void {
    const timing = this.open.get(id);
    if (timing === undefined) return;
    timing.finishedAt = Date.now();
    this.open.delete(id);
  }

  list(): readonly Timing[] {
    return this.log;
  }

  clear(): void {
    this.log.length = 0;
  }
}
