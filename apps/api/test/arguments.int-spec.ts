import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('what a route does not take', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start({}, { rotateCa: true });
    const world = new ClusterWorld(api);
    await world.template('t');
    await world.cluster();
  });
  after(() => api.close());

  const strange: [method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object][] = [
    ['get', '/v1/?x=1'],
    ['get', '/v1/clusters?x=1'],
    ['get', '/v1/clusters/k1?x=1'],
    ['get', '/clusters/k1?x=1'],
    ['get', '/v1/clustertemplates/t?x=1'],
    ['get', '/v1/clusters/k1/nodegroups?x=1'],
    ['get', '/v1/clusters/k1/nodegroups/default-worker?x=1'],
    ['get', '/v1/certificates/k1?x=1'],
    ['get', '/v1/mservices?x=1'],
    ['post', '/v1/clusters?x=1', { cluster_template_id: 't' }],
    ['post', '/v1/clusters/k1/actions/resize?x=1', { node_count: 1 }],
    ['post', '/v1/clusters/k1/nodegroups?x=1', { name: 'g' }],
    ['patch', '/v1/clusters/k1?x=1', []],
    ['patch', '/v1/clusters/k1/nodegroups/default-worker?x=1', []],
    ['patch', '/v1/certificates/k1?x=1'],
    ['patch', '/v1/certificates/k1', { x: 1 }],
    ['patch', '/v1/credentials/k1', { x: 1 }],
    ['delete', '/v1/clusters/k1?x=1'],
    ['delete', '/v1/clusters/k1/nodegroups/default-worker?x=1'],
  ];
  for (const [method, path, body] of strange) {
    it(`is refused: ${method} ${path}${body ? ` ${JSON.stringify(body)}` : ''}`, async () => {
      const request = api.as('demo', 'latest').of(method, path);
      const answer = await (body ? request.set('content-type', 'application/json').send(body) : request).expect(400);
      assert.deepEqual(answer.body, errorBody(400, 'Unknown argument: "x"'));
    });
  }

  it('is told with all its names', async () => {
    const { body } = await api.as('demo').get('/v1/clusters/k1?a=1&b=2').expect(400);
    assert.deepEqual(body, errorBody(400, 'Unknown argument: "a, b"'));
  });

  it('may be nothing: no body, an empty one, an empty object', async () => {
    await api.as('demo', 'latest').patch('/v1/credentials/k1', {}).expect(202);
    await api.as('demo', 'latest').patch('/v1/credentials/k1').expect(202);
    const list = await api.as('demo', 'latest').patch('/v1/credentials/k1', []).expect(400);
    assert.deepEqual(list.body, errorBody(400, 'Request must be a JSON dict'));
    await api.as('demo', 'latest').of('patch', '/v1/certificates/k1').set('content-type', 'application/json').expect(202);
  });
});
