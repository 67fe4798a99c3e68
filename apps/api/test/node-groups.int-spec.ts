import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { errorBody } from './cluster-world.js';
import { NodeGroupWorld } from './node-group-world.js';

describe('making node groups', () => {
  let groups: NodeGroupWorld;
  before(async () => {
    groups = await NodeGroupWorld.start();
  });
  after(() => groups.close());
  beforeEach(() => groups.begin());

  describe('POST', () => {
    it('stores the group, the statuses and the operation before it answers, in full', async () => {
      const { body } = await groups
        .post({
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
        })
        .expect(202);
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
        cluster_id: groups.uuid,
        project_id: 'p-demo',
        docker_volume_size: 10,
        labels: { a: '1', b: '3', c: 'True' },
        links: [
          { href: `http://api/v1/clusters/${groups.uuid}/nodegroups/${group}`, rel: 'self' },
          { href: `http://api/clusters/${groups.uuid}/nodegroups/${group}`, rel: 'bookmark' },
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
      assert.deepEqual(await groups.show('gpu'), body);
      assert.deepEqual(await groups.world.asked(), [['node-group-create', { nodeGroupUuid: group }]]);
      assert.deepEqual((await groups.world.state())[0], ['UPDATE_IN_PROGRESS', null]);
      const [event] = await groups.world.rows('SELECT message FROM events');
      assert.equal(event?.['message'], 'making node group gpu of cluster k1 with 2 nodes was asked for');
      assert.equal((await groups.api.as('demo').get('/v1/clusters/k1').expect(200)).body.node_count, 3);
    });

    it('takes what python-magnumclient sends, with everything inherited', async () => {
      const { body } = await groups
        .post(
          { name: 'plain', node_count: 1, max_node_count: null, min_node_count: 0, role: 'worker' },
          { version: '1.9', cluster: 'k1' },
        )
        .expect(202);
      assert.deepEqual(
        [body.flavor_id, body.image_id, body.labels, body.docker_volume_size, body.node_taints],
        ['m1.small', 'ubuntu', { a: '1', b: '2' }, null, []],
      );
    });

    it('takes labels as they are given, none too, and zero nodes, and nulls', async () => {
      const none = await groups.post({ name: 'none', labels: {}, node_count: 0 }, { version: '1.9' }).expect(202);
      assert.deepEqual([none.body.labels, none.body.labels_skipped, none.body.node_count], [{}, { a: '1', b: '2' }, 0]);
      const own = await groups.post({ name: 'own', labels: { a: 'x' }, role: 'infra' }).expect(202);
      assert.deepEqual([own.body.labels, own.body.role], [{ a: 'x' }, 'infra']);
      const nulls = await groups
        .post({
          name: 'nulls',
          labels: null,
          node_count: null,
          min_node_count: null,
          role: null,
          node_labels: null,
          node_taints: null,
          merge_labels: null,
          flavor_id: null,
        })
        .expect(202);
      assert.deepEqual([nulls.body.node_count, nulls.body.min_node_count, nulls.body.role], [1, 0, 'worker']);
    });

    it('gives a name once, also to those who come together', async () => {
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => groups.post({ name: 'same' })));
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [202, 409, 409, 409, 409]);
      const refusal = answers.find((answer) => answer.status === 409);
      assert.deepEqual(refusal?.body, errorBody(409, 'A node group with name same already exists in the cluster k1.'));
      assert.equal((await groups.world.asked()).length, 1);
      await groups.post({ name: 'default-worker' }).expect(409);
    });

    it('needs the address of the API first, and a status that allows it', async () => {
      await groups.world.status('CREATE_IN_PROGRESS', groups.uuid);
      const busy = await groups.post({ name: 'g' }).expect(400);
      assert.deepEqual(
        busy.body,
        errorBody(400, 'Creating a nodegroup when cluster status is "CREATE_IN_PROGRESS" is not supported.'),
      );
      await groups.world.rows('UPDATE clusters SET api_address = NULL');
      const early = await groups.post({ name: 'default-worker' }).expect(409);
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
        const answer = await groups.post(body).expect(status);
        assert.deepEqual(answer.body, errorBody(status, detail));
        assert.deepEqual(await groups.world.asked(), []);
        assert.equal(await groups.api.count('node_groups'), 2);
      });
    }

    it('refuses more nodes than the network has room for', async () => {
      const { body } = await groups.post({ name: 'g', node_count: 100_000 }).expect(400);
      assert.match(body.errors[0].detail, /100002/);
      await groups.api
        .as('demo', 'latest')
        .post(`/v1/clusters/${groups.uuid}/actions/resize`, { node_count: 100_000 })
        .expect(400);
      await groups.api
        .as('demo', 'latest')
        .patch(`/v1/clusters/${groups.uuid}`, [{ op: 'replace', path: '/node_count', value: 100_000 }])
        .expect(400);
    });

    it('refuses Kubernetes that is newer than the control plane', async () => {
      await groups.world.rows(`UPDATE clusters SET coe_version = 'v1.35.1'`);
      const { body } = await groups.post({ name: 'g' }).expect(400);
      assert.match(body.errors[0].detail, /v1\.36\.4/);
    });

    it('asks policy, then lookup', async () => {
      const reader = await groups.post({ name: 'g' }, { person: 'reader', cluster: 'nope' }).expect(403);
      assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow nodegroup:create to be performed."));
      await groups.post({ name: 'g' }, { cluster: 'nope' }).expect(404);
      await groups.post({ name: 'g' }, { person: 'other' }).expect(404);
      await groups.post({ name: 'g' }, { version: '1.8' }).expect(406);
      const foreign = await groups.post({ name: 'g' }, { person: 'admin' }).expect(202);
      assert.equal(foreign.body.project_id, 'p-demo');
    });
  });
});
