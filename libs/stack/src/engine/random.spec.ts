import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Transient } from '#libs/domain';
import { StackFailed } from '../errors.js';
import type { StackEngine } from './stack-engine.js';
import { CLUSTER_NAMES, Scenario } from './test/scenario.js';
import { cloudError, type Fault, type Verb } from './test/things.js';
import { assertIs, to, WORLDS } from './test/worlds.js';

const SEEDS = 60;

/** Repeatable: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `refuse`: also such as end the matter. */
function randomFault(next: () => number, verb: Verb, refuse = false): Fault | undefined {
  if (next() > 0.15) return undefined;
  const when = next() < 0.5 ? 'before' : 'after';
  // After a 429 or a "busy" nothing was done, by the word of the cloud.
  const refusal = (): Fault => ({
    when: 'before',
    error: next() < 0.5 ? cloudError(429, 'slow down') : new Transient('busy', 300),
  });
  const faults: (() => Fault)[] = [
    () => ({ when, error: cloudError(null, 'socket hang up') }),
    () => ({ when, error: cloudError(500, 'oops') }),
    () => ({ when, error: cloudError(503, 'under maintenance') }),
    refusal,
  ];
  if (refuse && next() < 0.2) {
    // An unreadable answer comes after the work.
    faults.push(() => ({ when: 'after', error: cloudError(200, 'an answer that is not JSON', { sideEffectUnknown: true }) }));
    for (const status of [400, 403, 404, 409]) faults.push(() => ({ when: 'before', error: cloudError(status, 'no') }));
  }
  if (verb === 'remove') faults.push(() => ({ when: 'before', error: cloudError(409, 'in use') }));
  return faults[Math.floor(next() * faults.length)]?.();
}

describe('crashes and faults by chance, with every answer taking its own time', () => {
  /** Process after process, until one does not die. */
  async function untilDone(
    scenario: Scenario,
    next: () => number,
    work: (engine: StackEngine) => Promise<unknown>,
  ): Promise<number> {
    for (let crashes = 0; crashes < 6; crashes++) {
      if ((await scenario.crashAt(1 + Math.floor(next() * 120), work)) === 'done') return crashes;
      // Requests that the dead process had sent still arrive: whoever takes over does so when its lease has run out.
      await scenario.clock.until(scenario.clock.sleep(1_000));
    }
    await scenario.clock.until(work(scenario.engine()));
    return 6;
  }

  it(`${SEEDS} times: all exists once after the create, nothing after the delete`, async () => {
    let crashes = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = random(seed);
      const scenario = new Scenario();
      scenario.cloud.chance = (verb) => randomFault(next, verb);
      scenario.cloud.latencyMs = () => 5 + Math.floor(next() * 400);
      crashes += await untilDone(scenario, next, (engine) => engine.apply(scenario.ref, scenario.run()));
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES, `seed ${seed}`);
      crashes += await untilDone(scenario, next, (engine) => engine.delete(scenario.ref, scenario.run({ hidden: {} })));
      assert.deepEqual(scenario.cloud.names(), [], `seed ${seed}`);
    }
    assert.ok(crashes > SEEDS, `${crashes} crashes`);
  });

  it(`${SEEDS} times: a delete in the middle of the create leaves nothing`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = random(1_000 + seed);
      const scenario = new Scenario();
      scenario.cloud.chance = (verb) => randomFault(next, verb);
      scenario.cloud.latencyMs = () => 5 + Math.floor(next() * 400);
      await scenario.crashAt(1 + Math.floor(next() * 150), (engine) => engine.apply(scenario.ref, scenario.run()));
      await scenario.clock.until(scenario.clock.sleep(1_000));
      await untilDone(scenario, next, (engine) => engine.delete(scenario.ref, scenario.run({ hidden: {} })));
      assert.deepEqual(scenario.cloud.names(), [], `seed ${seed}`);
    }
  });

  it(`${SEEDS} times: wanted as one thing after another, and at last the cloud is what was wanted last`, async () => {
    let [crashes, failures] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = random(2_000 + seed);
      const any = (): object => WORLDS[Math.floor(next() * WORLDS.length)] as object;
      const scenario = new Scenario(any());
      scenario.cloud.chance = (verb) => randomFault(next, verb, true);
      scenario.cloud.latencyMs = () => 5 + Math.floor(next() * 400);
      for (let wish = 0; wish < 4; wish++) {
        const world = any();
        const deadline = new Date(scenario.clock.now() + 600_000);
        const work = scenario.crashAt(1 + Math.floor(next() * 400), (engine) =>
          engine.apply(to(scenario, world), scenario.run({ deadline })),
        );
        const end = await work.catch((error: unknown) => {
          if (!(error instanceof StackFailed)) throw error;
          return 'failed';
        });
        if (end === 'crashed') crashes++;
        if (end === 'failed') failures++;
        await scenario.clock.until(scenario.clock.sleep(1_000));
      }
      scenario.cloud.chance = () => undefined;
      const last = any();
      await scenario.change({ template: last });
      await assertIs(scenario, last, `seed ${seed}`);
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), [], `seed ${seed}`);
    }
    assert.ok(crashes > SEEDS / 2 && failures > SEEDS / 4, `${crashes} crashes, ${failures} failures`);
  });

  it(`${SEEDS} times: a delete in the middle of a change leaves nothing`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = random(3_000 + seed);
      const [from, into] = [WORLDS[seed % WORLDS.length], WORLDS[(seed * 7 + 1) % WORLDS.length]] as [object, object];
      const scenario = new Scenario(from);
      await scenario.create();
      scenario.cloud.chance = (verb) => randomFault(next, verb);
      scenario.cloud.latencyMs = () => 5 + Math.floor(next() * 400);
      await scenario.crashAt(1 + Math.floor(next() * 300), (engine) => engine.apply(to(scenario, into), scenario.run()));
      await scenario.clock.until(scenario.clock.sleep(1_000));
      await untilDone(scenario, next, (engine) => engine.delete(scenario.ref, scenario.run({ hidden: {} })));
      assert.deepEqual(scenario.cloud.names(), [], `seed ${seed}`);
    }
  });
});
