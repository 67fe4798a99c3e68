import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { moments, Processes } from './support/processes.js';

const MOMENTS = 10;

/** Two conductors; the one that holds the cluster's lease is killed at ten moments of a create and ten of a delete. */
describe('kill -9 of the conductor at work', () => {
  let on: Processes;
  /** The steps in which a conductor was killed. */
  const hit = { create: [] as (string | null)[], delete: [] as (string | null)[] };
  before(async () => {
    on = await Processes.start();
  });
  afterEach(() => on.cleanUp());
  after(() => on?.stop());

  for (let n = 0; n < MOMENTS; n++) {
    it(`at ${n + 1}/${MOMENTS} of a create and of the delete after it`, async () => {
      const uuid = await on.create(`k${n}`);
      const killed = await kill(uuid, 'create', n);
      await on.assertWhole(uuid, killed);
      await on.askDelete(uuid);
      await kill(uuid, 'delete', n);
      await on.assertGone(uuid);
    });
  }

  it('has hit a conductor at work nearly each time, in every step', () => {
    for (const [kind, steps] of [
      ['create', on.createSteps],
      ['delete', on.deleteSteps],
    ] as const) {
      const found = hit[kind].filter((step) => step !== null);
      assert.ok(found.length >= MOMENTS - 2, `${kind}: ${hit[kind].join()}`);
      const missed = steps.filter(({ name }) => !found.includes(name)).map(({ name }) => name);
      assert.ok(missed.length <= 2, `${kind}: none was killed in ${missed.join()}; ${hit[kind].join()}`);
    }
  });

  it('no secret is in the logs', () => on.refuseSecretsInLogs());

  async function kill(uuid: string, kind: 'create' | 'delete', n: number): Promise<string> {
    const moment = moments(kind === 'create' ? on.createSteps : on.deleteSteps, MOMENTS)[n];
    assert.ok(moment);
    const { holder, step } = await on.reach(uuid, moment.step, moment.ms);
    hit[kind].push(holder && step);
    if (holder) await on.installation.killAndRestart(holder);
    return `killed ${holder} in ${step}`;
  }
});
