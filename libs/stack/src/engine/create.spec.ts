import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { CLUSTER_NAMES, clusterTemplate, Scenario, SECRET } from './test/scenario.js';
import { BUILD_MS, cloudError } from './test/things.js';

describe('a create', () => {
  it('makes everything once and gives the outputs', async () => {
    const scenario = new Scenario();
    const outputs = await scenario.create();
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    assert.deepEqual(outputs, {
      first: 'address of server-0',
      network_id: scenario.store.row(scenario.ref.uuid, 'network')?.physicalId,
    });
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'CREATE COMPLETE');
  });

  it('never looks for what it makes the first time, and reads only what no answer has told', async () => {
    const scenario = new Scenario();
    await scenario.create();
    assert.equal(scenario.cloud.count('find'), 0);
    const calls = (name: string): string[] => scenario.cloud.calls.filter((call) => call.name === name).map(({ verb }) => verb);
    assert.deepEqual(calls('port-0'), ['create']);
    assert.deepEqual(calls('subnet'), ['create', 'poll', 'read']);
    assert.equal(scenario.cloud.count('read', 'server-0'), 0);
  });

  it('asks for nothing again once it is complete', async () => {
    const scenario = new Scenario();
    const outputs = await scenario.create();
    const calls = scenario.cloud.calls.length;
    assert.deepEqual(await scenario.create(), outputs);
    assert.equal(scenario.cloud.calls.length, calls);
  });

  it('goes on without asking for the resources that are complete', async () => {
    const scenario = new Scenario();
    await scenario.crashAt(45, (engine) => engine.apply(scenario.ref, scenario.run()));
    const complete = Object.entries(scenario.store.rowStates(scenario.ref.uuid)).filter(
      ([, state]) => state === 'CREATE COMPLETE',
    );
    assert.ok(complete.length >= 3, `${complete.length} complete`);
    const before = new Map(complete.map(([name]) => [name, scenario.cloud.calls.filter((call) => call.name === name).length]));
    await scenario.create();
    for (const [name, calls] of before)
      assert.equal(scenario.cloud.calls.filter((call) => call.name === name).length, calls, name);
  });

  it('goes on under the uuid that its row has', async () => {
    const scenario = new Scenario();
    await scenario.crashAt(30, (engine) => engine.apply(scenario.ref, scenario.run()));
    await scenario.clock.until(scenario.engine().apply({ ...scenario.ref, uuid: 'another' }, scenario.run()));
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'CREATE COMPLETE');
  });

  it('says each transition of a resource once', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const said = scenario.store.events
      .filter(({ data }) => data['resource'] === 'server-1')
      .map(({ data }) => [data['action'], data['status']].join(' '));
    assert.deepEqual(said, ['CREATE IN_PROGRESS', 'CREATE COMPLETE']);
    assert.deepEqual(scenario.store.events.at(-1)?.data, {
      stack: 'infrastructure',
      stackUuid: scenario.ref.uuid,
      action: 'CREATE',
      status: 'COMPLETE',
    });
  });

  it('keeps of the attributes only those that are declared', async () => {
    const scenario = new Scenario();
    await scenario.create();
    assert.deepEqual(scenario.store.row(scenario.ref.uuid, 'server-0')?.attributes, { address: 'address of server-0' });
  });

  it('writes hidden values nowhere, not even when the cloud repeats them', async () => {
    const scenario = new Scenario();
    const base64 = Buffer.from(SECRET).toString('base64');
    scenario.cloud.fault('create', 'server-0', {
      when: 'before',
      error: cloudError(400, `bad user_data: ${SECRET} or ${base64}`),
    });
    await assert.rejects(scenario.create(), { code: 'stack-failed', message: /bad user_data: \*\*\* or \*\*\*/ });
    const kept = scenario.store.dump() + JSON.stringify(scenario.logged);
    assert.ok(kept.includes('bad user_data'));
    assert.ok(!kept.includes(SECRET) && !kept.includes(base64));
  });

  it('commits many steps at once', async () => {
    const scenario = new Scenario(clusterTemplate(100));
    await scenario.create();
    // 205 resources, each with two or three commits; one by one that would be some 500.
    assert.ok(scenario.store.transactions < 40, `${scenario.store.transactions} transactions`);
  });

  it('takes as long as its longest path, not as its breadth', async () => {
    const scenario = new Scenario(clusterTemplate(300));
    const begun = scenario.clock.now();
    await scenario.create(scenario.engine(undefined, 64));
    const seconds = (scenario.clock.now() - begun) / 1000;
    assert.ok(seconds < 2 * (BUILD_MS / 1000) + 1, `${seconds} s`);
  });

  it('tells what it is waiting for', async () => {
    const scenario = new Scenario();
    scenario.cloud.stuck.add('server-1');
    const engine = scenario.engine();
    const stop = new AbortController();
    const work = engine.apply(scenario.ref, scenario.run({ signal: stop.signal }));
    await scenario.clock.until(scenario.clock.sleep(20_000));
    const state = engine.state(scenario.ref.uuid);
    assert.deepEqual([state?.completed, state?.total], [6, 8]);
    assert.deepEqual(
      state?.waitingFor.map(({ logicalName, type, doing }) => [logicalName, type, doing]),
      [['server-1', 'Test::Slow', 'waiting until it is ready']],
    );
    stop.abort(new Error('enough'));
    await assert.rejects(scenario.clock.until(work), /enough/);
    assert.equal(engine.state(scenario.ref.uuid), undefined);
  });
});

describe('a template that does not fit the types', () => {
  const base = { heat_template_version: '2021-04-16' };
  const cases: { says: string; resources: object; outputs?: object; message: string }[] = [
    { says: 'unknown type', resources: { a: { type: 'Test::Nothing' } }, message: 'resource a: there is no type Test::Nothing' },
    {
      says: 'unknown property',
      resources: { a: { type: 'Test::Plain', properties: { colour: 1 } } },
      message: 'resource a: property colour: Test::Plain has no such property',
    },
    {
      says: 'wrong value, inside a list',
      resources: { a: { type: 'Test::Plain', properties: { uses: ['x', 7] } } },
      message: 'resource a: property uses.1: Invalid input: expected string, received number',
    },
    {
      says: 'unknown attribute',
      resources: { a: { type: 'Test::Plain' }, b: { type: 'Test::Plain', properties: { data: { get_attr: ['a', 'colour'] } } } },
      message: 'resource b: property data: a (Test::Plain) has no attribute colour',
    },
    {
      says: 'cycle',
      resources: { a: { type: 'Test::Plain', depends_on: 'b' }, b: { type: 'Test::Plain', depends_on: 'a' } },
      message: 'each of these needs the next: a -> b -> a',
    },
  ];
  for (const { says, resources, message } of cases) {
    it(`${says}: is refused before anything is stored or asked`, async () => {
      const scenario = new Scenario({ ...base, resources });
      const run = scenario.run({ hidden: {} });
      await assert.rejects(scenario.create(undefined, run), (error: unknown) => {
        assert.ok(error instanceof InvalidInput);
        assert.deepEqual([error.code, error.message], ['invalid-template', message]);
        return true;
      });
      assert.equal(scenario.store.stackState(scenario.ref.uuid), 'none');
      assert.equal(scenario.cloud.calls.length, 0);
    });
  }
});
