import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ApiHarness, type Requests } from './harness.js';

type Row = Record<string, unknown>;

describe('ETag, If-Match, If-None-Match', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start({}, { upgrade: true, rotateCa: true });
  });
  after(() => api.close());
  beforeEach(async () => {
    for (const table of ['clusters', 'cluster_templates', 'operations', 'events', 'quotas']) {
      await api.database.source.query(`DELETE FROM ${table}`);
    }
    await demo()
      .post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes', labels: { a: '1' } })
      .expect(201);
    await demo().post('/v1/clusters', { name: 'k1', cluster_template_id: 't' }).expect(202);
    await sql(`UPDATE clusters SET status = 'CREATE_COMPLETE', api_address = 'https://x:6443', coe_version = 'v1.36.4'`);
    await sql(
      `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
       SELECT gen_random_uuid(), uuid, project_id, 'extra', 'worker', 1, status FROM clusters`,
    );
    await sql(`UPDATE node_groups SET status = 'CREATE_COMPLETE'`);
  });
  const demo = (version = 'latest'): Requests => api.as('demo', version);
  const sql = (text: string): Promise<Row[]> => api.database.source.query(text);
  const tagOf = async (path: string, by: Requests = demo()): Promise<string> => {
    const { headers } = await by.get(path).expect(200);
    assert.match(headers['etag'] ?? '', /^"[\w-]{32}"$/);
    return headers['etag'] ?? '';
  };
  const K1 = '/v1/clusters/k1';
  const GROUP = `${K1}/nodegroups/default-worker`;
  const rename = (name: string): object[] => [{ op: 'replace', path: '/name', value: name }];
  const health = [{ op: 'replace', path: '/health_status', value: 'HEALTHY' }];

  it('has a tag for everything that is shown to a caller', async () => {
    const uuid = String((await sql('SELECT uuid FROM clusters'))[0]?.['uuid']);
    const paths = [
      ...['/v1/clusters', '/v1/clusters/detail', K1, `${K1}/nodegroups`, GROUP, `${K1}/events`, `${K1}/operations`],
      ...['/v1/clustertemplates', '/v1/clustertemplates/t', '/v1/quotas/p-demo/Cluster', '/v1/stats', '/v1/federations'],
    ];
    const tags = new Map<string, string>();
    for (const path of paths) tags.set(await tagOf(path), path);
    assert.equal(tags.size, paths.length);
    assert.equal(await tagOf(`/v1/clusters/${uuid}`), await tagOf(K1));
    const { headers } = await api.as(null).get('/v1').expect(200);
    assert.equal(headers['etag'], undefined);
  });

  it('changes when anything shown changes, and with the microversion', async () => {
    const seen = new Set([await tagOf(K1)]);
    for (const change of [
      `UPDATE node_groups SET node_count = 7 WHERE role = 'worker'`,
      `UPDATE node_groups SET node_addresses = '["10.0.0.1"]' WHERE role = 'master'`,
      `UPDATE cluster_templates SET labels = '{"a": "2"}'`,
      `UPDATE clusters SET status_reason = 'because'`,
    ]) {
      await sql(change);
      seen.add(await tagOf(K1));
    }
    seen.add(await tagOf(K1, demo('1.12')));
    assert.equal(seen.size, 6);
    assert.equal(await tagOf(K1), await tagOf(K1));
    assert.equal(await tagOf(K1), await tagOf(K1, api.as('admin', 'latest')));
  });

  it('answers 304 to who has it', async () => {
    const tag = await tagOf(K1);
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const { text, headers } = await demo().get(K1).set('if-none-match', header).expect(304);
      assert.equal(text, '');
      assert.equal(headers['etag'], tag);
      assert.equal(headers['vary'], 'OpenStack-API-Version');
    }
    await demo().get(K1).set('if-none-match', '"x"').expect(200);
    await demo('1.12').get(K1).set('if-none-match', tag).expect(200);
  });

  it('gives with the answer of a change the tag of what is there afterwards', async () => {
    const patched = await demo().patch('/v1/clustertemplates/t', rename('t2')).expect(200);
    assert.equal(patched.headers['etag'], await tagOf('/v1/clustertemplates/t2'));
    const made = await demo().post('/v1/clustertemplates', { name: 'new', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
    assert.equal(made.headers['etag'], await tagOf('/v1/clustertemplates/new'));
    const changed = await demo().patch(K1, health).expect(202);
    assert.equal(changed.headers['etag'], await tagOf(K1));
    const group = await demo()
      .patch(`${K1}/nodegroups/extra`, [{ op: 'replace', path: '/min_node_count', value: 1 }])
      .expect(202);
    assert.equal(group.headers['etag'], await tagOf(`${K1}/nodegroups/extra`));
    const more = await demo().post(`${K1}/nodegroups`, { name: 'more', node_count: 1, flavor_id: 'm1.small' }).expect(202);
    assert.equal(more.headers['etag'], await tagOf(`${K1}/nodegroups/more`));
    const resized = await demo().post(`${K1}/actions/resize`, { node_count: 4 }).expect(202);
    assert.equal(resized.headers['etag'], await tagOf(K1));
    const quota = await api.as('admin').post('/v1/quotas', { project_id: 'p-demo' }).expect(201);
    assert.equal(quota.headers['etag'], await tagOf('/v1/quotas/p-demo/Cluster', api.as('admin')));
  });

  describe('If-Match', () => {
    const changes: Record<
      string,
      { path: string; see: string; by?: string; method: 'post' | 'patch' | 'delete'; body?: unknown }
    > = {
      'a template’s PATCH': {
        path: '/v1/clustertemplates/t',
        see: '/v1/clustertemplates/t',
        method: 'patch',
        body: rename('t2'),
      },
      'a cluster’s PATCH': { path: K1, see: K1, method: 'patch', body: health },
      'an empty PATCH': { path: K1, see: K1, method: 'patch', body: [] },
      'a resize': { path: `${K1}/actions/resize`, see: K1, method: 'post', body: { node_count: 3 } },
      'an upgrade': { path: `${K1}/actions/upgrade`, see: K1, method: 'post', body: { cluster_template: 't' } },
      'a new node group': {
        path: `${K1}/nodegroups`,
        see: K1,
        method: 'post',
        body: { name: 'more', node_count: 1, flavor_id: 'm1.small' },
      },
      'a node group’s PATCH': {
        path: `${K1}/nodegroups/extra`,
        see: `${K1}/nodegroups/extra`,
        method: 'patch',
        body: [{ op: 'replace', path: '/min_node_count', value: 1 }],
      },
      'a node group’s deletion': { path: `${K1}/nodegroups/extra`, see: `${K1}/nodegroups/extra`, method: 'delete' },
      'a rotation of authorities': { path: '/v1/certificates/k1', see: K1, method: 'patch' },
      'a rotation of credentials': { path: '/v1/credentials/k1', see: K1, method: 'patch' },
      'a deletion': { path: K1, see: K1, method: 'delete' },
      'a quota’s PATCH': {
        path: '/v1/quotas/p-demo/Cluster',
        see: '/v1/quotas/p-demo/Cluster',
        by: 'admin',
        method: 'patch',
        body: { hard_limit: 9 },
      },
      'a quota’s deletion': {
        path: '/v1/quotas',
        see: '/v1/quotas/p-demo/Cluster',
        by: 'admin',
        method: 'delete',
        body: { project_id: 'p-demo', resource: 'Cluster' },
      },
    };
    for (const [what, { path, see, by = 'demo', method, body }] of Object.entries(changes)) {
      it(`lets ${what} pass with the tag that is there, and not with another`, async () => {
        await api.as('admin').post('/v1/quotas', { project_id: 'p-demo', hard_limit: 5 }).expect(201);
        const state = async (): Promise<unknown> => [
          await sql('SELECT uuid, revision FROM clusters'),
          await sql('SELECT uuid, revision FROM cluster_templates'),
          await sql('SELECT id, revision FROM quotas'),
          await sql('SELECT uuid FROM operations'),
        ];
        const send = (header: string): ReturnType<Requests['of']> =>
          api
            .as(by, 'latest')
            .of(method, path)
            .set('content-type', 'application/json')
            .set('if-match', header)
            .send(body as object);
        const tag = await tagOf(see, api.as(by, 'latest'));
        const then = await state();
        for (const stale of ['"stale"', `W/${tag}`, '"a", "b"']) {
          const answer = await send(stale);
          assert.equal(answer.status, 412, answer.text);
          assert.match(answer.body.errors[0].detail, /^The resource has changed/);
        }
        assert.equal((await send('stale')).status, 400);
        assert.deepEqual(await state(), then);
        assert.ok((await send(`"other", ${tag}`)).status < 300);
      });
    }

    it('takes * for whatever is there, and tells a tag of something that is not there yet from it', async () => {
      await demo().patch(K1, health).set('if-match', '*').expect(202);
      await demo().post('/v1/clusters', { cluster_template_id: 't' }).set('if-match', '"x"').expect(412);
      await demo().post('/v1/clusters', { cluster_template_id: 't' }).set('if-match', '*').expect(202);
      await demo().patch('/v1/clusters/nope', health).set('if-match', '*').expect(404);
    });

    it('lets one of many writers with one tag win', async () => {
      for (const [path, body, success] of [
        ['/v1/clustertemplates/t', (i: number): unknown => [{ op: 'replace', path: '/tags', value: `t${i}` }], 200],
        [K1, (i: number): unknown => [{ op: 'replace', path: '/node_count', value: i + 2 }], 202],
      ] as const) {
        const tag = await tagOf(path);
        const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => demo().patch(path, body(i)).set('if-match', tag)));
        const statuses = answers.map((answer) => answer.status).sort();
        assert.deepEqual(statuses, [success, ...Array<number>(9).fill(412)]);
      }
      assert.equal((await sql(`SELECT 1 FROM operations WHERE kind = 'update'`)).length, 1);
    });

    it('is stale when a group of the cluster changes, and when its template’s labels do', async () => {
      for (const change of [
        `UPDATE node_groups SET node_count = 5 WHERE role = 'worker'`,
        `UPDATE cluster_templates SET labels = '{"b": "2"}'`,
      ]) {
        const tag = await tagOf(K1);
        await sql(change);
        await demo().patch(K1, health).set('if-match', tag).expect(412);
      }
      await demo()
        .patch(K1, health)
        .set('if-match', await tagOf(K1))
        .expect(202);
    });
  });
});
