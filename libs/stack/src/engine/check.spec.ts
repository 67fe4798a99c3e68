import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLUSTER_NAMES, Scenario } from './test/scenario.js';

describe('looking after a stack', () => {
  const checked = (story: Scenario): Promise<string[]> => story.clock.until(story.engine().check(story.ref, story.run()));
  const taken = (story: Scenario, name: string): void => {
    for (const [id, thing] of story.cloud.things) if (thing.name.endsWith(`-${name}`)) story.cloud.things.delete(id);
  };

  it('finds nothing where nothing is missing, and changes nothing', async () => {
    const story = new Scenario();
    await story.create();
    const before = JSON.stringify(story.store);
    assert.deepEqual(await checked(story), []);
    assert.equal(JSON.stringify(story.store), before);
  });

  it('what somebody took away is made again under its name, and what leans on it follows', async () => {
    const story = new Scenario();
    await story.create();
    const ids = story.cloud.ids();
    taken(story, 'top');
    taken(story, 'server-1');
    const found = await checked(story);
    assert.deepEqual(found.length, 2);
    assert.match(found.join(), /Test::Slow k1-[0-9a-f]{12}-server-1: compute: there is no thing-7/);
    const creates = story.cloud.count('create');
    await story.create();
    assert.deepEqual(story.cloud.names(), CLUSTER_NAMES);
    assert.equal(story.cloud.count('create'), creates + 2);
    const kept = ids.filter((id) => !/top|server-1/.test(id));
    assert.deepEqual(
      story.cloud.ids().filter((id) => !/top|server-1/.test(id)),
      kept,
    );
    assert.deepEqual(await checked(story), []);
  });

  it('can be broken off at every step', async () => {
    const prepare = async (): Promise<Scenario> => {
      const story = new Scenario();
      await story.create();
      taken(story, 'top');
      taken(story, 'server-0');
      return story;
    };
    const whole = await prepare();
    const work = (story: Scenario) => async (engine: ReturnType<Scenario['engine']>) => {
      const run = story.run();
      await engine.check(story.ref, run);
      await engine.apply(story.ref, run);
    };
    const steps = await whole.clock.until(whole.stepsOf(work(whole)));
    assert.ok(steps > 10);
    for (let step = 1; step <= steps; step++) {
      const story = await prepare();
      await story.crashAt(step, work(story));
      await story.clock.until(work(story)(story.engine()));
      assert.deepEqual(story.cloud.names(), CLUSTER_NAMES, `crash at step ${step}`);
    }
  });
});
