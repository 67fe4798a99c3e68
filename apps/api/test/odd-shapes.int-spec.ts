import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiHarness } from './harness.js';

/** Requests beside the routes, answered as a Magnum (2025.1 on the bench) answers them. */
describe('odd shapes', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
    await api.as('demo').post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
    await api.as('demo').post('/v1/clusters', { name: 'k1', cluster_template_id: 't' }).expect(202);
  });
  after(() => api.close());

  type Method = 'get' | 'post' | 'patch' | 'delete';
  const missing = (argument: string): string => `Missing argument: "${argument}"`;
  const readOnly = 'Cannot set read only field.';
  const table: [Method, string, unknown, number, string, string?][] = [
    ['delete', '/v1/clusters', undefined, 400, missing('cluster_ident')],
    ['patch', '/v1/clusters', [], 400, missing('cluster_ident')],
    ['delete', '/clusters/', undefined, 400, missing('cluster_ident')],
    ['delete', '/v1/clustertemplates', undefined, 400, missing('cluster_template_ident')],
    ['patch', '/v1/clustertemplates', [], 400, missing('cluster_template_ident')],
    ['delete', '/v1/federations', undefined, 400, missing('federation_ident')],
    ['patch', '/v1/federations', [], 400, missing('federation_ident')],
    ['patch', '/v1/certificates', undefined, 400, missing('cluster_ident')],
    ['patch', '/v1/credentials', undefined, 400, missing('cluster_ident')],
    ['patch', '/v1/credentials', undefined, 406, '', '1.11'],
    ['delete', '/v1/clusters/k1/nodegroups', undefined, 400, missing('nodegroup_id')],
    ['patch', '/v1/clusters/k1/nodegroups', [], 400, missing('nodegroup_id'), '1.9'],
    ['patch', '/v1/clusters/k1/nodegroups', [], 406, '', '1.8'],
    ['get', '/v1/quotas/p', undefined, 400, missing('resource')],
    ['patch', '/v1/quotas/p', { hard_limit: 3 }, 400, missing('resource')],
    ['delete', '/v1/quotas/p', undefined, 400, missing('resource')],
    ['patch', '/v1/quotas', { hard_limit: 3 }, 400, missing('project_id')],
    ['delete', '/v1/quotas', undefined, 400, missing('project_id')],
    ['delete', '/v1/quotas', { resource: 'Cluster' }, 400, missing('project_id')],
    ['delete', '/v1/quotas', { project_id: 'p' }, 400, missing('resource')],
    ['delete', '/v1/quotas', { project_id: 'p', resource: 'Cluster', x: 1 }, 400, 'Unknown argument: "x"'],
    ['delete', '/v1/quotas', [], 400, 'Request must be a JSON dict'],
    [
      'delete',
      '/v1/quotas',
      { project_id: 'p', resource: 'Cluster' },
      404,
      'Quota could not be found: project_id p resource Cluster.',
    ],
    ['get', '/v1/mservices/1', undefined, 405, ''],
    ['get', '/v1/stats/x', undefined, 405, ''],
    ['post', '/v1/stats', {}, 405, ''],
    ['get', '/v1/clusters/k1/actions', undefined, 405, ''],
    ['get', '/v1/clusters/k1/actions/resize', undefined, 405, ''],
    ['get', '/v1/clusters/k1/actions/x', undefined, 405, ''],
    ['post', '/v1/clusters/k1/actions/x', {}, 405, ''],
    ['get', '/v1/certificates', undefined, 405, ''],
    ['get', '/v1/nodegroups', undefined, 404, ''],
    ['post', '/v1/federations', undefined, 400, missing('federation')],
    ['post', '/v1/federations', {}, 400, 'No hostcluster specified. Please specify a hostcluster_id.'],
    ['post', '/v1/federations', { hostcluster_id: 'nope', properties: {} }, 404, 'Cluster nope could not be found.'],
    ['post', '/v1/federations', { hostcluster_id: 'k1' }, 400, 'Please specify a `properties` dict for the federation.'],
    [
      'post',
      '/v1/federations',
      { hostcluster_id: 'k1', properties: {} },
      400,
      'No DNS zone specified. Please specify a `dns-zone`.',
    ],
    ['post', '/v1/federations', { x: 1 }, 400, 'Unknown attribute for argument federation: x'],
    ['post', '/v1/federations', { links: [] }, 400, `Invalid input for field/attribute links. Value: '[]'. ${readOnly}`],
    ['patch', '/v1/federations/x', [], 404, 'Federation x could not be found.'],
    [
      'patch',
      '/v1/federations/x?rollback=True',
      [{ op: 'replace', path: '/member_ids', value: 'x' }],
      404,
      'Federation x could not be found.',
    ],
    [
      'patch',
      '/v1/federations/x',
      [{ op: 'replace', path: '/uuid', value: 'x' }],
      400,
      "'/uuid' is an internal attribute and can not be updated",
    ],
    ['delete', '/v1/federations/x', undefined, 404, 'Federation x could not be found.'],
    ['get', '/v1/federations?limit=0', undefined, 400, 'Limit must be positive'],
    ['get', '/v1/federations?sort_key=x', undefined, 400, 'The sort_key value "x" is an invalid field for sorting'],
    [
      'get',
      '/v1/federations/detail?marker=5e1f3f3c-1f3c-4f3c-8f3c-1f3c4f3c8f3c',
      undefined,
      404,
      'Federation 5e1f3f3c-1f3c-4f3c-8f3c-1f3c4f3c8f3c could not be found.',
    ],
    ['get', '/v1/clusters?all_tenants=1', undefined, 400, 'Unknown argument: "all_tenants"'],
    ['get', '/v1/clusters/detail?all_tenants=1', undefined, 400, 'Unknown argument: "all_tenants"'],
    ['get', '/v1/clustertemplates?all_tenants=True', undefined, 400, 'Unknown argument: "all_tenants"'],
    ['get', '/v1/clusters/k1/nodegroups?all_tenants=1', undefined, 400, 'Unknown argument: "all_tenants"'],
    ['get', '/v1/mservices?all_tenants=1', undefined, 400, 'Unknown argument: "all_tenants"'],
    ['get', '/v1/quotas?project_id=x', undefined, 400, 'Unknown argument: "project_id"'],
  ];
  for (const [method, path, body, status, detail, version = 'latest'] of table) {
    it(`answers ${method.toUpperCase()} ${path} ${JSON.stringify(body) ?? ''} at ${version} with ${status}`, async () => {
      const answer = await api
        .as('admin', version)
        .of(method, path)
        .set('content-type', 'application/json')
        .send(body as object);
      assert.equal(answer.status, status, answer.text);
      if (status !== 406) assert.equal(answer.body.errors[0].detail, detail);
      if (status === 405) assert.ok(answer.headers['allow'] !== undefined);
      await api.as(null, version).of(method, path).expect(401);
    });
  }

  it('accepts a federation and makes none', async () => {
    const body = { hostcluster_id: 'k1', properties: { 'dns-zone': 'x.' }, member_ids: ['a'], status: 'CREATE_FAILED' };
    const answer = await api.as('demo').post('/v1/federations', body).expect(202);
    assert.deepEqual(Object.keys(answer.body), ['uuid']);
    await api.as('demo').get(`/v1/federations/${answer.body.uuid}`).expect(404);
    await api.as('reader').post('/v1/federations', body).expect(403);
  });

  it('takes every word for all_tenants of quotas that says yes or no', async () => {
    await api.as('admin').post('/v1/quotas', { project_id: 'p-demo' }).expect(201);
    for (const [word, count] of [
      ...(['1', 't', 'true', 'TRUE', 'on', 'y', 'Yes'] as const).map((yes) => [yes, 1] as const),
      ...(['0', 'f', 'False', 'off', 'n', 'NO'] as const).map((no) => [no, 0] as const),
    ]) {
      const { body } = await api.as('admin').get(`/v1/quotas?all_tenants=${word}`).expect(200);
      assert.equal(body.quotas.length, count, word);
    }
    for (const word of ['maybe', '', '2']) await api.as('admin').get(`/v1/quotas?all_tenants=${word}`).expect(400);
  });
});
