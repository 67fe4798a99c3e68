import type { Case } from './case.js';
import { NONE, type Scenario, type State } from './scenarios/scenario.js';

export interface Leg {
  readonly scenario: Scenario;
  /** Null: undisturbed, only to get where other cases begin. */
  readonly one: Case | null;
}

/** Hands out cases so that a cluster is used for as many as it can: each lane is given one that begins where it stands. */
export class Course {
  private readonly queues = new Map<string, Case[]>();

  constructor(
    private readonly scenarios: readonly Scenario[],
    cases: readonly Case[],
  ) {
    for (const one of cases) {
      const queue = this.queues.get(one.scenario);
      if (queue) queue.push(one);
      else this.queues.set(one.scenario, [one]);
    }
  }

  /** Null: nothing is left to do. */
  next(state: State): Leg | null {
    const here = this.scenarios.filter((scenario) => scenario.from === state && this.left(scenario) > 0);
    const [scenario] = here.toSorted((a, b) => this.left(b) - this.left(a));
    if (scenario) return { scenario, one: this.queues.get(scenario.name)?.shift() ?? null };
    const way = this.way(state, (to) => this.scenarios.some((other) => other.from === to && this.left(other) > 0));
    return way ? { scenario: way, one: null } : null;
  }

  private left(scenario: Scenario): number {
    return this.queues.get(scenario.name)?.length ?? 0;
  }

  private way(from: State, goal: (state: State) => boolean): Scenario | undefined {
    return firstStep(this.scenarios, from, goal);
  }
}

/** The first operation of the shortest way to such a state. */
export function firstStep(scenarios: readonly Scenario[], from: State, goal: (state: State) => boolean): Scenario | undefined {
  const seen = new Set([from]);
  let front: { at: State; first: Scenario | undefined }[] = [{ at: from, first: undefined }];
  while (front.length > 0) {
    const next: typeof front = [];
    for (const { at, first } of front) {
      for (const scenario of scenarios.filter((one) => one.from === at && !seen.has(one.to))) {
        if (goal(scenario.to)) return first ?? scenario;
        seen.add(scenario.to);
        next.push({ at: scenario.to, first: first ?? scenario });
      }
    }
    front = next;
  }
  return undefined;
}

/** The shortest walk from nothing over one scenario. @throws Error it cannot be reached */
export function* wayTo(scenarios: readonly Scenario[], wanted: Scenario): Generator<Scenario> {
  for (let at = NONE; ;) {
    const next = wanted.from === at ? wanted : firstStep(scenarios, at, (state) => state === wanted.from);
    if (!next) throw new Error(`no way to ${wanted.name}`);
    yield next;
    if (next === wanted) return;
    at = next.to;
  }
}

/** A walk over every scenario from nothing, by way of the ones that lead there. @throws Error one cannot be reached */
export function* grandTour(scenarios: readonly Scenario[]): Generator<Scenario> {
  const left = new Set(scenarios);
  let at = NONE;
  while (left.size > 0) {
    const next =
      scenarios.find((one) => one.from === at && left.has(one)) ??
      firstStep(scenarios, at, (state) => [...left].some((one) => one.from === state));
    if (!next) throw new Error(`no way to ${[...left].map((one) => one.name).join(', ')}`);
    left.delete(next);
    at = next.to;
    yield next;
  }
}
