import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { OPERATION_TOKEN, operationOwner } from '#libs/db';
import { errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

type Row = Record<string, unknown>;

describe('clusters', () => {
  let api: ApiHarness;
  const templates: Record<string, string> = {};
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api', MAX_CLUSTERS_PER_PROJECT: '5' });
    const make = async (name: string, person: string, more: object = {}): Promise<void> => {
      const body = { name, image_id: 'ubuntu', coe: 'kubernetes', flavor_id: 'm1.small', external_network_id: 'public', ...more };
      templates[name] = (await api.as(person).post('/v1/clustertemplates', body).expect(201)).body.uuid;
    };
    await make('small', 'demo', {
      master_flavor_id: 'm1.small',
      keypair_id: 'kp',
      labels: { a: '1', b: '2' },
      fixed_network: 'private',
    });
    await make('lb', 'demo', { master_lb_enabled: true, floating_ip_enabled: false });
    await make('shared', 'admin', { public: true });
    await make('hidden', 'admin', { hidden: true });
    await make('others', 'other');
    await make('twins', 'demo');
    await make('twins', 'demo');
  });
  after(() => api.close());
  beforeEach(async () => {
    await api.database.source.query('DELETE FROM clusters');
    await api.database.source.query('DELETE FROM operations');
    await api.database.source.query('DELETE FROM events');
    await api.database.source.query('DELETE FROM sealed_secrets');
    await api.database.source.query('DELETE FROM bullmq.job');
  });

  const make = async (body: object = {}, person = 'demo'): Promise<string> => {
    const answer = await api
      .as(person, 'latest')
      .post('/v1/clusters', { name: 'k1', cluster_template_id: 'shared', ...body })
      .expect(202);
    assert.deepEqual(Object.keys(answer.body), ['uuid']);
    return answer.body.uuid;
  };
  const rows = (sql: string, ...parameters: unknown[]): Promise<Row[]> => api.database.source.query(sql, parameters);
  const waiting = async (): Promise<number> =>
    (await rows('SELECT job_id FROM bullmq.job').catch(() => rows('SELECT 1 FROM bullmq.job'))).length;
  const written = async (): Promise<number[]> =>
    Promise.all(
      ['clusters', 'node_groups', 'operations', 'events', 'sealed_secrets', 'bullmq.job'].map((table) => api.count(table)),
    );

  it('stores cluster, groups, operation, sealed token and event before it answers, and queues the operation', async () => {
    const uuid = await make({
      cluster_template_id: 'small',
      node_count: '3',
      create_timeout: 30,
      labels: { c: true },
      merge_labels: true,
    });
    const { body } = await api.as('demo', 'latest').get(`/v1/clusters/${uuid}`).expect(200);
    const { created_at: createdAt, ...rest } = body;
    assert.match(createdAt, /\+00:00$/);
    assert.deepEqual(rest, {
      uuid,
      name: 'k1',
      cluster_template_id: templates['small'],
      keypair: 'kp',
      node_count: 3,
      master_count: 1,
      docker_volume_size: null,
      labels: { a: '1', b: '2', c: 'True' },
      master_flavor_id: 'm1.small',
      flavor_id: 'm1.small',
      create_timeout: 30,
      links: [
        { href: `http://api/v1/clusters/${uuid}`, rel: 'self' },
        { href: `http://api/clusters/${uuid}`, rel: 'bookmark' },
      ],
      cluster_id: null,
      status: 'CREATE_IN_PROGRESS',
      health_status: null,
      merge_labels: false,
      status_reason: null,
      health_status_reason: {},
      discovery_url: null,
      api_address: null,
      coe_version: null,
      container_version: null,
      project_id: 'p-demo',
      user_id: 'u-demo',
      node_addresses: [],
      master_addresses: [],
      fixed_network: 'private',
      fixed_subnet: null,
      floating_ip_enabled: true,
      master_lb_enabled: false,
      labels_overridden: {},
      labels_added: { c: 'True' },
      labels_skipped: {},
      updated_at: null,
    });
    const [operation] = await rows('SELECT * FROM operations');
    assert.equal(operation?.['kind'], 'create');
    assert.equal(operation?.['status'], 'pending');
    const minutes = (Number(operation?.['deadline_at']) - Number(operation?.['created_at'])) / 60_000;
    assert.ok(minutes > 29.9 && minutes < 30.1);
    const sealed = await rows('SELECT sealed FROM sealed_secrets');
    assert.ok(!String(sealed[0]?.['sealed']).includes('demo'));
    const owner = operationOwner(String(operation?.['uuid']));
    assert.equal((await api.parts.secrets.find(owner, OPERATION_TOKEN))?.toString(), 'demo');
    const [event] = await rows('SELECT type, message FROM events');
    assert.deepEqual(event, { type: 'operation.accepted', message: 'creating cluster k1 was asked for' });
    for (let i = 0; i < 50 && (await waiting()) === 0; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await waiting(), 1);
  });

  it('makes the default node groups, seen from microversion 1.9', async () => {
    const uuid = await make({ node_count: 2, labels: { min_node_count: 1 } });
    const { body } = await api.as('reader', '1.9').get(`/v1/clusters/${uuid}/nodegroups/`).expect(200);
    const [master, worker] = body.nodegroups;
    assert.equal(body.nodegroups.length, 2);
    assert.deepEqual(
      { ...master, uuid: '' },
      {
        uuid: '',
        name: 'default-master',
        flavor_id: 'm1.small',
        image_id: 'ubuntu',
        node_count: 1,
        role: 'master',
        min_node_count: 0,
        max_node_count: null,
        is_default: true,
        stack_id: null,
        status: 'CREATE_IN_PROGRESS',
        merge_labels: false,
      },
    );
    assert.equal(worker.name, 'default-worker');
    assert.equal(worker.min_node_count, 1);
    const shown = await api.as('reader', '1.9').get(`/v1/clusters/k1/nodegroups/default-worker`).expect(200);
    assert.equal(shown.body.cluster_id, uuid);
    assert.equal(typeof shown.body.id, 'number');
    assert.deepEqual(
      (await api.as('reader', '1.9').get(`/v1/clusters/k1/nodegroups/${shown.body.id}`).expect(200)).body,
      shown.body,
    );
    const masters = await api.as('reader', '1.9').get(`/v1/clusters/k1/nodegroups?role=master&limit=1`).expect(200);
    assert.equal(masters.body.nodegroups.length, 1);
    assert.match(masters.body.next, /role=master/);
    await api.as('reader', '1.9').get('/v1/clusters/k1/nodegroups/nope').expect(404);
    await api.as('other', '1.9').get(`/v1/clusters/${uuid}/nodegroups`).expect(404);
    const old = await api
      .as('reader', '1.8')
      .get(`/v1/clusters/${uuid}/nodegroups`)
      .set('accept', 'application/json')
      .expect(406);
    assert.equal(old.headers['openstack-api-version'], undefined);
    assert.equal(
      old.body.errors[0].detail,
      'Version 1.8 was requested but the requested API get_all is not supported for this version.',
    );
  });

  const template = { cluster_template_id: 'shared' };
  const prefix = 'Invalid input for field/attribute';
  const refused: [string, unknown, number, string, string?][] = [
    [
      'an unknown attribute',
      { ...template, image_id: 'x', tags: 'y' },
      400,
      'Unknown attributes for argument cluster: image_id, tags',
    ],
    ['a wrong type', { ...template, name: 7 }, 400, `${prefix} name. Value: '7'. Value should be string`],
    ['a list', [], 400, `${prefix} cluster. Value: '[]'. Value not a valid dict: []`],
    ['no template', { name: 'k1' }, 400, `${prefix} cluster_template_id. Value: 'None'. Mandatory field missing.`],
    [
      'a bad name',
      { ...template, name: '1k' },
      400,
      `${prefix} name. Value: '1k'. Value should match the pattern ^[a-zA-Z][a-zA-Z0-9_.-]*$`,
    ],
    [
      'a read-only field',
      { ...template, api_address: null },
      400,
      `${prefix} api_address. Value: 'None'. Cannot set read only field.`,
    ],
    [
      'no masters',
      { ...template, master_count: 0 },
      400,
      `${prefix} master_count. Value: '0'. Value should be greater or equal to 1`,
    ],
    [
      'an even number of masters',
      { ...template, master_count: 2 },
      400,
      'master nodegroup size of 2 is invalid, size cannot be an even number.',
    ],
    [
      'masters without load balancer',
      { ...template, master_count: 3 },
      400,
      'master_count must be 1 when master_lb_enabled is False',
    ],
    ['an unknown template before 1.10', { cluster_template_id: 'nope' }, 400, 'ClusterTemplate nope could not be found.', '1.9'],
    ['an unknown template', { cluster_template_id: 'nope' }, 404, 'ClusterTemplate nope could not be found.'],
    ['a foreign template', { cluster_template_id: 'others' }, 404, 'ClusterTemplate others could not be found.'],
    [
      'an ambiguous template',
      { cluster_template_id: 'twins' },
      409,
      'Multiple ClusterTemplates exist with same name. Please use the ClusterTemplate uuid instead.',
    ],
    ['an unknown flavor', { ...template, flavor_id: 'nope' }, 400, 'Unable to find flavor nope.'],
    ['an unknown key pair', { ...template, keypair: 'nope' }, 404, 'Unable to find keypair nope.'],
    ['an unknown network', { ...template, fixed_network: 'nope' }, 400, 'Unable to find fixed network nope.'],
    [
      'a label that is no number',
      { ...template, labels: { boot_volume_size: 'big' } },
      400,
      'Label boot_volume_size has the value "big", expecting an integer between 0 and 65536.',
    ],
    [
      'no workers before 1.10',
      { ...template, node_count: 0 },
      400,
      'Resizing a nodegroup to zero is not supported in the provided microversion.',
      '1.9',
    ],
    [
      'a null label',
      { ...template, labels: { a: null } },
      400,
      `${prefix} labels. Value: '{'a': None}'. Label a should be a string, an integer, a boolean or a float`,
    ],
    [
      'too many masters',
      { ...template, master_count: 1e12 },
      400,
      `${prefix} master_count. Value: '1000000000000'. Value should be lower or equal to 2147483647`,
    ],
  ];
  for (const [sentence, body, status, detail, version = 'latest'] of refused) {
    it(`refuses ${sentence}: nothing written, nothing queued`, async () => {
      const answer = await api.as('demo', version).post('/v1/clusters', body).expect(status);
      assert.deepEqual(answer.body, errorBody(status, detail));
      assert.deepEqual(await written(), [0, 0, 0, 0, 0, 0]);
    });
  }

  it('refuses readers, hidden templates and images that went away', async () => {
    const forbidden = await api.as('reader', 'latest').post('/v1/clusters', template).expect(403);
    assert.equal(forbidden.body.errors[0].detail, "Policy doesn't allow cluster:create to be performed.");
    await api.as('other', 'latest').post('/v1/clusters', { cluster_template_id: 'hidden' }).expect(404);
    await api.as('admin', 'latest').post('/v1/clusters', { cluster_template_id: 'hidden', name: 'h' }).expect(202);
  });

  it('names the service that is away', async () => {
    api.cloud.down.add('compute');
    const { body } = await api
      .as('demo', 'latest')
      .post('/v1/clusters', { ...template, keypair: 'fresh' })
      .expect(503);
    assert.match(body.errors[0].detail, /compute service/);
    api.cloud.down.clear();
    assert.deepEqual(await written(), [0, 0, 0, 0, 0, 0]);
  });

  it('holds the quota against requests that come together', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => api.as('demo', 'latest').post('/v1/clusters', { ...template, name: `q${i}` })),
    );
    const statuses = answers.map((answer) => answer.status).sort();
    assert.deepEqual(statuses, [...Array<number>(5).fill(202), ...Array<number>(7).fill(403)]);
    const refusal = answers.find((answer) => answer.status === 403);
    assert.equal(
      refusal?.body.errors[0].detail,
      'Resource limit exceeded: You have reached the maximum clusters per project, 5. You may delete a cluster to make room for a new one.',
    );
    assert.equal(await api.count('clusters'), 5);
    assert.equal(await api.count('operations'), 5);
    await api.as('other', 'latest').post('/v1/clusters', template).expect(202);
  });

  it('keeps projects apart', async () => {
    const uuid = await make();
    for (const ident of [uuid, 'k1']) {
      await api.as('other').get(`/v1/clusters/${ident}`).expect(404);
      await api.as('other').delete(`/v1/clusters/${ident}`).expect(404);
    }
    assert.deepEqual((await api.as('other').get('/v1/clusters').expect(200)).body, { clusters: [] });
    assert.equal((await api.as('admin').get('/v1/clusters').expect(200)).body.clusters.length, 1);
    assert.equal((await api.as('colleague').get(`/v1/clusters/${uuid}`).expect(200)).body.uuid, uuid);
    await api.as('reader').delete(`/v1/clusters/${uuid}`).expect(403);
    assert.equal((await rows('SELECT status FROM clusters'))[0]?.['status'], 'CREATE_IN_PROGRESS');
  });

  it('lists in short and in full, by microversion', async () => {
    const uuids = [await make({ name: 'b' }), await make({ name: 'a' }), await make({ name: 'c' })];
    const { body } = await api.as('demo', '1.12').get('/v1/clusters?limit=2').expect(200);
    assert.deepEqual(Object.keys(body.clusters[0]).sort(), [
      ...[
        'cluster_template_id',
        'create_timeout',
        'docker_volume_size',
        'flavor_id',
        'health_status',
        'keypair',
        'labels',
        'links',
      ],
      ...['master_count', 'master_flavor_id', 'merge_labels', 'name', 'node_count', 'stack_id', 'status', 'uuid'],
    ]);
    assert.equal(body.next, `http://api/v1/clusters?sort_key=id&sort_dir=asc&limit=2&marker=${uuids[1]}`);
    const rest = await api.as('demo', '1.13').get(body.next.replace('http://api', '')).expect(200);
    assert.deepEqual(
      rest.body.clusters.map((one: Row) => [one['name'], 'cluster_id' in one, 'stack_id' in one]),
      [['c', true, false]],
    );
    const detail = await api.as('demo').get('/v1/clusters/detail?sort_key=name&limit=3').expect(200);
    assert.deepEqual(
      detail.body.clusters.map((one: Row) => one['name']),
      ['a', 'b', 'c'],
    );
    assert.ok('labels_skipped' in detail.body.clusters[0] && !('faults' in detail.body.clusters[0]));
    assert.match(detail.body.next, /^http:\/\/api\/v1\/clusters\/detail\?/);
    await api.as('demo').get('/v1/clusters?name=x').expect(400);
    await api.as('demo').get(`/v1/clusters?marker=${templates['small']}`).expect(404);
  });

  it('shows faults of a failed cluster', async () => {
    const uuid = await make();
    await rows(`UPDATE clusters SET status = 'CREATE_FAILED', status_reason = 'why'`);
    await rows(`UPDATE node_groups SET status = 'CREATE_FAILED', status_reason = 'no host' WHERE role = 'worker'`);
    const { body } = await api.as('demo').get(`/v1/clusters/${uuid}`).expect(200);
    assert.deepEqual(body.faults, { 'default-worker': 'no host' });
    assert.equal(body.status_reason, 'why');
    assert.ok(!('faults' in (await api.as('demo').get('/v1/clusters/detail')).body.clusters[0]));
  });

  it('deletes in every status, once however often it is asked', async () => {
    const uuid = await make();
    const answers = await Promise.all([1, 2, 3, 4].map(() => api.as('demo').delete(`/v1/clusters/${uuid}`)));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [204, 204, 204, 204],
    );
    await api.as('demo').delete('/v1/clusters/k1/').expect(204);
    const operations = await rows('SELECT kind, status, abort_requested FROM operations ORDER BY id');
    assert.deepEqual(operations, [
      { kind: 'create', status: 'pending', abort_requested: true },
      { kind: 'delete', status: 'pending', abort_requested: false },
    ]);
    const tokens = await rows(`SELECT o.kind FROM sealed_secrets s JOIN operations o ON o.uuid = s.owner_uuid`);
    assert.deepEqual(tokens, [{ kind: 'create' }], 'a delete needs no token, so none is kept');
    const { body } = await api.as('demo', '1.9').get(`/v1/clusters/${uuid}/nodegroups`).expect(200);
    assert.deepEqual(
      body.nodegroups.map((one: Row) => one['status']),
      ['DELETE_IN_PROGRESS', 'DELETE_IN_PROGRESS'],
    );
    assert.equal((await api.as('demo').get(`/v1/clusters/${uuid}`)).body.status, 'DELETE_IN_PROGRESS');
    await rows(`UPDATE operations SET status = 'failed' WHERE kind = 'delete'`);
    await rows(`UPDATE clusters SET status = 'DELETE_FAILED'`);
    await api.as('demo').delete(`/v1/clusters/${uuid}`).expect(204);
    assert.equal((await rows(`SELECT 1 FROM operations WHERE kind = 'delete'`)).length, 2);
  });

  it('keeps a template while a cluster uses it', async () => {
    await make({ cluster_template_id: 'lb', master_count: 3 });
    const path = `/v1/clustertemplates/${templates['lb']}`;
    const { body } = await api.as('demo').delete(path).expect(400);
    assert.equal(body.errors[0].detail, `ClusterTemplate ${templates['lb']} is referenced by one or multiple clusters.`);
    const patch = (
      ...operations: object[]
    ): ReturnType<typeof api.as>['patch'] extends (...args: never[]) => infer R ? R : never =>
      api.as('demo').patch(path, operations);
    await patch({ op: 'replace', path: '/flavor_id', value: 'm1.diskless' }).expect(400);
    await patch().expect(400);
    await patch({ op: 'add', path: '/tags', value: 'used' }).expect(200);
    await patch({ op: 'replace', path: '/name', value: 'lb2' }, { op: 'replace', path: '/tags', value: 'x' }).expect(400);
    await patch({ op: 'replace', path: '/name', value: 'lb' }).expect(400);
  });
});
