import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ClusterWorld } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('POST /v1/clusters/{cluster}/actions/repair', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({}, { repair: true });
    world = new ClusterWorld(api);
    await world.template('t');
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster({ node_count: 2 });
    for (const [group, role, count] of [
      ['default-master', 'master', 1],
      ['default-worker', 'worker', 2],
    ] as const) {
      await world.rows(
        `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, server_id)
         SELECT gen_random_uuid(), $1, $2, 'p-demo', 'k-' || $3 || '-' || slot, slot, $3, gen_random_uuid()
         FROM generate_series(0, $4 - 1) slot`,
        uuid,
        await world.group(group),
        role,
        count,
      );
    }
  });

  const repair = (body: unknown, { version = 'latest', person = 'demo', cluster = uuid } = {}) =>
    api.as(person, version).post(`/v1/clusters/${cluster}/actions/repair`, body);
  const node = async (name: string): Promise<{ uuid: string; server_id: string }> => {
    const [row] = await world.rows(`SELECT uuid, server_id FROM nodes WHERE name = $1`, name);
    return row as { uuid: string; server_id: string };
  };

  it('stores statuses and operation before it answers; a node is known by uuid, name and server id', async () => {
    const worker = await node('k-worker-1');
    for (const name of [worker.uuid, 'K-worker-1', worker.server_id, worker.server_id.replaceAll('-', '')]) {
      const { body } = await repair({ nodes: [name] }).expect(202);
      assert.deepEqual(body, { uuid });
    }
    const request = { nodeGroupUuid: await world.group('default-worker'), nodeUuids: [worker.uuid], reason: 'asked for' };
    assert.deepEqual(
      await world.asked(),
      Array.from({ length: 4 }, () => ['repair', request]),
    );
    assert.deepEqual(await world.state(), [
      ['UPDATE_IN_PROGRESS', null],
      ['default-master', 'CREATE_COMPLETE', 'before', 1],
      ['default-worker', 'UPDATE_IN_PROGRESS', null, 2],
    ]);
  });

  it('without names is about all that are marked, also after a failed update', async () => {
    await world.rows(`UPDATE nodes SET unhealthy_since = now(), unhealthy_reason = 'x' WHERE name = 'k-worker-0'`);
    await world.rows(`UPDATE clusters SET status = 'UPDATE_FAILED'`);
    await repair({}).expect(202);
    assert.deepEqual(await world.asked(), [['repair', { nodeGroupUuid: null, nodeUuids: [], reason: 'asked for' }]]);
    const [, , worker] = await world.state();
    assert.deepEqual(worker, ['default-worker', 'UPDATE_IN_PROGRESS', null, 2]);
  });

  it('refuses with the name of the field, and changes nothing', async () => {
    const before = await world.state();
    const refused = async (body: unknown, status: number, detail: RegExp): Promise<void> => {
      assert.match(detailOf((await repair(body).expect(status)).body), detail);
    };
    await refused({ nodes: ['k-worker-9'] }, 400, /field\/attribute nodes\. Value: 'k-worker-9'\. The cluster has no node/);
    await refused({ nodes: 'k-worker-0' }, 400, /field\/attribute nodes\. .*Value not a valid list/);
    await refused({ node: [] }, 400, /Unknown attribute for argument cluster_repair_req: node/);
    await refused({ nodes: ['k-master-0'] }, 409, /has one master: replacing it would lose what etcd holds/);
    await world.rows(`UPDATE clusters SET status = 'CREATE_FAILED'`);
    await refused({}, 400, /Repairing a cluster when status is "CREATE_FAILED" is not supported/);
    await world.rows(`UPDATE clusters SET status = 'CREATE_COMPLETE'`);
    assert.deepEqual(await world.state(), before);
    assert.deepEqual(await world.asked(), []);
    await repair({}, { person: 'reader' }).expect(403);
    await repair({}, { person: 'other' }).expect(404);
  });

  it('is refused where the driver cannot', async () => {
    const other = await ApiHarness.start({}, { repair: false });
    try {
      const there = new ClusterWorld(other);
      await there.template('t');
      const cluster = await there.cluster();
      const { body } = await other.as('demo', 'latest').post(`/v1/clusters/${cluster}/actions/repair`, {}).expect(400);
      assert.equal(detailOf(body), 'Repairing a cluster that uses the k8s_kubeadm driver is not supported.');
    } finally {
      await other.close();
    }
  });
});

const detailOf = (body: unknown): string => (body as { errors: { detail: string }[] }).errors[0]?.detail ?? '';
