import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/commands.js';
import { Processes } from './support/processes.js';

/** Longer than all the pauses with which a call is tried again inside the client: only an operation waits as long as this. */
const OUTAGE_SECONDS = Number(process.env['FAULT_OUTAGE_SECONDS'] ?? 60);
const READY_SECONDS = 30;

/** What everything stands on goes away as a whole, and comes back. */
describe('outages', () => {
  let on: Processes;
  before(async () => {
    on = await Processes.start();
  });
  afterEach(() => on.cleanUp());
  after(() => on?.stop());

  it('PostgreSQL crashes in each long step of a create and in the delete after it: nothing is lost', async () => {
    const uuid = await on.create('pg');
    for (const step of ['infrastructure', 'node-groups', 'kubernetes']) {
      await on.reach(uuid, step, 100);
      await crashPostgres('SIGQUIT');
    }
    await on.assertWhole(uuid, 'PostgreSQL crashed');
    await on.askDelete(uuid);
    await on.reach(uuid, 'node-groups', 100);
    await crashPostgres('SIGKILL');
    await on.assertGone(uuid);
  });

  for (const step of ['infrastructure', 'node-groups']) {
    it(`the whole cloud hangs for ${OUTAGE_SECONDS} s in ${step} of a create: it goes on where it was`, async () => {
      const uuid = await on.create('hung');
      await on.reach(uuid, step, 100);
      const pid = on.installation.pids()['sandbox'];
      assert.ok(pid);
      process.kill(pid, 'SIGSTOP');
      try {
        await sleep(OUTAGE_SECONDS * 1000);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      assert.equal((await on.settled(uuid, 150)).status, 'CREATE_COMPLETE');
      await on.assertWhole(uuid, 'the cloud hung');
      await on.askDelete(uuid);
      await on.assertGone(uuid);
    });
  }

  it('no secret is in the logs', () => on.refuseSecretsInLogs());

  /** Ends the server as a power cut would, and waits for the one that is started in its place. */
  async function crashPostgres(signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const before = postmaster();
    process.kill(before, signal);
    await eventually('PostgreSQL to be back', READY_SECONDS, async () => {
      if (postmaster() === before) return undefined;
      return (await on.reconnect()) || undefined;
    });
  }

  function postmaster(): number {
    try {
      return Number(readFileSync(join(on.installation.state.postgres, 'postmaster.pid'), 'utf8').split('\n')[0]);
    } catch {
      return NaN;
    }
  }
});
