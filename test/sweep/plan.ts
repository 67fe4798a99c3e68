import type { Case } from './case.js';
import { faultsAt, pointText, type Point, type Strike } from './faults.js';
import type { Traces } from './runner.js';
import type { Scenario, State } from './scenarios/scenario.js';

/** What one operation may make in all its runs of the default suite: its time. */
const CALLS_OF_ONE = 3_000;

/** mulberry32: the same numbers for the same seed, everywhere. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every fault that can meet a call, at every call of every operation: each once. Twins take turns. */
export function everyFault(traces: Traces, scenarios: readonly Scenario[] = []): Case[] {
  const twins = new Map(scenarios.flatMap(({ name, twin }) => (twin === undefined ? [] : [[twin, name] as const])));
  const back = new Set(twins.values());
  return Object.entries(traces)
    .filter(([scenario]) => !back.has(scenario))
    .flatMap(([scenario, points]) => {
      const twin = twins.get(scenario);
      const others = new Set((twin === undefined ? [] : traces[twin])?.map(pointText));
      let turn = 0;
      return points.flatMap((point) =>
        faultsAt(point).map((fault) => {
          const byTwin = twin !== undefined && others.has(pointText(point)) && turn++ % 2 === 1;
          return { scenario: byTwin ? twin : scenario, strikes: [{ point, fault }] };
        }),
      );
    });
}

/** Of each operation as many cases as its calls leave room for, the first ones: so that long ones get no more time than others. */
export function shared(cases: readonly Case[], traces: Traces): Case[] {
  const counts = new Map<string, number>();
  return cases.filter(({ scenario }) => {
    const count = (counts.get(scenario) ?? 0) + 1;
    counts.set(scenario, count);
    return count <= shareOf(traces[scenario] ?? []);
  });
}

const shareOf = (points: readonly Point[]): number => Math.ceil(CALLS_OF_ONE / Math.max(1, points.length));

/**
 * Two faults in one operation, drawn at random; of long operations fewer than of others. What leads out of a state is drawn as
 * often as what leads there, the cases of `singles` counted, so that few operations are run only to get where a case begins.
 */
export function pairs(
  traces: Traces,
  scenarios: readonly Scenario[],
  singles: readonly Case[],
  count: number,
  random: () => number,
): Case[] {
  const drawn = scenarios.flatMap((scenario) => {
    const points = traces[scenario.name] ?? [];
    const strikes = points.flatMap((point): Strike[] => faultsAt(point).map((fault) => ({ point, fault })));
    return strikes.length > 1 ? [{ scenario, strikes, weight: Math.min(strikes.length, shareOf(points)) }] : [];
  });
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const surplus = new Map<State, number>();
  const pass = ({ from, to }: Scenario): void => {
    surplus.set(from, (surplus.get(from) ?? 0) - 1);
    surplus.set(to, (surplus.get(to) ?? 0) + 1);
  };
  const byName = new Map(scenarios.map((scenario) => [scenario.name, scenario]));
  for (const one of singles) pass(byName.get(one.scenario) as Scenario);
  return Array.from({ length: count }, () => {
    const [fullest] = [...surplus].toSorted(([, a], [, b]) => b - a);
    const here = drawn.filter(({ scenario }) => !fullest || fullest[1] <= 0 || scenario.from === fullest[0]);
    let place = random() * here.reduce((sum, { weight }) => sum + weight, 0);
    const one = here.find(({ weight }) => (place -= weight) < 0) ?? pick(here);
    pass(one.scenario);
    const first = pick(one.strikes);
    const second = pick(one.strikes.filter((strike) => strike.point !== first.point));
    return { scenario: one.scenario.name, strikes: [first, second] };
  });
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((one) => ({ one, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
