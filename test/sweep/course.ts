import type { Case } from './case.js';
import { NONE, type Scenario, type State } from './scenarios/scenario.js';

export interface Errand {
  /** Undisturbed, to get where the case begins. */
  readonly way: readonly Scenario[];
  readonly scenario: Scenario;
  readonly one: Case;
}

/** Hands out each case once: to a lane that stands where it begins, else to the one with the cheapest way there. */
export class Course {
  private readonly queues: ReadonlyMap<Scenario, Case[]>;

  /** @param costs what a run of a scenario costs, in any unit */
  constructor(
    private readonly scenarios: readonly Scenario[],
    cases: readonly Case[],
    private readonly costs: Readonly<Record<string, number>>,
  ) {
    this.queues = new Map(scenarios.map((scenario) => [scenario, cases.filter((one) => one.scenario === scenario.name)]));
  }

  /** Null: nothing is left to do. */
  next(state: State): Errand | null {
    let best: { scenario: Scenario; way: readonly Scenario[]; far: number; urgent: number } | undefined;
    for (const [scenario, { length }] of this.queues) {
      const way = length > 0 ? wayFrom(this.scenarios, state, (at) => at === scenario.from) : undefined;
      if (!way) continue;
      const far = way.reduce((sum, leg) => sum + this.cost(leg), 0);
      // Long ones first: begun last, they would keep all others waiting.
      const urgent = length * this.cost(scenario) ** 2;
      if (!best || far < best.far || (far === best.far && urgent > best.urgent)) best = { scenario, way, far, urgent };
    }
    const one = best && this.queues.get(best.scenario)?.shift();
    return best && one ? { way: best.way, scenario: best.scenario, one } : null;
  }

  private cost(scenario: Scenario): number {
    return this.costs[scenario.name] ?? 1;
  }
}

/** The shortest way to such a state; empty where it is one. Undefined: there is none. */
export function wayFrom(
  scenarios: readonly Scenario[],
  from: State,
  goal: (state: State) => boolean,
): readonly Scenario[] | undefined {
  const seen = new Set([from]);
  let front: { at: State; way: readonly Scenario[] }[] = [{ at: from, way: [] }];
  while (front.length > 0) {
    const found = front.find(({ at }) => goal(at));
    if (found) return found.way;
    front = front.flatMap(({ at, way }) =>
      scenarios
        .filter((one) => one.from === at && !seen.has(one.to))
        .map((one) => {
          seen.add(one.to);
          return { at: one.to, way: [...way, one] };
        }),
    );
  }
  return undefined;
}

/** The shortest walk from nothing over one scenario. @throws Error it cannot be reached */
export function wayTo(scenarios: readonly Scenario[], wanted: Scenario): readonly Scenario[] {
  const way = wayFrom(scenarios, NONE, (state) => state === wanted.from);
  if (!way) throw new Error(`no way to ${wanted.name}`);
  return [...way, wanted];
}

/** A walk over every scenario from nothing, by way of the ones that lead there. @throws Error one cannot be reached */
export function grandTour(scenarios: readonly Scenario[]): readonly Scenario[] {
  const tour: Scenario[] = [];
  const left = new Set(scenarios);
  let at = NONE;
  while (left.size > 0) {
    const way = wayFrom(scenarios, at, (state) => [...left].some((one) => one.from === state));
    if (!way) throw new Error(`no way to ${[...left].map((one) => one.name).join(', ')}`);
    const end = way.at(-1)?.to ?? at;
    const next = scenarios.find((one) => one.from === end && left.has(one));
    for (const leg of next ? [...way, next] : way) {
      left.delete(leg);
      tour.push(leg);
      at = leg.to;
    }
  }
  return tour;
}
