import type { Lease, StackCheckpoint, StackStore } from '#libs/db';

interface Entry {
  readonly checkpoint: StackCheckpoint;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Bounds a transaction's size, not its number of waiters. */
const MOST_AT_ONCE = 500;

/**
 * Group commit: while one transaction is on its way, what comes in waits and goes together with the next. A walk over a
 * thousand servers needs some tens of transactions so.
 * After the first failure nothing is written any more: every later checkpoint fails with the same error.
 */
export class Checkpoints {
  private waiting: Entry[] = [];
  private flushing = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly store: StackStore,
    private readonly lease: Lease,
    private readonly stackUuid: string,
  ) {}

  /** Resolves when it is committed. @throws Superseded; whatever the database says */
  write(checkpoint: StackCheckpoint): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ checkpoint, done, failed });
      if (this.flushing) return;
      this.flushing = true;
      // Whoever else comes in this turn goes along.
      queueMicrotask(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const entries = this.waiting.splice(0, MOST_AT_ONCE);
      try {
        if (this.failure) throw this.failure.error;
        await this.store.write(this.lease, this.stackUuid, merge(entries));
        for (const { done } of entries) done();
      } catch (error) {
        this.failure ??= { error };
        for (const { failed } of entries) failed(error);
      }
    }
    this.flushing = false;
  }
}

function merge(entries: readonly Entry[]): StackCheckpoint {
  return {
    stack: entries.findLast(({ checkpoint }) => checkpoint.stack)?.checkpoint.stack,
    resources: entries.flatMap(({ checkpoint }) => checkpoint.resources),
    removed: entries.flatMap(({ checkpoint }) => checkpoint.removed ?? []),
    added: entries.flatMap(({ checkpoint }) => checkpoint.added ?? []),
    events: entries.flatMap(({ checkpoint }) => checkpoint.events),
  };
}
