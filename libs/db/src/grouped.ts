interface Entry<Item, Result> {
  readonly item: Item;
  readonly done: (result: Result | Promise<Result>) => void;
  readonly failed: (error: unknown) => void;
}

/** Bounds one statement, not the number of those who wait. */
const MOST_AT_ONCE = 500;

/**
 * Many who ask at the same time share one statement: while one is on its way, what comes in waits and goes together with
 * the next. Whoever is alone waits for nobody. What is read was read after it was asked for.
 */
export class Grouped<Item, Result> {
  private waiting: Entry<Item, Result>[] = [];
  private running = false;

  /**
   * @param work answers all items, in their order; an answer may be a promise of its own, that fails alone
   * @param keyOf items of the same key never go together: each sees what the one before it has done
   */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
    private readonly keyOf?: (item: Item) => string,
  ) {}

  /** @throws what `work` throws; then it fails for all that went together */
  run(item: Item): Promise<Result> {
    return new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      if (this.running) return;
      this.running = true;
      // Whoever else comes in this turn goes along.
      queueMicrotask(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const entries = this.take();
      try {
        const results = await this.work(entries.map(({ item }) => item));
        entries.forEach(({ done }, index) => done(results[index] as Result | Promise<Result>));
      } catch (error) {
        for (const { failed } of entries) failed(error);
      }
    }
    this.running = false;
  }

  private take(): Entry<Item, Result>[] {
    const { keyOf } = this;
    if (!keyOf) return this.waiting.splice(0, MOST_AT_ONCE);
    const taken = new Map<string, Entry<Item, Result>>();
    const left: Entry<Item, Result>[] = [];
    for (const entry of this.waiting) {
      const key = keyOf(entry.item);
      if (taken.size < MOST_AT_ONCE && !taken.has(key)) taken.set(key, entry);
      else left.push(entry);
    }
    this.waiting = left;
    return [...taken.values()];
  }
}
