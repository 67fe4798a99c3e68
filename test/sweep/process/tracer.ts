import type { FaultRule } from '#libs/sandbox';
import type { FaultName, Layer, Point, Strike } from '../faults.js';

/** A fault that strikes every call like this one, until it is taken away: what makes an operation fail. */
export interface Background {
  readonly pattern: RegExp;
  readonly rule: FaultRule;
}

/** Numbers the calls of one lane's conductors and says which of them a fault strikes. Outlives a conductor's death. */
export class Tracer {
  #points: Point[] = [];
  #counts = new Map<string, number>();
  #plan: Strike[] = [];
  #struck = 0;
  background: Background | null = null;
  /** Faults by chance, where the plan has none. */
  chance: ((point: Point) => FaultName | undefined) | null = null;

  begin(plan: readonly Strike[]): void {
    this.#points = [];
    this.#counts = new Map();
    this.#plan = [...plan];
    this.#struck = 0;
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  /** How many faults of the plan have met their call. */
  get struck(): number {
    return this.#struck;
  }

  /** The next call like this. */
  pass(layer: Layer, key: string): FaultName | undefined {
    const name = `${layer} ${key}`;
    const n = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, n);
    const here = { layer, key, n };
    this.#points.push(here);
    const index = this.#plan.findIndex(({ point }) => point.layer === layer && point.key === key && point.n === n);
    if (index < 0) {
      const fault = this.chance?.(here);
      if (fault) this.#struck++;
      return fault;
    }
    this.#struck++;
    return this.#plan.splice(index, 1)[0]?.fault;
  }
}
