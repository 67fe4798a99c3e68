import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('writing node groups', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api' });
    world = new ClusterWorld(api);
    await world.template('t', 'demo', { labels: { a: '1', b: '2' } });
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster();
  });

  interface How {
    readonly version?: string;
    readonly person?: string;
    readonly cluster?: string;
  }
  const asked = ({ version = 'latest', person = 'demo' }: How) => api.as(person, version);
  const path = ({ cluster = uuid }: How, group = ''): string => `/v1/clusters/${cluster}/nodegroups/${group}`;
  const post = (body: unknown, how: How = {}) => asked(how).post(path(how), body);
  const patch = (group: string, body: unknown, how: How = {}) => asked(how).patch(path(how, group), body);
  const remove = (group: string, how: How = {}) => asked(how).delete(path(how, group));
  const show = async (group: string) => (await api.as('demo', 'latest').get(path({}, group)).expect(200)).body;
  const replace = (where: string, value: unknown): object => ({ op: 'replace', path: where, value });
  const made = async (body: object = {}): Promise<string> => {
    const { body: group } = await post({ name: 'g', ...body }).expect(202);
    await world.rows(`UPDATE operations SET status = 'complete'`);
    await world.status('UPDATE_COMPLETE', uuid);
    await world.rows(`UPDATE node_groups SET status = 'CREATE_COMPLETE' WHERE uuid = $1`, group.uuid);
    return group.uuid;
  };

  describe('POST', () => {
    it('stores the group, the statuses and the operation before it answers, in full', async () => {
      const { body } = await post({
        name: 'gpu',
        flavor_id: 'm1.small',
        node_count: '2',
        min_node_count: 1,
        max_node_count: 5,
        docker_volume_size: 10,
        labels: { b: 3, c: true },
        merge_labels: true,
        node_labels: { disk: 'ssd' },
        node_taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
        is_default: true,
        id: 1,
        status: 'CREATE_FAILED',
      }).expect(202);
      const { id, uuid: group, created_at: createdAt, ...rest } = body;
      assert.equal(typeof id, 'number');
      assert.match(createdAt, /\+00:00$/);
      assert.deepEqual(rest, {
        name: 'gpu',
        flavor_id: 'm1.small',
        image_id: 'ubuntu',
        node_count: 2,
        role: 'worker',
        min_node_count: 1,
        max_node_count: 5,
        is_default: false,
        stack_id: null,
        status: 'CREATE_IN_PROGRESS',
        merge_labels: false,
        cluster_id: uuid,
        project_id: 'p-demo',
        docker_volume_size: 10,
        labels: { a: '1', b: '3', c: 'True' },
        links: [
          { href: `http://api/v1/clusters/${uuid}/nodegroups/${group}`, rel: 'self' },
          { href: `http://api/clusters/${uuid}/nodegroups/${group}`, rel: 'bookmark' },
        ],
        node_addresses: [],
        status_reason: null,
        version: null,
        labels_overridden: { b: '2' },
        labels_added: { c: 'True' },
        labels_skipped: {},
        node_labels: { disk: 'ssd' },
        node_taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
        updated_at: null,
      });
      assert.deepEqual(await show('gpu'), body);
      assert.deepEqual(await world.asked(), [['node-group-create', { nodeGroupUuid: group }]]);
      assert.deepEqual((await world.state())[0], ['UPDATE_IN_PROGRESS', null]);
      const [event] = await world.rows('SELECT message FROM events');
      assert.equal(event?.['message'], 'making node group gpu of cluster k1 with 2 nodes was asked for');
      assert.equal((await api.as('demo').get('/v1/clusters/k1').expect(200)).body.node_count, 3);
    });

    it('takes what python-magnumclient sends, with everything inherited', async () => {
      const { body } = await post(
        { name: 'plain', node_count: 1, max_node_count: null, min_node_count: 0, role: 'worker' },
        { version: '1.9', cluster: 'k1' },
      ).expect(202);
      assert.deepEqual(
        [body.flavor_id, body.image_id, body.labels, body.docker_volume_size, body.node_taints],
        ['m1.small', 'ubuntu', { a: '1', b: '2' }, null, []],
      );
    });

    it('takes labels as they are given, none too, and zero nodes, and nulls', async () => {
      const none = await post({ name: 'none', labels: {}, node_count: 0 }, { version: '1.9' }).expect(202);
      assert.deepEqual([none.body.labels, none.body.labels_skipped, none.body.node_count], [{}, { a: '1', b: '2' }, 0]);
      const own = await post({ name: 'own', labels: { a: 'x' }, role: 'infra' }).expect(202);
      assert.deepEqual([own.body.labels, own.body.role], [{ a: 'x' }, 'infra']);
      const nulls = await post({
        name: 'nulls',
        labels: null,
        node_count: null,
        min_node_count: null,
        role: null,
        node_labels: null,
        node_taints: null,
        merge_labels: null,
        flavor_id: null,
      }).expect(202);
      assert.deepEqual([nulls.body.node_count, nulls.body.min_node_count, nulls.body.role], [1, 0, 'worker']);
    });

    it('gives a name once, also to those who come together', async () => {
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post({ name: 'same' })));
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [202, 409, 409, 409, 409]);
      const refusal = answers.find((answer) => answer.status === 409);
      assert.deepEqual(refusal?.body, errorBody(409, 'A node group with name same already exists in the cluster k1.'));
      assert.equal((await world.asked()).length, 1);
      await post({ name: 'default-worker' }).expect(409);
    });

    it('needs the address of the API first, and a status that allows it', async () => {
      await world.status('CREATE_IN_PROGRESS', uuid);
      const busy = await post({ name: 'g' }).expect(400);
      assert.deepEqual(
        busy.body,
        errorBody(400, 'Creating a nodegroup when cluster status is "CREATE_IN_PROGRESS" is not supported.'),
      );
      await world.rows('UPDATE clusters SET api_address = NULL');
      const early = await post({ name: 'default-worker' }).expect(409);
      assert.deepEqual(early.body, errorBody(409, 'Cluster API address is not available yet'));
    });

    const ng = 'for g is invalid';
    const field = 'Invalid input for field/attribute';
    const refused: [string, unknown, number, string][] = [
      ['no name', {}, 400, `${field} name. Value: 'None'. Mandatory field missing.`],
      ['a null name', { name: null }, 400, `${field} name. Value: 'None'. Mandatory field missing.`],
      ['an unknown field', { name: 'g', x: 1 }, 400, 'Unknown attribute for argument nodegroup: x'],
      ['a read-only field', { name: 'g', stack_id: null }, 400, `${field} stack_id. Value: 'None'. Cannot set read only field.`],
      [
        'limits that contradict',
        { name: 'g', min_node_count: 3, max_node_count: 2, role: 'master' },
        409,
        `max_node_count ${ng} (min_node_count (3) should be less or equal to max_node_count (2)).`,
      ],
      [
        'more than the most',
        { name: 'g', node_count: 3, max_node_count: 2 },
        409,
        `max_node_count ${ng} (node_count (3) should be less or equal to max_node_count (2)).`,
      ],
      [
        'fewer than the fewest',
        { name: 'g', min_node_count: 2 },
        409,
        `min_node_count ${ng} (min_node_count (2) should be less or equal to node_count (1)).`,
      ],
      [
        'labels on masters',
        { name: 'g', role: 'master', node_labels: { a: 'b' } },
        409,
        `node_labels ${ng} (node_labels may not be set on master nodegroups).`,
      ],
      [
        'a label of Kubernetes',
        { name: 'g', node_labels: { 'kubernetes.io/x': 'y' } },
        409,
        `node_labels ${ng} (node_labels key kubernetes.io/x is in a reserved domain).`,
      ],
      [
        'a label that is no text',
        { name: 'g', node_labels: { a: 1 } },
        400,
        `${field} node_labels. Value: '1'. Value should be string`,
      ],
      [
        'a taint without key',
        { name: 'g', node_taints: [{ effect: 'NoSchedule' }], flavor_id: 'nope' },
        409,
        `node_taints ${ng} (node_taints[0].key is required).`,
      ],
      [
        'a taint that is none',
        { name: 'g', node_taints: ['x'] },
        400,
        `${field} node_taints. Value: 'x'. Value not a valid dict: x`,
      ],
      [
        'masters',
        { name: 'g', role: 'master', flavor_id: 'nope' },
        400,
        'Creating master nodegroups is currently not supported.',
      ],
      ['an unknown flavor', { name: 'g', flavor_id: 'nope', image_id: 'nope' }, 400, 'Unable to find flavor nope.'],
      ['an unknown image', { name: 'g', image_id: 'nope' }, 400, 'Image nope could not be found.'],
      [
        'an image of another kind',
        { name: 'g', image_id: 'fedora' },
        400,
        'Cluster type (vm, fedora, kubernetes) not supported.',
      ],
      [
        'a label that cannot be',
        { name: 'g', labels: { boot_volume_size: 'big' } },
        400,
        'Label boot_volume_size has the value "big", expecting an integer between 0 and 65536.',
      ],
    ];
    for (const [sentence, body, status, detail] of refused) {
      it(`refuses ${sentence}`, async () => {
        const answer = await post(body).expect(status);
        assert.deepEqual(answer.body, errorBody(status, detail));
        assert.deepEqual(await world.asked(), []);
        assert.equal(await api.count('node_groups'), 2);
      });
    }

    it('refuses more nodes than the network has room for', async () => {
      const { body } = await post({ name: 'g', node_count: 100_000 }).expect(400);
      assert.match(body.errors[0].detail, /100002/);
      await api.as('demo', 'latest').post(`/v1/clusters/${uuid}/actions/resize`, { node_count: 100_000 }).expect(400);
      await api
        .as('demo', 'latest')
        .patch(`/v1/clusters/${uuid}`, [replace('/node_count', 100_000)])
        .expect(400);
    });

    it('refuses Kubernetes that is newer than the control plane', async () => {
      await world.rows(`UPDATE clusters SET coe_version = 'v1.35.1'`);
      const { body } = await post({ name: 'g' }).expect(400);
      assert.match(body.errors[0].detail, /v1\.36\.4/);
    });

    it('asks policy, then lookup', async () => {
      const reader = await post({ name: 'g' }, { person: 'reader', cluster: 'nope' }).expect(403);
      assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow nodegroup:create to be performed."));
      await post({ name: 'g' }, { cluster: 'nope' }).expect(404);
      await post({ name: 'g' }, { person: 'other' }).expect(404);
      await post({ name: 'g' }, { version: '1.8' }).expect(406);
      const foreign = await post({ name: 'g' }, { person: 'admin' }).expect(202);
      assert.equal(foreign.body.project_id, 'p-demo');
    });
  });

  describe('PATCH', () => {
    it('stores limits, labels and taints before it answers, in full', async () => {
      const group = await made({ node_labels: { old: '1' } });
      const { body } = await patch(group, [
        replace('/min_node_count', 1),
        replace('/max_node_count', '7'),
        replace('/node_labels', "{'disk': 'ssd'}"),
        { op: 'add', path: '/node_taints', value: '[{"key": "a", "effect": "NoExecute"}]' },
      ]).expect(202);
      assert.deepEqual(body, await show('g'));
      assert.deepEqual(
        [body.min_node_count, body.max_node_count, body.node_labels, body.node_taints, body.status],
        [1, 7, { disk: 'ssd' }, [{ key: 'a', effect: 'NoExecute' }], 'UPDATE_IN_PROGRESS'],
      );
      assert.deepEqual(await world.asked(), [
        ['node-group-update', { nodeGroupUuid: group, previousNodeLabels: { old: '1' }, previousNodeTaints: [] }],
      ]);
      assert.deepEqual((await world.state())[0], ['UPDATE_IN_PROGRESS', null]);
    });

    it('lets a resize use new limits at once', async () => {
      const group = await made({ node_count: 1, max_node_count: 1 });
      await patch(group, [replace('/max_node_count', 3)]).expect(202);
      await asked({}).post(`/v1/clusters/${uuid}/actions/resize`, { node_count: 3, nodegroup: group }).expect(202);
      assert.deepEqual(
        (await world.asked()).map(([kind]) => kind),
        ['node-group-update', 'resize'],
      );
    });

    it('removes to the defaults', async () => {
      const group = await made({ node_count: 2, min_node_count: 1, max_node_count: 3, node_labels: { a: 'b' } });
      const { body } = await patch(
        group,
        ['/min_node_count', '/max_node_count', '/node_labels', '/node_taints'].map((where) => ({ op: 'remove', path: where })),
      ).expect(202);
      assert.deepEqual([body.min_node_count, body.max_node_count, body.node_labels, body.node_taints], [0, null, {}, []]);
    });

    it('takes an empty patch, and the limits of default groups', async () => {
      await patch('default-worker', []).expect(202);
      await patch('default-master', [replace('/min_node_count', 1)], { version: '1.9' }).expect(202);
      assert.equal((await world.asked()).length, 2);
    });

    const refused: [string, string, unknown, number, string][] = [
      ['a count', 'g', [replace('/node_count', 3)], 400, "'/node_count' is an internal attribute and can not be updated"],
      ['a name', 'g', [replace('/name', 'h')], 400, "'/name' is an internal attribute and can not be updated"],
      [
        'a label',
        'g',
        [{ op: 'add', path: '/labels/x', value: 'y' }],
        400,
        "'/labels' is an internal attribute and can not be updated",
      ],
      [
        'limits that contradict',
        'g',
        [replace('/max_node_count', 1)],
        409,
        'max_node_count for g is invalid (node_count (2) should be less or equal to max_node_count (1)).',
      ],
      [
        'labels of masters',
        'default-master',
        [replace('/node_labels', "{'a': 'b'}")],
        409,
        'node_labels for default-master is invalid (node_labels may not be set on master nodegroups).',
      ],
      [
        'a label that is no text',
        'g',
        [replace('/node_labels', "{'a': 1}")],
        400,
        "Invalid input for field/attribute node_labels. Value: '1'. Value should be string",
      ],
      [
        'a taint with an unknown effect',
        'g',
        [replace('/node_taints', "[{'key': 'a', 'effect': 'Never'}]")],
        409,
        'node_taints for g is invalid (node_taints[0].effect must be one of NoSchedule, PreferNoSchedule, NoExecute).',
      ],
      [
        'what is no number',
        'g',
        [replace('/min_node_count', 'x')],
        400,
        "Invalid input for field/attribute min_node_count. Value: 'x'. invalid literal for int() with base 10: 'x'",
      ],
      ['an unknown group', 'nope', [], 404, 'Nodegroup nope could not be found.'],
    ];
    for (const [sentence, group, body, status, detail] of refused) {
      it(`refuses ${sentence}`, async () => {
        await made({ node_count: 2 });
        const answer = await patch(group, body).expect(status);
        assert.deepEqual(answer.body, errorBody(status, detail));
        assert.deepEqual(await world.asked(), []);
      });
    }

    it('refuses statuses that do not allow it', async () => {
      await world.status('CREATE_FAILED', uuid);
      const failed = await patch('default-worker', [replace('/min_node_count', 1)]).expect(400);
      assert.deepEqual(
        failed.body,
        errorBody(400, 'Updating a nodegroup when cluster status is "CREATE_FAILED" is not supported.'),
      );
    });

    it('is for members', async () => {
      await patch('default-worker', [], { person: 'reader' }).expect(403);
      await patch('default-worker', [], { person: 'other' }).expect(404);
      await patch('default-worker', [], { version: '1.8' }).expect(406);
      await patch('default-worker', [], { person: 'admin' }).expect(202);
    });
  });

  describe('DELETE', () => {
    it('stores the statuses and the operation before it answers, once however often it is asked', async () => {
      const group = await made();
      const answers = await Promise.all([1, 2, 3].map(() => remove(group)));
      assert.deepEqual(
        answers.map((answer) => [answer.status, answer.text]),
        [
          [204, ''],
          [204, ''],
          [204, ''],
        ],
      );
      await remove('g').expect(204);
      assert.equal((await show('g')).status, 'DELETE_IN_PROGRESS');
      assert.deepEqual(await world.asked(), [['node-group-delete', { nodeGroupUuid: group }]]);
      assert.deepEqual((await world.state())[0], ['UPDATE_IN_PROGRESS', null]);
      await patch('g', []).expect(400);
      await post({ name: 'g' }).expect(409);
    });

    it('tries a failed deletion again', async () => {
      await made();
      await world.rows(`UPDATE node_groups SET status = 'DELETE_FAILED' WHERE name = 'g'`);
      await remove('g').expect(204);
      assert.equal((await world.asked()).length, 1);
    });

    it('is content while the whole cluster goes', async () => {
      const group = await made();
      await api.as('demo').delete(`/v1/clusters/${uuid}`).expect(204);
      await remove(group).expect(204);
      assert.deepEqual(
        (await world.asked()).map(([kind]) => kind),
        ['delete'],
      );
    });

    it('refuses default groups, and statuses that do not allow it', async () => {
      const { body } = await remove('default-worker').expect(400);
      assert.deepEqual(body, errorBody(400, 'Deleting a default nodegroup is not supported.'));
      await made();
      await world.rows(`UPDATE clusters SET status = 'DELETE_FAILED'`);
      const failed = await remove('g').expect(400);
      assert.deepEqual(
        failed.body,
        errorBody(400, 'Deleting a nodegroup when cluster status is "DELETE_FAILED" is not supported.'),
      );
      await remove('nope').expect(404);
      await remove('g', { person: 'other' }).expect(404);
      await remove('g', { person: 'reader' }).expect(403);
      await remove('g', { version: '1.8' }).expect(406);
    });
  });
});
