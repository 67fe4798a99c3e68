import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Superseded } from '#libs/domain';
import { CLUSTER_NAMES, Scenario } from './test/scenario.js';
import { SimulatedProcess } from './test/simulated-process.js';
import { assertIs, to, WORLDS } from './test/worlds.js';

/** A zombie lives on after its lease has passed to another engine. What it has under way when it wakes is a second old. */
const IN_FLIGHT_MS = 1_000;

describe('a walker whose lease has passed to someone else', () => {
  it('during a create, at any step: writes no row, begins nothing, and the other one completes', async () => {
    const whole = new Scenario();
    const steps = await whole.stepsOf((engine) => whole.create(engine));
    for (let step = 3; step <= steps; step += 2) {
      const scenario = new Scenario();
      const zombie = new SimulatedProcess(step);
      const taken = new Promise<void>((resolve) => (zombie.atStep = () => (scenario.takeLease(), resolve())));
      const old = scenario
        .engine(zombie)
        .apply(scenario.ref, scenario.run())
        .then(
          () => 'done',
          (error: unknown) => error,
        );
      await scenario.clock.until(taken);
      const kept = scenario.store.dump();
      await scenario.clock.until(scenario.clock.sleep(IN_FLIGHT_MS));
      // Only what was asked for with an intent committed before may still have been made (Scenario checks the intents).
      assert.equal(scenario.store.dump(), kept, `step ${step}`);
      const end = await scenario.clock.until(old);
      assert.ok(end instanceof Superseded || end === 'done', `step ${step}: ${String(end)}`);
      await scenario.create();
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES, `step ${step}`);
    }
  });

  it('during a change, at any step: writes no row, begins nothing, and the other one completes', async () => {
    const [from, into] = [WORLDS[0], WORLDS[2]] as [object, object];
    const whole = new Scenario(from);
    await whole.create();
    const steps = await whole.stepsOf((engine) => whole.change({ template: into }, engine));
    for (let step = 3; step <= steps; step += 9) {
      const scenario = new Scenario(from);
      await scenario.create();
      const zombie = new SimulatedProcess(step);
      const taken = new Promise<void>((resolve) => (zombie.atStep = () => (scenario.takeLease(), resolve())));
      const old = scenario
        .engine(zombie)
        .apply(to(scenario, into), scenario.run())
        .then(
          () => 'done',
          (error: unknown) => error,
        );
      await scenario.clock.until(taken);
      const kept = scenario.store.dump();
      await scenario.clock.until(scenario.clock.sleep(IN_FLIGHT_MS));
      assert.equal(scenario.store.dump(), kept, `step ${step}`);
      const end = await scenario.clock.until(old);
      assert.ok(end instanceof Superseded || end === 'done', `step ${step}: ${String(end)}`);
      await scenario.change({ template: into });
      await assertIs(scenario, into, `step ${step}`);
    }
  });

  it('during a delete, at any step: stops, and the other one completes', async () => {
    const whole = new Scenario();
    await whole.create();
    const steps = await whole.stepsOf((engine) => whole.delete(engine));
    for (let step = 3; step <= steps; step += 3) {
      const scenario = new Scenario();
      await scenario.create();
      const zombie = new SimulatedProcess(step);
      const taken = new Promise<void>((resolve) => (zombie.atStep = () => (scenario.takeLease(), resolve())));
      const old = scenario
        .engine(zombie)
        .delete(scenario.ref, scenario.run())
        .then(
          () => 'done',
          (error: unknown) => error,
        );
      await scenario.clock.until(taken);
      const kept = scenario.store.dump();
      await scenario.clock.until(scenario.clock.sleep(IN_FLIGHT_MS));
      assert.equal(scenario.store.dump(), kept, `step ${step}`);
      const end = await scenario.clock.until(old);
      assert.ok(end instanceof Superseded || end === 'done', `step ${step}: ${String(end)}`);
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), [], `step ${step}`);
    }
  });

  it('that slept between its intent and its call, past its lease, does not call', async () => {
    const scenario = new Scenario();
    const process = new SimulatedProcess(4);
    // Step 3 sends the first intents, step 4 hears that they are committed.
    process.atStep = () => {
      scenario.clock.skip(60_000);
      scenario.takeLease();
    };
    await assert.rejects(scenario.create(scenario.engine(process)), Superseded);
    assert.equal(scenario.cloud.count('create'), 0);
    assert.equal(scenario.store.row(scenario.ref.uuid, 'network')?.attempts, 1);
  });
});

describe('a walker that only waits', () => {
  it('notices the loss of its lease within seconds', async () => {
    const scenario = new Scenario();
    scenario.cloud.stuck.add('server-0').add('server-1');
    const work = scenario.engine().apply(scenario.ref, scenario.run());
    const ended = work.catch((error: unknown) => error);
    await scenario.clock.until(scenario.clock.sleep(30_000));
    scenario.takeLease();
    const polls = scenario.cloud.count('poll');
    assert.ok((await scenario.clock.until(ended)) instanceof Superseded);
    assert.ok(scenario.cloud.count('poll') - polls <= 4);
  });
});

describe('a stop by the signal', () => {
  it('keeps the answers of what is under way, begins nothing new, and a delete then leaves nothing', async () => {
    for (let after = 0; after < 1_500; after += 35) {
      const scenario = new Scenario();
      const stop = new AbortController();
      const work = scenario.engine().apply(scenario.ref, scenario.run({ signal: stop.signal }));
      const ended = work.catch((error: unknown) => error);
      await scenario.clock.until(scenario.clock.sleep(after));
      const creates = scenario.cloud.count('create');
      stop.abort(new Superseded('a delete has been asked for'));
      const end = await scenario.clock.until(ended);
      if (!(end instanceof Superseded)) break;
      assert.equal(scenario.cloud.count('create'), creates, `after ${after} ms`);
      // Every object's id is known: no one has to look for it.
      await scenario.delete();
      assert.equal(scenario.cloud.count('find'), 0, `after ${after} ms`);
      assert.deepEqual(scenario.cloud.names(), [], `after ${after} ms`);
    }
  });

  it('in the middle of a change lets another template overtake it at once', async () => {
    const [from, into, other] = [WORLDS[0], WORLDS[2], WORLDS[4]] as [object, object, object];
    for (let after = 0; after < 5_000; after += 130) {
      const scenario = new Scenario(from);
      await scenario.create();
      const stop = new AbortController();
      const work = scenario.engine().apply(to(scenario, into), scenario.run({ signal: stop.signal }));
      const ended = work.catch((error: unknown) => error);
      await scenario.clock.until(scenario.clock.sleep(after));
      stop.abort(new Superseded('something else is wanted'));
      const end = await scenario.clock.until(ended);
      await scenario.change({ template: other });
      await assertIs(scenario, other, `after ${after} ms`);
      if (!(end instanceof Superseded)) break;
    }
  });

  it('before the beginning does nothing', async () => {
    const scenario = new Scenario();
    const run = scenario.run({ signal: AbortSignal.abort(new Superseded('too late')) });
    await assert.rejects(scenario.create(undefined, run), Superseded);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'none');
  });
});
