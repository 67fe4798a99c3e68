import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { eventually } from './support/commands.js';
import { Processes } from './support/processes.js';

/** What an operator may count on, with the settings as they come. */
const WITHIN_SECONDS = 15;

describe('a conductor killed mid-operation, with the default settings', () => {
  let on: Processes;
  before(async () => {
    // Undefined takes back what the other suites shorten.
    on = await Processes.start({ LEASE_SECONDS: undefined, SWEEP_SECONDS: undefined });
  });
  afterEach(() => on.cleanUp());
  after(() => on?.stop());

  for (const step of ['infrastructure', 'node-groups', 'kubernetes']) {
    it(`in ${step} of a create: another one works on it within ${WITHIN_SECONDS} s`, async (t) => {
      const uuid = await on.create('t');
      const { holder } = await on.reach(uuid, step, 50);
      assert.ok(holder, 'somebody works on it');
      const killed = Date.now();
      await on.installation.killAndRestart(holder);
      await eventually('another conductor', WITHIN_SECONDS, async () => (await on.attempts(uuid)) > 1, 50);
      t.diagnostic(`taken over after ${((Date.now() - killed) / 1000).toFixed(1)} s`);
      await on.assertWhole(uuid, `killed ${holder} in ${step}`);
      await on.askDelete(uuid);
      await on.assertGone(uuid);
    });
  }
});
