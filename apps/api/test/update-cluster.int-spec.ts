import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CLUSTER_STATUSES } from '#libs/domain';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('PATCH /v1/clusters/{cluster}', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start();
    world = new ClusterWorld(api);
    await world.template('t', 'demo', { labels: { a: '1' }, keypair_id: 'kp' });
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster({ node_count: 2 });
  });

  const replace = (path: string, value: unknown): object => ({ op: 'replace', path, value });
  const patch = (body: unknown, { version = 'latest', person = 'demo', query = '' } = {}): ReturnType<typeof send> =>
    send(`/v1/clusters/${uuid}${query}`, body, version, person);
  const send = (path: string, body: unknown, version: string, person: string) => api.as(person, version).patch(path, body);

  it('stores the new count, the statuses and the operation before it answers', async () => {
    const { body } = await patch([replace('/node_count', 4)]).expect(202);
    assert.deepEqual(body, { uuid });
    const nodeGroupUuid = await world.group('default-worker');
    assert.deepEqual(await world.asked(), [
      ['update', { nodeGroupUuid, nodeCount: 4, previousNodeCount: 2, nodesToRemove: [], rollback: false }],
    ]);
    assert.deepEqual(await world.state(), [
      ['UPDATE_IN_PROGRESS', null],
      ['default-master', 'CREATE_COMPLETE', 'before', 1],
      ['default-worker', 'UPDATE_IN_PROGRESS', null, 4],
    ]);
    const [event] = await world.rows('SELECT type, message FROM events');
    assert.equal(event?.['message'], 'changing the nodes of cluster k1 from 2 to 4 was asked for');
    assert.equal((await world.rows('SELECT 1 FROM bullmq.job')).length, 2);
    const [operation] = await world.rows(
      `SELECT deadline_at - created_at > '59 minutes' AS long FROM operations WHERE kind = 'update'`,
    );
    assert.equal(operation?.['long'], true);
    assert.equal(await api.count('sealed_secrets'), 0, 'no token is kept');
    const shown = await api.as('demo', 'latest').get(`/v1/clusters/${uuid}`).expect(200);
    assert.deepEqual([shown.body.node_count, shown.body.status], [4, 'UPDATE_IN_PROGRESS']);
  });

  it('takes numeric text, and removing is one', async () => {
    await patch([replace('/node_count', '3')]).expect(202);
    await patch([{ op: 'remove', path: '/node_count' }]).expect(202);
    assert.deepEqual(
      (await world.asked())
        .map(([, request]) => request as { nodeCount: number; previousNodeCount: number })
        .map((one) => [one.previousNodeCount, one.nodeCount]),
      [
        [2, 3],
        [2, 1],
      ],
    );
  });

  it('keeps the wish to roll back, from 1.3', async () => {
    await patch([replace('/node_count', 3)], { version: '1.3', query: '/?rollback=True' }).expect(202);
    const [asked] = await world.asked();
    assert.deepEqual((asked?.[1] as { rollback?: boolean } | undefined)?.rollback, true);
    const old = await patch([replace('/node_count', 5)], { version: '1.2', query: '?rollback=true' }).expect(400);
    assert.deepEqual(old.body, errorBody(400, 'Unknown argument: "rollback"'));
    await patch([replace('/node_count', 5)], { query: '?rollback=maybe' }).expect(400);
    await patch([replace('/node_count', 5)], { query: '?rollbak=true' }).expect(400);
    assert.equal((await world.asked()).length, 1);
  });

  it('is content with what is so already', async () => {
    await patch([]).expect(202);
    await patch([replace('/node_count', 2), replace('/name', 'k1'), replace('/labels', "{'a': '1'}")]).expect(202);
    await patch([replace('/create_timeout', '60'), replace('/floating_ip_enabled', 'True')]).expect(202);
    await patch([{ op: 'remove', path: '/docker_volume_size' }]).expect(202);
    assert.deepEqual(await world.asked(), []);
    assert.equal((await world.state())[0]?.[0], 'CREATE_COMPLETE');
  });

  it('stores health alone at once, in every status but one', async () => {
    const health = [replace('/health_status', 'UNHEALTHY'), replace('/health_status_reason', "{'api':'ok','n.Ready':'False'}")];
    for (const status of CLUSTER_STATUSES.filter((one) => one !== 'DELETE_IN_PROGRESS')) {
      await world.rows(`UPDATE clusters SET health_status = NULL, health_status_reason = '{"x":"y"}'`);
      await world.status(status, uuid);
      await patch(health).expect(202);
      const [row] = await world.rows('SELECT status, health_status, health_status_reason FROM clusters');
      assert.deepEqual(row, {
        status,
        health_status: 'UNHEALTHY',
        health_status_reason: { api: 'ok', 'n.Ready': 'False' },
      });
    }
    assert.deepEqual(await world.asked(), []);
    await world.status('DELETE_IN_PROGRESS', uuid);
    const late = await patch([replace('/health_status', 'HEALTHY')]).expect(400);
    assert.deepEqual(late.body, errorBody(400, 'Updating a cluster when status is "DELETE_IN_PROGRESS" is not supported.'));
  });

  it('takes health together with a count, and removing health does nothing', async () => {
    await patch([{ op: 'add', path: '/health_status', value: 'HEALTHY' }, replace('/node_count', 1)]).expect(202);
    await patch([{ op: 'remove', path: '/health_status' }]).expect(202);
    const [row] = await world.rows('SELECT health_status FROM clusters');
    assert.equal(row?.['health_status'], 'HEALTHY');
    assert.equal((await world.asked()).length, 1);
  });

  it('writes to the default workers whatever the sum is', async () => {
    await world.rows(
      `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
       VALUES (gen_random_uuid(), $1, 'p-demo', 'more', 'worker', 5, 'CREATE_COMPLETE')`,
      uuid,
    );
    await patch([replace('/node_count', 7)]).expect(202);
    const [, request] = (await world.asked())[0] ?? [];
    assert.equal((request as { nodeGroupUuid: string }).nodeGroupUuid, await world.group('default-worker'));
    assert.equal((request as { nodeCount: number }).nodeCount, 7);
  });

  it('knows of zero nodes from 1.10, and only minds when the patch says so', async () => {
    const old = await patch([replace('/node_count', 0)], { version: '1.9' }).expect(400);
    assert.deepEqual(old.body, errorBody(400, 'Resizing a nodegroup to zero is not supported in the provided microversion.'));
    await patch([replace('/node_count', 0)], { version: '1.10' }).expect(202);
    await patch([replace('/health_status', 'HEALTHY')], { version: '1.1' }).expect(202);
  });

  for (const status of ['CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_IN_PROGRESS', 'DELETE_FAILED', 'ROLLBACK_IN_PROGRESS']) {
    it(`refuses another count in ${status}, and health with it`, async () => {
      await world.status(status, uuid);
      const { body } = await patch([replace('/node_count', 3), replace('/health_status', 'HEALTHY')]).expect(400);
      assert.deepEqual(body, errorBody(400, `Updating a cluster when status is "${status}" is not supported.`));
      assert.deepEqual(await world.asked(), []);
      const [row] = await world.rows('SELECT health_status FROM clusters');
      assert.equal(row?.['health_status'], null);
    });
  }

  const field = 'Invalid input for field/attribute';
  const refused: [string, unknown, string][] = [
    ['another property', [replace('/name', 'k2')], 'cannot change cluster property(ies) name.'],
    [
      'two of them',
      [replace('/master_count', 3), replace('/create_timeout', 5)],
      'cannot change cluster property(ies) master_count, create_timeout.',
    ],
    ['one more label', [{ op: 'add', path: '/labels/b', value: '2' }], 'cannot change cluster property(ies) labels.'],
    ['no labels', [{ op: 'remove', path: '/labels' }], 'cannot change cluster property(ies) labels.'],
    [
      'a flavor',
      [replace('/flavor_id', 'm1.diskless')],
      'Flavor with zero root volume size is not supported when boot_volume_size is zero.',
    ],
    ['an unknown flavor', [replace('/name', 'k2'), replace('/flavor_id', 'nope')], 'Unable to find flavor nope.'],
    ['a status', [replace('/status', 'CREATE_FAILED')], 'cannot change cluster property(ies) status.'],
    ['another template', [replace('/cluster_template_id', 'x')], 'cannot change cluster property(ies) cluster_template_id.'],
    [
      'no template',
      [{ op: 'remove', path: '/cluster_template_id' }],
      "'/cluster_template_id' is a mandatory attribute and can not be removed",
    ],
    ['a stack', [replace('/stack_id', 'x')], "'/stack_id' is an internal attribute and can not be updated"],
    [
      'a name where one is',
      [{ op: 'add', path: '/name', value: 'x' }],
      "The attribute /name has existed, please use 'replace' operation instead.",
    ],
    [
      'a new attribute',
      [{ op: 'add', path: '/tags', value: 'x' }],
      'Adding a new attribute /tags to the root of the resource is not allowed.',
    ],
    [
      'what is not there',
      [replace('/image_id', 'x')],
      "Couldn't apply patch '[{'path': '/image_id', 'op': 'replace', 'value': 'x'}]'. Reason: can't replace a non-existent object 'image_id'",
    ],
    ['fewer than none', [replace('/node_count', -1)], `${field} node_count. Value: '-1'. Value should be greater or equal to 0`],
    [
      'no number',
      [replace('/node_count', 'many')],
      `${field} node_count. Value: 'many'. invalid literal for int() with base 10: 'many'`,
    ],
    [
      'an unknown health',
      [replace('/health_status', 'FINE')],
      `${field} health_status. Value: 'FINE'. Value should be one of: HEALTHY, UNHEALTHY, UNKNOWN`,
    ],
    [
      'reasons that are no text',
      [replace('/health_status_reason', "{'api': True}")],
      `${field} health_status_reason. Value: 'True'. Value should be string`,
    ],
    [
      'reasons that cannot be kept',
      [replace('/health_status_reason', String.raw`{'api': '\x00'}`)],
      `${field} health_status_reason. Value: '?'. Value should be text without null characters`,
    ],
    ['an object', { node_count: 3 }, `${field} patch. Value: '{'node_count': 3}'. Value not a valid list: {'node_count': 3}`],
  ];
  for (const [sentence, body, detail] of refused) {
    it(`refuses ${sentence}`, async () => {
      const answer = await patch(body).expect(400);
      assert.deepEqual(answer.body, errorBody(400, detail));
      assert.deepEqual(await world.asked(), []);
    });
  }

  it('asks lookup, then policy', async () => {
    const body = [replace('/node_count', 3)];
    const gone = await send('/v1/clusters/nope', body, 'latest', 'demo').expect(404);
    assert.deepEqual(gone.body, errorBody(404, 'Cluster nope could not be found.'));
    await patch(body, { person: 'other' }).expect(404);
    const reader = await patch(body, { person: 'reader' }).expect(403);
    assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow cluster:update to be performed."));
    await world.cluster();
    await send('/v1/clusters/k1', body, 'latest', 'demo').expect(409);
    assert.deepEqual(await world.asked(), []);
    await patch(body, { person: 'admin' }).expect(202);
    await patch(body, { person: 'colleague' }).expect(202);
  });
});
