import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { Scenario } from './test/scenario.js';
import { assertIs, to, WORLDS } from './test/worlds.js';

/** From here on worlds have groups and conditions: among themselves and with the first, that is enough. */
const GROUPS_FROM = 6;
const goTogether = (i: number, j: number): boolean =>
  Math.max(i, j) < GROUPS_FROM || i * j === 0 || Math.min(i, j) >= GROUPS_FROM;
const pairs = WORLDS.flatMap((from, i) =>
  WORLDS.flatMap((into, j) => (i !== j && goTogether(i, j) ? [{ from, into, name: `${i} to ${j}` }] : [])),
);
/** Of each pair; where they lie differs from pair to pair. */
const CRASHES = 2;

async function crashes(
  check: (scenario: Scenario, pair: (typeof pairs)[number], message: string, original: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const [index, pair] of pairs.entries()) {
    const whole = new Scenario(pair.from);
    await whole.create();
    const steps = await whole.stepsOf((engine) => whole.change({ template: pair.into }, engine));
    assert.ok(steps > 20, `${steps} steps`);
    const stride = Math.ceil(steps / CRASHES);
    for (let step = 1 + (index % stride); step <= steps; step += stride) {
      const scenario = new Scenario(pair.from);
      await scenario.create();
      const original = scenario.cloud.ids();
      const end = await scenario.crashAt(step, (engine) => engine.apply(to(scenario, pair.into), scenario.run()));
      assert.equal(end, 'crashed');
      await check(scenario, pair, `${pair.name}, crash at step ${step} of ${steps}`, original);
    }
  }
}

describe('from each template to each other', () => {
  for (const { from, into, name } of pairs) {
    it(`${name}: the cloud becomes what is wanted, and the rows say so`, async () => {
      const scenario = new Scenario(from);
      await scenario.create();
      await scenario.change({ template: into });
      await assertIs(scenario, into, name);
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), []);
    });
  }
});

describe('a crash in the middle of a change', () => {
  it('another engine completes it', async () => {
    await crashes(async (scenario, { into }, message) => {
      await scenario.change({ template: into });
      await assertIs(scenario, into, message);
    });
  });

  it('another engine goes back, and keeps every old object whose removal had not begun', async () => {
    await crashes(async (scenario, { from }, message, original) => {
      await scenario.clock.until(scenario.clock.sleep(1_000));
      const leaving = new Set(
        scenario.store.rows(scenario.ref.uuid).flatMap((row) => (row.action === 'DELETE' ? row.physicalId : [])),
      );
      const old = original.filter((one) => scenario.cloud.ids().includes(one) && !leaving.has(one.split(' ')[1] ?? ''));
      await scenario.create();
      await assertIs(scenario, from, message);
      const now = scenario.cloud.ids();
      assert.deepEqual(
        old.filter((one) => !now.includes(one)),
        [],
        message,
      );
    });
  });

  it('another engine goes elsewhere', async () => {
    await crashes(async (scenario, { from, into }, message) => {
      const third = WORLDS.find((world) => world !== from && world !== into) ?? into;
      await scenario.change({ template: third });
      await assertIs(scenario, third, message);
    });
  });

  it('a delete leaves nothing', async () => {
    await crashes(async (scenario, _pair, message) => {
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), [], message);
    });
  });
});
