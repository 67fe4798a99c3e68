import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLUSTER_NAMES, Scenario } from './test/scenario.js';
import type { StackEngine } from './stack-engine.js';

const making = (scenario: Scenario) => (engine: StackEngine) => engine.apply(scenario.ref, scenario.run());
const removing = (scenario: Scenario) => (engine: StackEngine) => engine.delete(scenario.ref, scenario.run({ hidden: {} }));

async function stepsOfCreate(): Promise<number> {
  const scenario = new Scenario();
  return scenario.stepsOf((engine) => scenario.create(engine));
}

async function stepsOfDelete(): Promise<number> {
  const scenario = new Scenario();
  await scenario.create();
  return scenario.stepsOf((engine) => scenario.delete(engine));
}

/** A process may die before a request leaves, or before its answer is heard: at every step of all there are. */
describe('a crash', () => {
  it('at any step of a create: another engine completes it, every object exists once', async () => {
    const steps = await stepsOfCreate();
    assert.ok(steps > 60, `${steps} steps`);
    for (let step = 1; step <= steps; step++) {
      const scenario = new Scenario();
      assert.equal(await scenario.crashAt(step, making(scenario)), 'crashed');
      const outputs = await scenario.create();
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES, `crash at step ${step}`);
      assert.equal(outputs['first'], 'address of server-0');
      assert.equal(scenario.store.stackState(scenario.ref.uuid), 'CREATE COMPLETE');
      assert.deepEqual(new Set(Object.values(scenario.store.rowStates(scenario.ref.uuid))), new Set(['CREATE COMPLETE']));
    }
  });

  it('at any step of a create: a delete by another engine leaves nothing', async () => {
    const steps = await stepsOfCreate();
    for (let step = 1; step <= steps; step++) {
      const scenario = new Scenario();
      await scenario.crashAt(step, making(scenario));
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), [], `crash at step ${step}`);
    }
  });

  it('at any step of a delete: another engine completes it, nothing is left', async () => {
    const steps = await stepsOfDelete();
    assert.ok(steps > 60, `${steps} steps`);
    for (let step = 1; step <= steps; step++) {
      const scenario = new Scenario();
      await scenario.create();
      assert.equal(await scenario.crashAt(step, removing(scenario)), 'crashed');
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), [], `crash at step ${step}`);
      assert.equal(scenario.store.stackState(scenario.ref.uuid), 'DELETE COMPLETE');
    }
  });

  it('again and again, every few steps: the create ends all the same, every object exists once', async () => {
    for (const every of [20, 27, 41]) {
      const scenario = new Scenario();
      let crashes = 0;
      while ((await scenario.crashAt(every, making(scenario))) === 'crashed') assert.ok(crashes++ < 500, 'does not end');
      assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
      while ((await scenario.crashAt(every, removing(scenario))) === 'crashed') assert.ok(crashes++ < 1_000, 'does not end');
      assert.deepEqual(scenario.cloud.names(), []);
    }
  });

  it('in the middle of a create and then of its delete: nothing is left', async () => {
    const creates = await stepsOfCreate();
    const deletes = await stepsOfDelete();
    for (let step = 2; step <= creates; step += 11) {
      for (let later = 2; later <= deletes; later += 9) {
        const scenario = new Scenario();
        await scenario.crashAt(step, making(scenario));
        await scenario.crashAt(later, removing(scenario));
        await scenario.delete();
        assert.deepEqual(scenario.cloud.names(), [], `crash at step ${step} of create, ${later} of delete`);
      }
    }
  });
});
