import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('POST /v1/clusters/{cluster}/actions/upgrade', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  const templates: Record<string, string> = {};
  before(async () => {
    api = await ApiHarness.start({}, { upgrade: true });
    world = new ClusterWorld(api);
    for (const name of ['t', 'next', 'twins', 'twins']) templates[name] = await world.template(name);
    templates['calico'] = await world.template('calico', 'demo', { network_driver: 'calico' });
    templates['others'] = await world.template('others', 'other');
    templates['shared'] = await world.template('shared', 'admin', { public: true });
    templates['gone'] = await world.template('gone');
    await world.rows(`UPDATE cluster_templates SET image_id = 'gone' WHERE name = 'gone'`);
    templates['fedora'] = await world.template('fedora');
    await world.rows(`UPDATE cluster_templates SET image_id = 'fedora' WHERE name = 'fedora'`);
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster({ node_count: 5 });
    await world.rows(`UPDATE clusters SET coe_version = 'v1.35.9'`);
  });

  const upgrade = (body: unknown, { version = 'latest', person = 'demo', cluster = uuid } = {}) =>
    api.as(person, version).post(`/v1/clusters/${cluster}/actions/upgrade`, body);
  const addGroup = (): Promise<unknown> =>
    world.rows(
      `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
       VALUES (gen_random_uuid(), $1, 'p-demo', 'more', 'worker', 5, 'CREATE_COMPLETE')`,
      uuid,
    );

  it('stores statuses and operation before it answers; the bound is for all batches', async () => {
    const { body } = await upgrade({ cluster_template: 'next', max_batch_size: '2' }, { version: '1.8' }).expect(202);
    assert.deepEqual(body, { uuid });
    assert.deepEqual(await world.asked(), [
      [
        'upgrade',
        {
          nodeGroupUuid: await world.group('default-worker'),
          clusterTemplateUuid: templates['next'],
          previousClusterTemplateUuid: templates['t'],
          maxBatchSize: 2,
        },
      ],
    ]);
    assert.deepEqual(await world.state(), [
      ['UPDATE_IN_PROGRESS', null],
      ['default-master', 'CREATE_COMPLETE', 'before', 1],
      ['default-worker', 'UPDATE_IN_PROGRESS', null, 5],
    ]);
    const [operation] = await world.rows(
      `SELECT round(extract(epoch FROM deadline_at - created_at) / 60)::int AS minutes FROM operations WHERE kind = 'upgrade'`,
    );
    assert.equal(operation?.['minutes'], 240);
    const [event] = await world.rows('SELECT message FROM events');
    assert.equal(event?.['message'], 'upgrading cluster k1 to cluster template next was asked for');
  });

  it('takes nulls, the masters, a shared template, and the template that is', async () => {
    const bodies = [
      { cluster_template: templates['next'], max_batch_size: null, nodegroup: null },
      { cluster_template: 'shared', nodegroup: 'default-master' },
      { cluster_template: 't' },
    ];
    for (const body of bodies) {
      await world.status('UPDATE_FAILED', uuid);
      await upgrade(body).expect(202);
    }
    assert.equal((await world.asked()).length, 3);
  });

  it('lets other groups follow the template of the cluster alone', async () => {
    await addGroup();
    const { body } = await upgrade({ cluster_template: 'next', nodegroup: 'more' }).expect(409);
    assert.deepEqual(
      body,
      errorBody(
        409,
        "Cluster Template is not valid for upgrade: Nodegroup more can be upgraded only to match cluster's template (t).",
      ),
    );
    await world.rows(`UPDATE clusters SET coe_version = 'v1.36.4'`);
    await upgrade({ cluster_template: 't', nodegroup: 'more' }).expect(202);
  });

  it('has time for every group that comes along', async () => {
    await addGroup();
    await upgrade({ cluster_template: 'next', max_batch_size: 2 }).expect(202);
    const [operation] = await world.rows(
      `SELECT round(extract(epoch FROM deadline_at - created_at) / 60)::int AS minutes FROM operations WHERE kind = 'upgrade'`,
    );
    assert.equal(operation?.['minutes'], (1 + 3 + 3) * 60);
  });

  it('leaves no group behind that is too old', async () => {
    await addGroup();
    await world.rows(
      `UPDATE node_groups SET node_facts = '{"kubernetesVersion": "v1.32.0", "imageKubeVersion": null, "nodeCidr": "10.0.0.0/24"}'
       WHERE name = 'more'`,
    );
    const { body } = await upgrade({ cluster_template: 'next' }).expect(400);
    assert.match(
      body.errors[0].detail,
      /^Node group more would be more than 3 minor versions behind its control plane: v1\.32\.0/,
    );
    assert.deepEqual(await world.asked(), []);
  });

  it('keeps the template it goes to', async () => {
    const path = `/v1/clustertemplates/${templates['next']}`;
    await upgrade({ cluster_template: 'next' }).expect(202);
    await api.as('demo').delete(path).expect(400);
    await api
      .as('demo')
      .patch(path, [{ op: 'replace', path: '/flavor_id', value: '1' }])
      .expect(400);
  });

  it('begins with 1.8', async () => {
    await upgrade({ cluster_template: 'next' }, { version: '1.6' }).expect(406);
    const { body } = await upgrade({ cluster_template: 'next' }, { version: '1.7' }).expect(400);
    assert.deepEqual(body, errorBody(400, 'Cluster upgrade is not supported in the provided microversion.'));
  });

  for (const status of ['UPDATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS']) {
    it(`refuses ${status}`, async () => {
      await world.status(status, uuid);
      const { body } = await upgrade({ cluster_template: 'next' }).expect(400);
      assert.deepEqual(body, errorBody(400, `Upgrading a cluster when status is "${status}" is not supported.`));
      assert.deepEqual(await world.asked(), []);
    });
  }

  it('accepts one of those that come together', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => upgrade({ cluster_template: 'next' })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [202, 400, 400, 400]);
  });

  const field = 'Invalid input for field/attribute';
  const refused: [string, unknown, number, string][] = [
    ['no template', {}, 400, `${field} cluster_template. Value: 'None'. Mandatory field missing.`],
    ['an unknown field', { cluster_template: 't', x: 1 }, 400, 'Unknown attribute for argument cluster_upgrade_req: x'],
    [
      'an empty batch',
      { cluster_template: 't', max_batch_size: 0 },
      400,
      `${field} max_batch_size. Value: '0'. Value should be greater or equal to 1`,
    ],
    ['an unknown template', { cluster_template: 'nope' }, 404, 'ClusterTemplate nope could not be found.'],
    ['a foreign template', { cluster_template: 'others' }, 404, 'ClusterTemplate others could not be found.'],
    [
      'an ambiguous template',
      { cluster_template: 'twins' },
      409,
      'Multiple ClusterTemplates exist with same name. Please use the ClusterTemplate uuid instead.',
    ],
    ['an unknown group', { cluster_template: 't', nodegroup: 'nope' }, 404, 'Nodegroup nope could not be found.'],
    [
      'another network',
      { cluster_template: 'calico' },
      400,
      'Upgrading a cluster cannot change network_driver from flannel to calico.',
    ],
    ['an image that has gone', { cluster_template: 'gone' }, 400, 'Image gone could not be found.'],
    ['an image of another kind', { cluster_template: 'fedora' }, 400, 'Cluster type (vm, fedora, kubernetes) not supported.'],
  ];
  for (const [sentence, body, status, detail] of refused) {
    it(`refuses ${sentence}`, async () => {
      const answer = await upgrade(body).expect(status);
      assert.deepEqual(answer.body, errorBody(status, detail));
      assert.deepEqual(await world.asked(), []);
    });
  }

  it('goes neither back nor over a minor', async () => {
    await world.rows(`UPDATE clusters SET coe_version = 'v1.34.2'`);
    const far = await upgrade({ cluster_template: 'next' }).expect(400);
    assert.match(far.body.errors[0].detail, /^Kubernetes cannot be upgraded over a minor version, from v1\.34\.2 to v1\.36\.4/);
    await world.rows(`UPDATE clusters SET coe_version = 'v1.37.0'`);
    const back = await upgrade({ cluster_template: 'next' }).expect(400);
    assert.match(back.body.errors[0].detail, /^Kubernetes cannot be downgraded, from v1\.37\.0 to v1\.36\.4/);
  });

  it('is for members, and for administrators of every project', async () => {
    const body = { cluster_template: 'next' };
    await upgrade(body, { person: 'other' }).expect(404);
    const reader = await upgrade(body, { person: 'reader' }).expect(403);
    assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow cluster:upgrade to be performed."));
    await upgrade(body, { person: 'admin' }).expect(202);
  });
});

describe('a driver that cannot upgrade', () => {
  it('says so, after the status', async () => {
    const api = await ApiHarness.start({}, { upgrade: false });
    try {
      const world = new ClusterWorld(api);
      await world.template('t');
      const uuid = await world.cluster();
      const upgrade = async (): Promise<unknown> =>
        (await api.as('demo', '1.8').post('/v1/clusters/k1/actions/upgrade', { cluster_template: 't' }).expect(400)).body;
      assert.deepEqual(await upgrade(), errorBody(400, 'Upgrading a cluster that uses the k8s_kubeadm driver is not supported.'));
      await world.status('CREATE_FAILED', uuid);
      assert.deepEqual(await upgrade(), errorBody(400, 'Upgrading a cluster when status is "CREATE_FAILED" is not supported.'));
    } finally {
      await api.close();
    }
  });
});
