import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { clusterTemplate, Scenario } from './test/scenario.js';

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
});
