import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/commands.js';
import { LEASE_SECONDS, Processes } from './support/processes.js';

/** Longer than a poll, a renewal and a sweep take. */
const WATCHED_MS = 3_000;

describe('real processes in trouble', () => {
  let on: Processes;
  before(async () => {
    on = await Processes.start();
  });
  afterEach(() => on.cleanUp());
  after(() => on?.stop());

  for (const [kind, step] of [
    ['create', 'infrastructure'],
    ['create', 'node-groups'],
    ['create', 'kubernetes'],
    ['delete', 'node-groups'],
  ] as const) {
    it(`a conductor that was stopped beyond its lease in ${step} of a ${kind} asks for nothing and writes nothing any more`, async () => {
      const uuid = await on.create('z');
      if (kind === 'delete') {
        await on.assertWhole(uuid, 'undisturbed');
        await on.askDelete(uuid);
      }
      const { holder } = await on.reach(uuid, step, 150);
      assert.ok(holder, `somebody works on ${step}`);
      const pid = on.installation.pids()[holder];
      assert.ok(pid);
      process.kill(pid, 'SIGSTOP');
      try {
        await sleep(LEASE_SECONDS * 1000);
        if (kind === 'create') await on.assertWhole(uuid, `${holder} stopped`);
        else await on.assertGone(uuid);
        const before = await written(uuid);
        await on.forgetCalls();
        process.kill(pid, 'SIGCONT');
        await sleep(WATCHED_MS);
        assert.deepEqual(await written(uuid), before);
        assert.deepEqual(await on.calls(), [], 'it asks nothing of the cloud');
        assert.equal(on.installation.pids()[holder], pid);
        process.kill(pid, 0);
        const log = readFileSync(join(on.installation.state.logs, `${holder}.log`), 'utf8');
        assert.match(log, /somebody else has the lease|a lease has passed to someone else/);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      if (kind === 'create') {
        await on.askDelete(uuid);
        await on.assertGone(uuid);
      }
    });
  }

  it('every connection to Postgres is ended, three times during a create and a delete: API and conductors survive', async () => {
    const pids = on.installation.pids();
    const uuid = await on.create('p');
    for (const step of ['infrastructure', 'node-groups', 'kubernetes']) {
      await on.reach(uuid, step, 100);
      assert.ok((await endConnections()) > 2);
    }
    await on.assertWhole(uuid, 'connections ended');
    await askDelete(uuid);
    await on.reach(uuid, 'node-groups', 100);
    await endConnections();
    await on.assertGone(uuid);
    assert.deepEqual(on.installation.pids(), pids);
    for (const pid of Object.values(pids)) process.kill(pid, 0);
  });

  it('no secret is in the logs', () => on.refuseSecretsInLogs());

  /** The request may meet a connection that has just been ended: then it is made again, as any client does. */
  const askDelete = (uuid: string): Promise<boolean> =>
    eventually('the delete', 10, () =>
      on.askDelete(uuid).then(
        () => true,
        () => false,
      ),
    );

  async function endConnections(): Promise<number> {
    const { rowCount } = await on.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return rowCount ?? 0;
  }

  /** Everything that a conductor writes about a cluster. */
  async function written(uuid: string): Promise<unknown> {
    const { rows } = await on.database.query(
      `SELECT (SELECT count(*) FROM events WHERE cluster_uuid = $1) AS events,
              (SELECT json_agg(o ORDER BY o.id)::text FROM operations o WHERE cluster_uuid = $1) AS operations,
              (SELECT json_agg(s ORDER BY s.operation_uuid, s.position)::text FROM operation_steps s
                 JOIN operations o ON o.uuid = s.operation_uuid WHERE o.cluster_uuid = $1) AS steps,
              (SELECT row_to_json(c)::text FROM clusters c WHERE uuid = $1) AS cluster,
              (SELECT sum(r.revision) FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
                 WHERE s.cluster_uuid = $1) AS resources,
              (SELECT epoch FROM leases WHERE name = 'cluster:' || $1::text) AS epoch`,
      [uuid],
    );
    return rows[0];
  }
});
