import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StackFailed } from '../errors.js';
import { CLUSTER_NAMES, clusterTemplate, Scenario } from './test/scenario.js';
import { cloudError } from './test/things.js';
import { assertIs, WORLDS } from './test/worlds.js';

/*
 * A rollback is no verb of the engine: of a create it is `delete`, of an update `apply` with the template before, which the
 * conductor asks for. What a failed walk leaves must go either way.
 */
const refusal = { when: 'before', error: cloudError(403, 'Quota exceeded') } as const;
const lost = { when: 'after', error: cloudError(400, 'made, and then refused') } as const;

describe('after a step that failed for good', () => {
  for (const name of CLUSTER_NAMES) {
    it(`a create goes back to nothing: ${name}`, async () => {
      const scenario = new Scenario();
      scenario.cloud.fault('create', name, refusal);
      await assert.rejects(scenario.create(), StackFailed);
      await scenario.delete();
      assert.deepEqual(scenario.cloud.names(), []);
    });
  }

  for (const [index, into] of WORLDS.entries()) {
    it(`an update to ${index} goes back to what was there, the same objects but for those already gone`, async () => {
      const from = WORLDS[(index + 1) % WORLDS.length] as object;
      const scenario = new Scenario(from);
      await scenario.create();
      const before = new Set(scenario.cloud.ids());
      const names = ['network-r2', 'server-2', 'server-3', 'gate', 'cattle.2', 'extra', 'door-r2', 'port-2'];
      for (const name of names) {
        scenario.cloud.fault('create', name, refusal);
        scenario.cloud.fault('update', name, lost);
      }
      await scenario.change({ template: into }).catch((error: unknown) => assert.ok(error instanceof StackFailed));
      for (const name of names) scenario.cloud.fault('create', name);
      await scenario.change({ template: from });
      await assertIs(scenario, from, `from ${index}`);
      assert.ok(scenario.cloud.ids().some((id) => before.has(id)));
    });
  }

  it('an update that failed at its first step goes back without a call that changes anything', async () => {
    const scenario = new Scenario(clusterTemplate(2));
    await scenario.create();
    scenario.cloud.fault('create', 'port-2', refusal);
    await assert.rejects(scenario.change({ template: clusterTemplate(3) }), StackFailed);
    const calls = scenario.cloud.calls.length;
    await scenario.create();
    const changing = scenario.cloud.calls.slice(calls).filter(({ verb }) => ['create', 'update', 'remove'].includes(verb));
    assert.deepEqual(changing, []);
    assert.deepEqual(scenario.cloud.names(), CLUSTER_NAMES);
  });
});
