import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { moments, Processes, type StepTimes } from './support/processes.js';

interface Change {
  readonly kind: string;
  readonly sentence: string;
  /** So many moments at which the conductor that holds the lease is killed: one in each step at least. */
  readonly moments: number;
  /** Asks for it. */
  readonly ask: (n: number) => Promise<unknown>;
}

/** Longer than a poll, a renewal and a sweep take. */
const WATCHED_MS = 3_000;

/**
 * Two conductors and one cluster, whose default workers grow and shrink, which gets a node group and loses it, and another
 * credential; each of these changes at many moments with the conductor at work killed.
 */
describe('kill -9 of the conductor while nodes come and go', () => {
  let on: Processes;
  let cluster: string;
  const changes: Change[] = [
    { kind: 'resize', sentence: 'one worker becomes three', moments: 9, ask: () => resize(3) },
    { kind: 'resize', sentence: 'three workers become one', moments: 8, ask: () => resize(1) },
    {
      kind: 'node-group-create',
      sentence: 'a node group is made',
      moments: 8,
      ask: (n) => on.ask('POST', `/clusters/${cluster}/nodegroups`, { name: `g${n}`, node_count: 1 }),
    },
    {
      kind: 'node-group-delete',
      sentence: 'the node group is removed',
      moments: 4,
      ask: (n) => on.ask('DELETE', `/clusters/${cluster}/nodegroups/g${n}`),
    },
    {
      kind: 'rotate-credential',
      sentence: 'the credential is rotated',
      moments: 4,
      ask: () => on.ask('PATCH', `/credentials/${cluster}`),
    },
  ];
  /** For each change: its steps undisturbed, and what the cloud holds after it. */
  const known: { steps: StepTimes; made: Record<string, number> }[] = [];
  const hit = changes.map(() => [] as (string | null)[]);

  const resize = (nodeCount: number): Promise<unknown> =>
    on.ask('POST', `/clusters/${cluster}/actions/resize`, { node_count: nodeCount });
  async function assertUpdated(how: string): Promise<void> {
    await on.untilIdle(cluster);
    const { status, status_reason } = await on.settled(cluster);
    assert.deepEqual([status, status_reason], ['UPDATE_COMPLETE', null], how);
  }

  before(async () => {
    on = await Processes.start({ DRAIN_SECONDS: '2' });
    cluster = await on.create('k');
    assert.equal((await on.settled(cluster)).status, 'CREATE_COMPLETE');
    for (const { kind, sentence, ask } of changes) {
      await ask(-1);
      await assertUpdated(sentence);
      known.push({ steps: await on.stepTimes(cluster, kind), made: await on.made() });
    }
  });
  after(() => on?.stop());

  const most = Math.max(...changes.map((change) => change.moments));
  for (let n = 0; n < most; n++) {
    for (const [index, { sentence, ask, moments: count }] of changes.entries()) {
      // Those of fewer moments are done all the same: the next change builds on them.
      it(n < count ? `${sentence}, killed at ${n + 1}/${count}` : sentence, async () => {
        const { steps, made } = known[index] ?? assert.fail();
        const moment = n < count ? moments(steps, count)[n] : undefined;
        await ask(n);
        const how = moment ? await kill(index, moment) : 'undisturbed';
        await assertUpdated(how);
        assert.deepEqual(await on.made(), made, how);
      });
    }
  }

  async function kill(index: number, { step: name, ms }: { step: string; ms: number }): Promise<string> {
    const { holder, step } = await on.reach(cluster, name, ms);
    hit[index]?.push(holder && step);
    if (holder) await on.installation.killAndRestart(holder);
    return `killed ${holder} in ${step}`;
  }

  for (const [index, step] of [
    [0, 'grow'],
    [1, 'drain'],
    [2, 'kubernetes'],
    [3, 'drain'],
  ] as const) {
    it(`${changes[index]?.sentence}, the conductor stopped beyond its lease in ${step}: it changes nothing more`, async () => {
      const { made } = known[index] ?? assert.fail();
      await changes[index]?.ask(100);
      const { holder } = await on.reach(cluster, step, 100);
      const pid = holder === null ? undefined : on.installation.pids()[holder];
      if (pid !== undefined) process.kill(pid, 'SIGSTOP');
      try {
        await assertUpdated(`${holder} stopped`);
        assert.deepEqual(await on.made(), made);
      } finally {
        if (pid !== undefined) process.kill(pid, 'SIGCONT');
      }
      await sleep(WATCHED_MS);
      await assertUpdated(`${holder} goes on`);
      assert.deepEqual(await on.made(), made);
    });
  }

  it('has hit a conductor at work most times', () => {
    for (const [index, { sentence, moments: count }] of changes.entries()) {
      const found = (hit[index] ?? []).filter((step) => step !== null);
      assert.ok(found.length >= count / 2, `${sentence}: ${hit[index]?.join()}`);
    }
  });

  it('is deleted while it grows, the conductor killed too: nothing is left', async () => {
    await resize(3);
    const { holder } = await on.reach(cluster, 'grow', 300);
    await on.askDelete(cluster);
    if (holder) await on.installation.killAndRestart(holder);
    await on.assertGone(cluster);
  });

  it('no secret is in the logs', () => on.refuseSecretsInLogs());
});
