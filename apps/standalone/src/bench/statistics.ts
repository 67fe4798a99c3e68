/** Latencies of one kind of request, in milliseconds. */
export class Samples {
  private readonly values: number[] = [];
  failures = 0;

  add(milliseconds: number): void {
    this.values.push(milliseconds);
  }

  get count(): number {
    return this.values.length;
  }

  /** Nearest rank. @param share between 0 and 1 */
  quantile(share: number): number {
    const sorted = this.values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  }

  summary(): string {
    const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => this.quantile(share).toFixed(1));
    return `p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms (${this.count} requests, ${this.failures} refused)`;
  }
}

/**
 * Asks at a steady rate, whether the answers come or not (open loop), so that a stall shows in every request behind it.
 * Bounded in count and time.
 */
export async function atRate(perSecond: number, seconds: number, request: (n: number) => Promise<boolean>): Promise<Samples> {
  const samples = new Samples();
  const total = perSecond * seconds;
  const begun = performance.now();
  const running: Promise<void>[] = [];
  for (let n = 0; n < total; n++) {
    const due = begun + (n * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    running.push(
      request(n).then(
        (good) => {
          samples.add(performance.now() - due);
          if (!good) samples.failures++;
        },
        () => void samples.failures++,
      ),
    );
  }
  await Promise.all(running);
  return samples;
}

/** One after the other. */
export async function inTurn(count: number, request: (n: number) => Promise<boolean>): Promise<Samples> {
  const samples = new Samples();
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    if (!(await request(n))) samples.failures++;
    samples.add(performance.now() - begun);
  }
  return samples;
}
