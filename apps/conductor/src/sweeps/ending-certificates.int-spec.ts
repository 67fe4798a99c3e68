import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { EndingCertificatesRepository, EventsRepository, NodeGroupEntity, NodesRepository, UnitOfWork } from '#libs/db';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { insertCluster } from '../../test/rows.js';
import { markEnding } from './ending-certificates.js';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database.close());

it('marks masters whose certificates end soon, once, and asks each time for them to be healed', async () => {
  const { source } = database;
  const cluster = await insertCluster(database, { status: 'CREATE_COMPLETE' });
  const groups = await source.manager.findBy(NodeGroupEntity, { clusterUuid: cluster.uuid });
  for (const [role, slot, days] of [
    ['master', 0, 340],
    ['master', 1, 300],
    ['worker', 0, 340],
  ] as const) {
    await source.query(
      `INSERT INTO nodes (uuid, project_id, cluster_uuid, node_group_uuid, role, slot, name, joined_at)
       VALUES (gen_random_uuid(), 'p', $1, $2, $3, $4, $5, now() - make_interval(days => $6))`,
      [cluster.uuid, groups.find((group) => group.role === role)?.uuid, role, slot, `k1-${role}-${slot}`, days],
    );
  }
  const healed: string[] = [];
  const look = (days: number): Promise<number> =>
    markEnding({
      ending: new EndingCertificatesRepository(source),
      nodes: new NodesRepository(source),
      events: new EventsRepository(source),
      uow: new UnitOfWork(source),
      days,
      heal: async (_cluster, causes) => healed.push(...causes.map(({ message }) => message)),
    });
  assert.deepEqual([await look(0), await look(30), await look(30)], [0, 1, 1]);
  const end = new Date(Date.now() + 25 * 86_400_000).toISOString().slice(0, 10);
  assert.deepEqual(healed, Array(2).fill(`node k1-master-0: its certificates end on ${end}`));
  const rows = await source.query('SELECT name, unhealthy_reason AS why FROM nodes WHERE unhealthy_since IS NOT NULL');
  assert.deepEqual(rows, [{ name: 'k1-master-0', why: `its certificates end on ${end}` }]);
  const events = await source.query(`SELECT level, message FROM events WHERE type = 'node.unhealthy'`);
  assert.deepEqual(events, [{ level: 'warning', message: `node k1-master-0 is to be replaced: its certificates end on ${end}` }]);
});
