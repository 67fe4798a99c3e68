interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until nothing else moves, then jumps to the next moment somebody waits for. Hours of a
 * scenario take milliseconds, and always the same way.
 */
export class DrivenClock {
  private sleepers: Sleeper[] = [];

  constructor(private time = Date.UTC(2030, 0, 1)) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper: Sleeper = {
        at: this.time + ms,
        wake: () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = (): void => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.sleepers.push(sleeper);
    });
  }

  /** Jumps ahead without waking anybody on the way: a process that was stopped and goes on. */
  skip(ms: number): void {
    this.time += ms;
  }

  /**
   * Lets time pass until `work` is settled. @throws Error nothing moves and nobody sleeps: it would wait for ever
   */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const watched = work.finally(() => (settled = true));
    watched.catch(() => undefined);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return watched;
      if (this.sleepers.length === 0) throw new Error('nothing moves, and nobody waits for a time');
      this.wakeNext();
    }
  }

  private wakeNext(): void {
    const next = this.sleepers.reduce((least, { at }) => Math.min(least, at), Infinity);
    this.time = Math.max(this.time, next);
    const due = this.sleepers.filter(({ at }) => at <= next);
    this.sleepers = this.sleepers.filter(({ at }) => at > next);
    for (const { wake } of due) wake();
  }
}
