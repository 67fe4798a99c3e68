/** Work that runs beside other work, so much at once; the rest waits in line. */
export class InFlight {
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;

  constructor(private readonly atOnce: number) {}

  /** There is work that has not begun. */
  get full(): boolean {
    return this.#waiting.length > 0;
  }

  /** @param work tells its own failures: one that throws all the same is dropped */
  add(work: () => Promise<void>): void {
    this.#waiting.push(work);
    this.#next();
  }

  /** Until nothing runs and nothing waits. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    while (this.#running < this.atOnce) {
      const work = this.#waiting.shift();
      if (!work) break;
      this.#running++;
      void work()
        .catch(() => undefined)
        .finally(() => {
          this.#running--;
          this.#next();
          if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
        });
    }
  }
}
