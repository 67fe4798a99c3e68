import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Scenario } from './test/scenario.js';

/** Two things that cannot be there at once, and what stands on them. */
const template = (door: object, others: object, name = 'door'): object => ({
  heat_template_version: '2021-04-16',
  parameters: { user_data: { type: 'string', hidden: true } },
  resources: { [name]: { type: 'Test::Slow', properties: { place: 'the only one', ...door } }, ...others },
});
const leaning = (on = 'door'): object => ({ shade: { type: 'Test::Plain', properties: { leans: { get_resource: on } } } });
const guarding = { guard: { type: 'Test::Plain', depends_on: 'door', properties: { guards: ['door', 'door-r2'] } } };
const using = (on: string): object => ({ user: { type: 'Test::Plain', properties: { uses: [{ get_resource: on }] } } });
const idOf = (scenario: Scenario, name: string): string | null | undefined =>
  scenario.store.row(scenario.ref.uuid, name)?.physicalId;

describe('what keeps an object from being removed whose place is wanted', () => {
  const cases: [says: string, before: object, after: object][] = [
    ['a property that can be changed', template({ data: 'a' }, leaning()), template({ data: 'b' }, leaning())],
    ['nothing but its order', template({ data: 'a' }, guarding), template({ data: 'b' }, guarding)],
    ['a property that can be changed, of an object that goes', template({}, leaning()), template({}, leaning('gate'), 'gate')],
    [
      'a property that cannot be changed, of an object that goes',
      template({}, using('door')),
      template({}, using('gate'), 'gate'),
    ],
  ];
  for (const [says, before, after] of cases) {
    it(`${says}: is out of the way within a minute, and there again`, async () => {
      const fresh = new Scenario(after);
      await fresh.create();
      const scenario = new Scenario(before);
      await scenario.create();
      const begun = scenario.clock.now();
      await scenario.change({ template: after });
      assert.ok(scenario.clock.now() - begun < 60_000, `${scenario.clock.now() - begun} ms`);
      assert.deepEqual(scenario.cloud.contents(), fresh.cloud.contents());
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), []);
    });

    it(`${says}: so too after a crash at any step`, async () => {
      const whole = new Scenario(before);
      await whole.create();
      const steps = await whole.stepsOf((engine) => whole.change({ template: after }, engine));
      for (let step = 1; step <= steps; step += 2) {
        const scenario = new Scenario(before);
        await scenario.create();
        await scenario.crashAt(step, (engine) => engine.apply({ ...scenario.ref, template: after }, scenario.run()));
        await scenario.clock.until(scenario.clock.sleep(1_000));
        await scenario.change({ template: after });
        assert.deepEqual(scenario.cloud.contents(), whole.cloud.contents(), `crash at step ${step} of ${steps}`);
      }
    });
  }

  it('lets go where it can, and is not made anew', async () => {
    const scenario = new Scenario(template({ data: 'a' }, leaning()));
    await scenario.create();
    const shade = idOf(scenario, 'shade');
    await scenario.change({ template: template({ data: 'b' }, leaning()) });
    assert.equal(idOf(scenario, 'shade'), shade);
  });

  it('stays as it is when the refusal passes by itself', async () => {
    const scenario = new Scenario(template({ data: 'a' }, guarding));
    await scenario.create();
    const guard = idOf(scenario, 'guard');
    const guarded = [...scenario.cloud.things.values()].find(({ guards }) => guards);
    assert.ok(guarded);
    // It lets go by itself within a second.
    const change = scenario.engine().apply({ ...scenario.ref, template: template({ data: 'b' }, guarding) }, scenario.run());
    void scenario.clock.sleep(900, new AbortController().signal).then(() => Object.assign(guarded, { guards: [] }));
    await scenario.clock.until(change);
    assert.equal(idOf(scenario, 'guard'), guard);
  });
});
