import type { Case } from './case.js';
import { faultsAt, pointText, type Strike } from './faults.js';
import type { Traces } from './runner.js';
import type { Scenario } from './scenarios/scenario.js';

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

/** Two faults in one operation, drawn at random. */
export function pairs(traces: Traces, count: number, random: () => number): Case[] {
  const drawn = Object.entries(traces).map(([scenario, points]) => ({
    scenario,
    strikes: points.flatMap((point): Strike[] => faultsAt(point).map((fault) => ({ point, fault }))),
  }));
  const total = drawn.reduce((sum, { strikes }) => sum + strikes.length, 0);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: count }, () => {
    // Scenarios by their length, so that each call is met as often as any other.
    let place = random() * total;
    const one = drawn.find(({ strikes }) => (place -= strikes.length) < 0) ?? pick(drawn);
    const first = pick(one.strikes);
    const second = pick(one.strikes.filter((strike) => strike.point !== first.point));
    return { scenario: one.scenario, strikes: [first, second] };
  });
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((one) => ({ one, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
