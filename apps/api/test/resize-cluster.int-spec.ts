import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('POST /v1/clusters/{cluster}/actions/resize', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({}, { resizeMasters: true });
    world = new ClusterWorld(api);
    await world.template('t', 'demo', { master_lb_enabled: true });
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster({ node_count: 2 });
  });

  const resize = (body: unknown, { version = 'latest', person = 'demo', cluster = uuid } = {}) =>
    api.as(person, version).post(`/v1/clusters/${cluster}/actions/resize`, body);

  it('stores count, statuses and operation before it answers', async () => {
    const { body } = await resize({ node_count: '4', nodes_to_remove: ['a', '1'] }).expect(202);
    assert.deepEqual(body, { uuid });
    const nodeGroupUuid = await world.group('default-worker');
    assert.deepEqual(await world.asked(), [
      ['resize', { nodeGroupUuid, nodeCount: 4, previousNodeCount: 2, nodesToRemove: ['a', '1'] }],
    ]);
    assert.deepEqual(await world.state(), [
      ['UPDATE_IN_PROGRESS', null],
      ['default-master', 'CREATE_COMPLETE', 'before', 1],
      ['default-worker', 'UPDATE_IN_PROGRESS', null, 4],
    ]);
    const [event] = await world.rows('SELECT message FROM events');
    assert.equal(event?.['message'], 'resizing node group default-worker of cluster k1 from 2 to 4 was asked for');
  });

  it('takes every way to name a group, nulls, and the size that is', async () => {
    const group = await world.group('default-worker');
    const [row] = await world.rows('SELECT id FROM node_groups WHERE uuid = $1', group);
    for (const nodegroup of [group, 'default-worker', String(row?.['id']), null]) {
      await resize({ node_count: 2, nodegroup, nodes_to_remove: null }).expect(202);
    }
    const requests = (await world.asked()).map(([, request]) => request as { nodeGroupUuid: string });
    assert.deepEqual(
      requests.map((one) => one.nodeGroupUuid),
      [group, group, group, group],
    );
  });

  it('puts resizes that come together in order, each to its own count', async () => {
    const counts = [1, 2, 3, 4, 5, 6, 7, 8];
    const answers = await Promise.all(counts.map((count) => resize({ node_count: count })));
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [202]);
    const requests = (await world.asked()).map(([, request]) => request as { nodeCount: number; previousNodeCount: number });
    assert.deepEqual(requests.map((one) => one.nodeCount).sort(), counts);
    assert.deepEqual(
      [...new Set(requests.map((one) => one.previousNodeCount))],
      [2],
      'none of those before has come to its count',
    );
    const rows = await world.rows('SELECT abort_requested FROM operations WHERE kind = $1 ORDER BY id', 'resize');
    assert.deepEqual(
      rows.map((row) => row['abort_requested']),
      counts.map((_, index) => index < counts.length - 1),
    );
    const [row] = await world.rows(`SELECT node_count FROM node_groups WHERE name = 'default-worker'`);
    assert.equal(row?.['node_count'], requests.at(-1)?.nodeCount);
  });

  it('overtakes one that has not ended: named nodes leave all the same, each known by its uuid', async () => {
    const group = await world.group('default-worker');
    const nodes = ['7d1b6b1e-3a52-4a11-9f0e-2f6d5c4b3a20', '7d1b6b1e-3a52-4a11-9f0e-2f6d5c4b3a21'];
    for (const [slot, node] of nodes.entries()) {
      await world.rows(
        `INSERT INTO nodes (uuid, project_id, cluster_uuid, node_group_uuid, role, slot, name, server_id)
         VALUES ($1, 'p-demo', $2, $3, 'worker', $4, 'w-' || $4::integer, $5)`,
        ...[node, uuid, group, slot, `0c2f4a9b-7a53-4a0e-8f0b-3c6f1e2d9a1${slot}`],
      );
    }
    await resize({ node_count: 1, nodes_to_remove: ['0c2f4a9b7a534a0e8f0b3c6f1e2d9a10', 'nobody'] }).expect(202);
    await resize({ node_count: 3, nodes_to_remove: ['x'] }).expect(202);
    await resize({ node_count: 4 }).expect(202);
    const [, second, third] = await world.asked();
    assert.deepEqual(second?.[1], {
      nodeGroupUuid: group,
      nodeCount: 3,
      previousNodeCount: 2,
      nodesToRemove: ['x'],
      overtakenToRemove: [nodes[0]],
    });
    assert.deepEqual((third?.[1] as Record<string, unknown> | undefined)?.['overtakenToRemove'], [nodes[0]]);
  });

  it('gives each its time after those before it, but for what it overtakes', async () => {
    for (const count of [3, 4]) await resize({ node_count: count }).expect(202);
    await api.as('demo', 'latest').post(`/v1/clusters/${uuid}/nodegroups`, { name: 'more' }).expect(202);
    await resize({ node_count: 5 }).expect(202);
    const rows = await world.rows(
      `SELECT round(extract(epoch FROM deadline_at - now()) / 60)::int AS minutes FROM operations WHERE status = 'pending' ORDER BY id`,
    );
    assert.deepEqual(
      rows.map((row) => row['minutes']),
      [60, 60, 120, 180],
    );
  });

  it('accepts nothing once a delete was accepted', async () => {
    const answers = await Promise.all([
      ...[1, 2, 3].map((count) => resize({ node_count: count })),
      api.as('demo').delete(`/v1/clusters/${uuid}`),
      ...[4, 5, 6].map((count) => resize({ node_count: count })),
    ]);
    const accepted = answers.filter((answer) => answer.status === 202).length;
    assert.equal(answers.filter((answer) => answer.status === 400).length, 6 - accepted);
    const operations = await world.rows(`SELECT kind, abort_requested FROM operations WHERE status = 'pending' ORDER BY id`);
    assert.equal(operations.at(-1)?.['kind'], 'delete');
    assert.equal(operations.length, accepted + 1);
    assert.ok(operations.slice(0, -1).every((one) => one['abort_requested']));
    assert.equal((await world.state())[0]?.[0], 'DELETE_IN_PROGRESS');
    const late = await resize({ node_count: 1 }).expect(400);
    assert.deepEqual(late.body, errorBody(400, 'Resizing a cluster when status is "DELETE_IN_PROGRESS" is not supported.'));
  });

  it('holds the limits of the group; 0 is none', async () => {
    await world.rows(`UPDATE node_groups SET min_node_count = 1, max_node_count = 5 WHERE role = 'worker'`);
    const low = await resize({ node_count: 0 }).expect(400);
    assert.deepEqual(
      low.body,
      errorBody(400, 'Resizing default-worker outside the allowed range: min_node_count = 1, max_node_count = 5'),
    );
    await resize({ node_count: 6 }).expect(400);
    await resize({ node_count: 5 }).expect(202);
    await world.rows(`UPDATE node_groups SET max_node_count = 0 WHERE role = 'worker'`);
    await resize({ node_count: 6 }).expect(202);
  });

  it('takes odd numbers of masters where the driver can', async () => {
    const even = await resize({ node_count: 2, nodegroup: 'default-master' }).expect(400);
    assert.deepEqual(even.body, errorBody(400, 'master nodegroup size of 2 is invalid, size cannot be an even number.'));
    await resize({ node_count: 0, nodegroup: 'default-master' }).expect(400);
    await resize({ node_count: 3, nodegroup: 'default-master' }).expect(202);
    await world.rows('UPDATE clusters SET master_lb_enabled = false');
    const alone = await resize({ node_count: 5, nodegroup: 'default-master' }).expect(400);
    assert.deepEqual(alone.body, errorBody(400, 'master_count must be 1 when master_lb_enabled is False'));
  });

  it('begins with 1.7, and zero nodes with 1.10', async () => {
    const old = await resize({ node_count: 1 }, { version: '1.6' }).set('accept', 'application/json').expect(406);
    assert.equal(
      old.body.errors[0].detail,
      'Version 1.6 was requested but the requested API resize is not supported for this version.',
    );
    await resize({ node_count: 1 }, { version: '1.7' }).expect(202);
    const zero = await resize({ node_count: 0 }, { version: '1.9' }).expect(400);
    assert.deepEqual(zero.body, errorBody(400, 'Resizing a nodegroup to zero is not supported in the provided microversion.'));
    await resize({ node_count: 0 }, { version: '1.10' }).expect(202);
  });

  const field = 'Invalid input for field/attribute';
  const refused: [string, unknown, number, string][] = [
    ['no count', {}, 400, `${field} node_count. Value: 'None'. Mandatory field missing.`],
    ['a null count', { node_count: null }, 400, `${field} node_count. Value: 'None'. Mandatory field missing.`],
    ['a negative count', { node_count: -1 }, 400, `${field} node_count. Value: '-1'. Value should be greater or equal to 0`],
    ['an unknown field', { node_count: 1, x: 1 }, 400, 'Unknown attribute for argument cluster_resize_req: x'],
    ['no body', undefined, 400, 'Missing argument: "cluster_resize_req"'],
    [
      'nodes that are no list',
      { node_count: 1, nodes_to_remove: 'a' },
      400,
      `${field} nodes_to_remove. Value: 'a'. Value not a valid list: a`,
    ],
    [
      'nodes that are no text',
      { node_count: 1, nodes_to_remove: [1] },
      400,
      `${field} nodes_to_remove. Value: '1'. Value should be string`,
    ],
    ['an unknown group', { node_count: 1, nodegroup: 'nope' }, 404, 'Nodegroup nope could not be found.'],
    [
      'a group without name',
      { node_count: 1, nodegroup: '' },
      400,
      `${field} nodegroup. Value: ''. Value should have a minimum character requirement of 1`,
    ],
  ];
  for (const [sentence, body, status, detail] of refused) {
    it(`refuses ${sentence}`, async () => {
      const answer = await resize(body).expect(status);
      assert.deepEqual(answer.body, errorBody(status, detail));
      assert.deepEqual(await world.asked(), []);
    });
  }

  it('leaves a group alone that is going', async () => {
    await world.rows(`UPDATE node_groups SET status = 'DELETE_IN_PROGRESS' WHERE name = 'default-worker'`);
    const { body } = await resize({ node_count: 3 }).expect(400);
    assert.deepEqual(body, errorBody(400, 'Resizing a nodegroup when its status is "DELETE_IN_PROGRESS" is not supported.'));
  });

  it('is for members, and for administrators of every project', async () => {
    await resize({ node_count: 1 }, { person: 'other' }).expect(404);
    await resize({ node_count: 1 }, { cluster: 'nope' }).expect(404);
    const reader = await resize({ node_count: 1 }, { person: 'reader' }).expect(403);
    assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow cluster:resize to be performed."));
    await resize({ node_count: 1 }, { person: 'admin' }).expect(202);
  });
});

describe('a driver that cannot resize masters', () => {
  it('says so', async () => {
    const api = await ApiHarness.start({}, { resizeMasters: false });
    try {
      const world = new ClusterWorld(api);
      await world.template('t');
      await world.cluster();
      const path = '/v1/clusters/k1/actions/resize';
      const { body } = await api.as('demo', '1.7').post(path, { node_count: 3, nodegroup: 'default-master' }).expect(400);
      assert.deepEqual(body, errorBody(400, 'Resizing the master nodegroup is not supported by this driver.'));
    } finally {
      await api.close();
    }
  });
});
