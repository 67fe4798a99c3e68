import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { errorBody } from './cluster-world.js';
import { NodeGroupWorld } from './node-group-world.js';

describe('changing and removing node groups', () => {
  let groups: NodeGroupWorld;
  before(async () => {
    groups = await NodeGroupWorld.start();
  });
  after(() => groups.close());
  beforeEach(() => groups.begin());

  const replace = (where: string, value: unknown): object => ({ op: 'replace', path: where, value });

  describe('PATCH', () => {
    it('stores limits, labels and taints before it answers, in full', async () => {
      const group = await groups.made({ node_labels: { old: '1' } });
      const { body } = await groups
        .patch(group, [
          replace('/min_node_count', 1),
          replace('/max_node_count', '7'),
          replace('/node_labels', "{'disk': 'ssd'}"),
          { op: 'add', path: '/node_taints', value: '[{"key": "a", "effect": "NoExecute"}]' },
        ])
        .expect(202);
      assert.deepEqual(body, await groups.show('g'));
      assert.deepEqual(
        [body.min_node_count, body.max_node_count, body.node_labels, body.node_taints, body.status],
        [1, 7, { disk: 'ssd' }, [{ key: 'a', effect: 'NoExecute' }], 'UPDATE_IN_PROGRESS'],
      );
      assert.deepEqual(await groups.world.asked(), [
        ['node-group-update', { nodeGroupUuid: group, previousNodeLabels: { old: '1' }, previousNodeTaints: [] }],
      ]);
      assert.deepEqual((await groups.world.state())[0], ['UPDATE_IN_PROGRESS', null]);
    });

    it('lets a resize use new limits at once', async () => {
      const group = await groups.made({ node_count: 1, max_node_count: 1 });
      await groups.patch(group, [replace('/max_node_count', 3)]).expect(202);
      await groups.asked().post(`/v1/clusters/${groups.uuid}/actions/resize`, { node_count: 3, nodegroup: group }).expect(202);
      assert.deepEqual(
        (await groups.world.asked()).map(([kind]) => kind),
        ['node-group-update', 'resize'],
      );
    });

    it('removes to the defaults', async () => {
      const group = await groups.made({ node_count: 2, min_node_count: 1, max_node_count: 3, node_labels: { a: 'b' } });
      const { body } = await groups
        .patch(
          group,
          ['/min_node_count', '/max_node_count', '/node_labels', '/node_taints'].map((where) => ({ op: 'remove', path: where })),
        )
        .expect(202);
      assert.deepEqual([body.min_node_count, body.max_node_count, body.node_labels, body.node_taints], [0, null, {}, []]);
    });

    it('takes an empty patch, and the limits of default groups', async () => {
      await groups.patch('default-worker', []).expect(202);
      await groups.patch('default-master', [replace('/min_node_count', 1)], { version: '1.9' }).expect(202);
      assert.equal((await groups.world.asked()).length, 2);
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
        await groups.made({ node_count: 2 });
        const answer = await groups.patch(group, body).expect(status);
        assert.deepEqual(answer.body, errorBody(status, detail));
        assert.deepEqual(await groups.world.asked(), []);
      });
    }

    it('refuses statuses that do not allow it', async () => {
      await groups.world.status('CREATE_FAILED', groups.uuid);
      const failed = await groups.patch('default-worker', [replace('/min_node_count', 1)]).expect(400);
      assert.deepEqual(
        failed.body,
        errorBody(400, 'Updating a nodegroup when cluster status is "CREATE_FAILED" is not supported.'),
      );
    });

    it('is for members', async () => {
      await groups.patch('default-worker', [], { person: 'reader' }).expect(403);
      await groups.patch('default-worker', [], { person: 'other' }).expect(404);
      await groups.patch('default-worker', [], { version: '1.8' }).expect(406);
      await groups.patch('default-worker', [], { person: 'admin' }).expect(202);
    });
  });

  describe('DELETE', () => {
    it('stores the statuses and the operation before it answers, once however often it is asked', async () => {
      const group = await groups.made();
      const answers = await Promise.all([1, 2, 3].map(() => groups.remove(group)));
      assert.deepEqual(
        answers.map((answer) => [answer.status, answer.text]),
        [
          [204, ''],
          [204, ''],
          [204, ''],
        ],
      );
      await groups.remove('g').expect(204);
      assert.equal((await groups.show('g')).status, 'DELETE_IN_PROGRESS');
      assert.deepEqual(await groups.world.asked(), [['node-group-delete', { nodeGroupUuid: group }]]);
      assert.deepEqual((await groups.world.state())[0], ['UPDATE_IN_PROGRESS', null]);
      await groups.patch('g', []).expect(400);
      await groups.post({ name: 'g' }).expect(409);
    });

    it('tries a failed deletion again', async () => {
      await groups.made();
      await groups.world.rows(`UPDATE node_groups SET status = 'DELETE_FAILED' WHERE name = 'g'`);
      await groups.remove('g').expect(204);
      assert.equal((await groups.world.asked()).length, 1);
    });

    it('is content while the whole cluster goes', async () => {
      const group = await groups.made();
      await groups.api.as('demo').delete(`/v1/clusters/${groups.uuid}`).expect(204);
      await groups.remove(group).expect(204);
      assert.deepEqual(
        (await groups.world.asked()).map(([kind]) => kind),
        ['delete'],
      );
    });

    it('refuses default groups, and statuses that do not allow it', async () => {
      const { body } = await groups.remove('default-worker').expect(400);
      assert.deepEqual(body, errorBody(400, 'Deleting a default nodegroup is not supported.'));
      await groups.made();
      await groups.world.rows(`UPDATE clusters SET status = 'DELETE_FAILED'`);
      const failed = await groups.remove('g').expect(400);
      assert.deepEqual(
        failed.body,
        errorBody(400, 'Deleting a nodegroup when cluster status is "DELETE_FAILED" is not supported.'),
      );
      await groups.remove('nope').expect(404);
      await groups.remove('g', { person: 'other' }).expect(404);
      await groups.remove('g', { person: 'reader' }).expect(403);
      await groups.remove('g', { version: '1.8' }).expect(406);
    });
  });
});
