import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { StackFailed } from '../errors.js';
import { clusterTemplate, Scenario } from './test/scenario.js';
import { cloudError } from './test/things.js';
import { assertIs, WORLDS } from './test/worlds.js';

const id = (scenario: Scenario, name: string): string | null | undefined =>
  scenario.store.row(scenario.ref.uuid, name)?.physicalId;

describe('a change of the template', () => {
  it('adds what is new, removes what is gone, asks for nothing else', async () => {
    const scenario = new Scenario(clusterTemplate(2));
    await scenario.create();
    scenario.cloud.calls.length = 0;
    const outputs = await scenario.change({ template: clusterTemplate(3) });
    assert.deepEqual(new Set(scenario.cloud.calls.map(({ name }) => name)), new Set(['port-2', 'server-2', 'top', 'top-r2']));
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'UPDATE COMPLETE');
    assert.equal(outputs['first'], 'address of server-0');

    scenario.cloud.calls.length = 0;
    await scenario.change({ template: clusterTemplate(1) });
    const removed = scenario.cloud.calls.filter(({ verb }) => verb === 'remove').map(({ name }) => name);
    assert.deepEqual(removed.sort(), ['port-1', 'port-2', 'server-1', 'server-2', 'top-r2']);
    assert.deepEqual(scenario.cloud.names(), ['group', 'network', 'port-0', 'server-0', 'subnet', 'top']);
    assert.deepEqual(Object.keys(scenario.store.rowStates(scenario.ref.uuid)).sort(), scenario.cloud.names());
  });

  it('to what is there already asks for nothing', async () => {
    const scenario = new Scenario(clusterTemplate(2));
    await scenario.create();
    await scenario.change({ template: clusterTemplate(3) });
    const calls = scenario.cloud.calls.length;
    await scenario.change({ template: clusterTemplate(3) });
    assert.equal(scenario.cloud.calls.length, calls);
  });

  it('of a hidden value alone changes nothing', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const calls = scenario.cloud.calls.length;
    const run = scenario.run({ hidden: { user_data: 'another nonce altogether' } });
    await scenario.change({ parameters: { size: 1 } }, undefined, run);
    assert.equal(scenario.cloud.calls.length, calls);
  });

  it('that cannot be is refused before anything is stored or asked, and the stack stays as it was', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const kept = scenario.store.dump();
    const calls = scenario.cloud.calls.length;
    const template = { heat_template_version: '2021-04-16', resources: { a: { type: 'Test::Nothing' } } };
    await assert.rejects(scenario.change({ template }), InvalidInput);
    assert.equal(scenario.store.dump(), kept);
    assert.equal(scenario.cloud.calls.length, calls);
  });

  it('is stored in the same transaction as the rows that it adds', async () => {
    const scenario = new Scenario(clusterTemplate(1));
    await scenario.create();
    await scenario.crashAt(5, (engine) => engine.apply({ ...scenario.ref, template: clusterTemplate(2) }, scenario.run()));
    assert.equal(scenario.store.rowStates(scenario.ref.uuid)['server-1'], 'INIT COMPLETE');
    assert.match(scenario.store.dump(), /"server-1":\{"type"/);
    await scenario.change({ template: clusterTemplate(2) });
    assert.equal(scenario.store.rowStates(scenario.ref.uuid)['server-1'], 'CREATE COMPLETE');
  });
});

describe('a property that can be changed in place', () => {
  it('is changed, waited for, and the object stays; what depends on it is not touched', async () => {
    const scenario = new Scenario();
    await scenario.create();
    const network = id(scenario, 'network');
    scenario.cloud.calls.length = 0;
    await scenario.change({ parameters: { size: 7 } });
    assert.equal(id(scenario, 'network'), network);
    assert.deepEqual(
      scenario.cloud.calls.map(({ verb, name }) => `${verb} ${name}`),
      ['update network', 'poll network', 'read network'],
    );
    assert.equal(scenario.store.rowStates(scenario.ref.uuid)['network'], 'UPDATE COMPLETE');
    assert.equal((scenario.cloud.contents()['network'] as { size: number }).size, 7);
  });

  it('but not by this object: gives its place to another one, once', async () => {
    const scenario = new Scenario();
    await scenario.create();
    scenario.cloud.fixed.add('network');
    await scenario.change({ parameters: { size: 7 } });
    assert.equal(scenario.cloud.count('update', 'network'), 1);
    assert.ok(scenario.cloud.names().includes('network-r2'));
    assert.ok(!scenario.cloud.names().includes('network'));
  });

  it('is asked for again when the answer was lost', async () => {
    const scenario = new Scenario();
    await scenario.create();
    scenario.cloud.fault('update', 'network', { when: 'after', error: cloudError(null, 'socket hang up') });
    await scenario.change({ parameters: { size: 7 } });
    assert.equal(scenario.cloud.count('update', 'network'), 2);
  });

  it('of an object that is gone: another one is made', async () => {
    const scenario = new Scenario();
    await scenario.create();
    scenario.cloud.things.delete(id(scenario, 'top') ?? '');
    const template = structuredClone(clusterTemplate()) as { resources: { top: { properties: { size?: number } } } };
    template.resources.top.properties.size = 5;
    await scenario.change({ template });
    assert.deepEqual((scenario.cloud.contents()['top-r2'] as { size: number }).size, 5);
    assert.equal(scenario.store.row(scenario.ref.uuid, 'top')?.physicalName.endsWith('top-r2'), true);
  });
});

describe('a failure in the middle of a change', () => {
  const [small, large] = [WORLDS[0], WORLDS[1]] as [object, object];
  const broken = async (): Promise<Scenario> => {
    const scenario = new Scenario(small);
    await scenario.create();
    scenario.cloud.fault('create', 'port-2', { when: 'before', error: cloudError(403, 'Quota exceeded for resources: port') });
    return scenario;
  };
  const fail = (scenario: Scenario, template: object): Promise<void> =>
    assert.rejects(scenario.change({ template }), (error) => {
      assert.ok(error instanceof StackFailed);
      assert.deepEqual([error.action, error.failures[0]?.logicalName], ['UPDATE', 'port-2']);
      return true;
    });

  it('tells the cause, removes nothing, begins nothing else, and the rows say what is true', async () => {
    const scenario = await broken();
    const before = scenario.cloud.ids();
    await fail(scenario, large);
    assert.deepEqual(
      before.filter((one) => !scenario.cloud.ids().includes(one)),
      [],
    );
    const states = scenario.store.rowStates(scenario.ref.uuid);
    assert.deepEqual(
      [states['port-2'], states['server-2'], states['server-0']],
      ['CREATE FAILED', 'INIT COMPLETE', 'CREATE COMPLETE'],
    );
    assert.equal(scenario.store.stackState(scenario.ref.uuid), 'UPDATE FAILED');
  });

  it('can be followed by the same change, which goes on', async () => {
    const scenario = await broken();
    await fail(scenario, large);
    await scenario.change({ template: large });
    await assertIs(scenario, large, 'again');
  });

  it('can be followed by what was before: every object is still the same', async () => {
    const scenario = await broken();
    const before = scenario.cloud.ids();
    await fail(scenario, large);
    await scenario.create();
    await assertIs(scenario, small, 'back');
    assert.deepEqual(scenario.cloud.ids().sort(), before.sort());
  });

  it('of an object that an update left in error: the next one makes another', async () => {
    const scenario = new Scenario(small);
    await scenario.create();
    const door = id(scenario, 'door');
    scenario.cloud.broken.add('door');
    await assert.rejects(scenario.change({ template: large }), StackFailed);
    assert.equal(scenario.store.rowStates(scenario.ref.uuid)['door'], 'UPDATE FAILED');
    const work = scenario.engine().apply({ ...scenario.ref, template: large }, scenario.run());
    await scenario.clock.until(scenario.clock.sleep(100));
    scenario.cloud.broken.clear();
    await scenario.clock.until(work);
    await assertIs(scenario, large, 'after the error');
    assert.notEqual(id(scenario, 'door'), door);
  });
});
