import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiHarness } from './harness.js';

describe('stats, services, quotas, federations, history', () => {
  let api: ApiHarness;
  let cluster: string;
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api' });
    await api.as('demo').post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
    const body = { name: 'k1', cluster_template_id: 't', node_count: 2 };
    cluster = (await api.as('demo').post('/v1/clusters', body).expect(202)).body.uuid;
  });
  after(() => api.close());

  it('counts', async () => {
    const stats = async (person: string, query = ''): Promise<object> =>
      (await api.as(person).get(`/v1/stats${query}`).expect(200)).body;
    assert.deepEqual(await stats('demo'), { clusters: 1, nodes: 3 });
    assert.deepEqual(await stats('reader', '?project_id=p-demo&type=CLUSTER'), { clusters: 1, nodes: 3 });
    assert.deepEqual(await stats('other'), { clusters: 0, nodes: 0 });
    assert.deepEqual(await stats('admin'), { clusters: 1, nodes: 3 });
    assert.deepEqual(await stats('admin', '?project_id=nowhere'), { clusters: 0, nodes: 0 });
    const foreign = await api.as('other').get('/v1/stats?project_id=p-demo').expect(403);
    assert.equal(foreign.body.errors[0].detail, 'Not authorized.');
    const type = await api.as('demo').get('/v1/stats?type=x').expect(400);
    assert.equal(type.body.errors[0].detail, "Invalid stats type. Allowed values are 'cluster'");
  });

  it('shows the conductors to administrators', async () => {
    await api.database.source.query(
      `INSERT INTO conductors (host, report_count, last_seen_at) VALUES ('c1', 7, now()), ('c2', 3, now() - interval '5 minutes')`,
    );
    const { body } = await api.as('admin').get('/v1/mservices').expect(200);
    const [one, two] = body.mservices;
    const { created_at: createdAt, ...rest } = one;
    assert.ok(createdAt);
    assert.deepEqual(rest, {
      host: 'c1',
      binary: 'magnum-conductor',
      state: 'up',
      id: 1,
      report_count: 7,
      disabled: false,
      disabled_reason: null,
      updated_at: null,
    });
    assert.equal(two.state, 'down');
    await api.as('demo').get('/v1/mservices').expect(403);
    await api.as('admin').get('/v1/mservices?limit=1').expect(400);
  });

  it('keeps quotas', async () => {
    assert.deepEqual((await api.as('demo').get('/v1/quotas/p-demo/Cluster').expect(200)).body, {
      hard_limit: 20,
      project_id: 'p-demo',
      resource: 'Cluster',
    });
    await api.as('other').get('/v1/quotas/p-demo/Cluster').expect(403);
    await api.as('demo').post('/v1/quotas', { project_id: 'p-demo' }).expect(403);
    const admin = api.as('admin');
    const missing = await admin.post('/v1/quotas', { project_id: 'nowhere' }).expect(404);
    assert.equal(missing.body.errors[0].detail, 'The project_id nowhere could not be found.');
    await admin.post('/v1/quotas', {}).expect(400);
    const { body } = await admin.post('/v1/quotas', { project_id: 'p-demo', hard_limit: '1' }).expect(201);
    assert.deepEqual(
      [body.id, body.hard_limit, body.project_id, body.resource, body.updated_at],
      [1, 1, 'p-demo', 'Cluster', null],
    );
    const again = await admin.post('/v1/quotas', { project_id: 'p-demo' }).expect(409);
    assert.equal(again.body.errors[0].detail, 'Quota for project p-demo already exists for resource Cluster.');
    await api.as('demo').post('/v1/clusters', { cluster_template_id: 't' }).expect(403);
    assert.deepEqual((await admin.get('/v1/quotas').expect(200)).body, { quotas: [] });
    const all = await admin.get('/v1/quotas?all_tenants=True&limit=1&sort_key=hard_limit').expect(200);
    assert.equal(all.body.quotas.length, 1);
    assert.match(all.body.next, /all_tenants=True&limit=1&marker=1$/);
    assert.deepEqual((await admin.get(all.body.next.replace('http://api', '')).expect(200)).body, { quotas: [] });
    await admin.patch('/v1/quotas/p-demo/Cluster', {}).expect(400);
    await admin.patch('/v1/quotas/nowhere/Cluster', { hard_limit: 3 }).expect(404);
    const changed = await admin
      .patch('/v1/quotas/p-demo/Cluster', { project_id: 'p-demo', resource: 'Cluster', hard_limit: 3 })
      .expect(202);
    assert.equal(changed.body.hard_limit, 3);
    await api.as('demo').post('/v1/clusters', { cluster_template_id: 't' }).expect(202);
    await admin.delete('/v1/quotas/p-demo/Cluster').expect(204);
    await admin.delete('/v1/quotas/p-demo/Cluster').expect(404);
  });

  it('has no federations', async () => {
    assert.deepEqual((await api.as('demo').get('/v1/federations').expect(200)).body, { federations: [] });
    await api.as('demo').get('/v1/federations/x').expect(404);
  });

  it('tells the story of a cluster, also after its end', async () => {
    const first = await api.as('reader').get('/v1/clusters/k1/events').expect(200);
    assert.equal(first.body.events[0].type, 'operation.accepted');
    assert.equal(first.body.events[0].message, 'creating cluster k1 was asked for');
    const later = await api.as('reader').get(`/v1/clusters/k1/events?after=${first.body.after}`).expect(200);
    assert.deepEqual(later.body, { events: [], after: first.body.after });

    const { body } = await api.as('reader').get('/v1/clusters/k1/operations?limit=1').expect(200);
    const [operation] = body.operations;
    assert.equal(operation.kind, 'create');
    assert.ok(body.next);
    await api.database.source.query(
      `INSERT INTO operation_steps (operation_uuid, name, position, status) VALUES ($1, 'trust', 1, 'complete')`,
      [operation.uuid],
    );
    const shown = await api.as('reader').get(`/v1/clusters/k1/operations/${operation.uuid}`).expect(200);
    assert.deepEqual(
      shown.body.steps.map((step: { name: string; status: string }) => [step.name, step.status]),
      [['trust', 'complete']],
    );
    await api.as('reader').get('/v1/clusters/k1/operations/nope').expect(404);
    assert.deepEqual((await api.as('reader').get('/v1/clusters/k1/nodes').expect(200)).body, { nodes: [] });

    for (const path of ['events', 'operations', `operations/${operation.uuid}`, 'nodes']) {
      await api.as('other').get(`/v1/clusters/${cluster}/${path}`).expect(404);
    }
    await api.database.source.query('DELETE FROM clusters WHERE uuid = $1', [cluster]);
    assert.ok((await api.as('reader').get(`/v1/clusters/${cluster}/events`).expect(200)).body.events.length > 0);
    await api.as('reader').get(`/v1/clusters/${cluster}/operations`).expect(200);
    await api.as('reader').get(`/v1/clusters/${cluster}/nodes`).expect(404);
    await api.as('other').get(`/v1/clusters/${cluster}/events`).expect(404);
  });
});
