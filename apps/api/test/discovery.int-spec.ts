import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiHarness } from './harness.js';

describe('discovery, negotiation and routing', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'https://cloud.example/container-infra' });
  });
  after(() => api.close());

  it('shows the versions to everybody', async () => {
    const { body, headers, status } = await api.as(null).get('/');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['openstack-api-version'], undefined);
    assert.match(headers['x-openstack-request-id'] ?? '', /^req-[0-9a-f-]{36}$/);
    assert.deepEqual(body, {
      name: 'OpenStack Magnum API',
      description: 'Magnum is an OpenStack project which aims to provide container cluster management.',
      versions: [
        {
          id: 'v1',
          status: 'CURRENT',
          min_version: '1.1',
          max_version: '1.14',
          links: [{ href: 'https://cloud.example/container-infra/v1/', rel: 'self' }],
        },
      ],
    });
  });

  for (const path of ['/v1', '/v1/']) {
    it(`shows the resources at ${path}`, async () => {
      const { body, headers } = await api.as(null, 'latest').get(path).expect(200);
      assert.equal(body.id, 'v1');
      assert.deepEqual(body.clusters, [
        { href: 'https://cloud.example/container-infra/v1/clusters/', rel: 'self' },
        { href: 'https://cloud.example/container-infra/clusters/', rel: 'bookmark' },
      ]);
      assert.equal(body.nodegroups[0].href, 'https://cloud.example/container-infra/v1/clusters/{cluster_id}/nodegroups');
      assert.equal(headers['openstack-api-minimum-version'], 'container-infrastructure-management 1.1');
      assert.equal(headers['openstack-api-maximum-version'], 'container-infrastructure-management 1.14');
      assert.equal(headers['openstack-api-version'], 'container-infrastructure-management 1.14');
      assert.equal(headers['vary'], 'OpenStack-API-Version');
    });
  }

  it('is healthy and ready', async () => {
    await api.as(null).get('/healthcheck').expect(200, 'OK');
    await api.as(null).get('/healthz').expect(200, 'OK');
    await api.as(null).get('/readyz').expect(200, { database: 'ok', queue: 'ok' });
  });

  it('asks for a token everywhere else, also where nothing is', async () => {
    for (const path of ['/v1/clustertemplates', '/v1/nothing', '/clusters']) {
      const { body, headers } = await api.as(null).get(path).expect(401);
      assert.equal(headers['www-authenticate'], `Keystone uri="${api.parts.settings.KEYSTONE_AUTH_URL}"`);
      assert.deepEqual(body, {
        error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
      });
    }
    await api.as('nonsense').get('/v1/clustertemplates').expect(401);
  });

  it('says 503 while Keystone is away', async () => {
    api.cloud.down.add('identity');
    const { body } = await api.as('colleague').get('/v1/clustertemplates').expect(503);
    assert.match(body.errors[0].detail, /identity service/);
    api.cloud.down.clear();
  });

  it('refuses a microversion that is not ours, in the special shape', async () => {
    const { body, headers } = await api
      .as('demo', '1.15')
      .get('/v1/clustertemplates')
      .set('accept', 'application/json')
      .expect(406);
    assert.equal(headers['openstack-api-version'], 'container-infrastructure-management 1.15');
    assert.deepEqual(body, {
      errors: [
        {
          code: 'magnum.microversion-unsupported',
          title: 'Requested microversion is unsupported',
          description:
            'Version 1.15 was requested but the minor version is not supported by this service. The supported version range is: ' +
            '[container-infrastructure-management 1.1, container-infrastructure-management 1.14].',
          min_version: '1.1',
          max_version: '1.14',
          links: [{ rel: 'help', href: 'http://docs.openstack.org/api-guide/compute/microversions.html' }],
        },
      ],
    });
  });

  it('refuses a malformed microversion, without version headers', async () => {
    const { body, headers } = await api
      .as('demo')
      .get('/v1/clustertemplates')
      .set('openstack-api-version', '1.9')
      .set('accept', 'application/json')
      .expect(406);
    assert.equal(headers['openstack-api-version'], undefined);
    assert.deepEqual(body.errors, [
      {
        request_id: '',
        code: '',
        status: 406,
        title: 'Not Acceptable',
        detail: 'Invalid service type for OpenStack-API-Version header',
        links: [],
      },
    ]);
  });

  const routing: [string, 'get' | 'post' | 'put' | 'delete' | 'options' | 'head', string, number, string | undefined][] = [
    ['an unknown path', 'get', '/v1/nothing', 404, undefined],
    ['a null character', 'get', '/v1/clustertemplates/a%00b', 404, undefined],
    ['half a character', 'get', '/v1/clustertemplates/%ED%A0%80', 400, undefined],
    ['a removed resource', 'get', '/v1/bays', 404, undefined],
    ['POST to an unknown path', 'post', '/v1/nothing', 405, ''],
    ['a wrong method', 'put', '/v1/clustertemplates', 405, 'GET, POST'],
    ['OPTIONS', 'options', '/v1/clustertemplates', 405, 'GET, POST'],
    ['HEAD', 'head', '/v1/clustertemplates', 405, 'GET, POST'],
    ['a path without version', 'get', '/clustertemplates', 200, undefined],
    ['a trailing slash', 'get', '/v1/clustertemplates/', 200, undefined],
    ['detail with a trailing slash', 'get', '/clustertemplates/detail/', 200, undefined],
  ];
  for (const [sentence, method, path, status, allow] of routing) {
    it(`answers ${status} to ${sentence}`, async () => {
      const { headers } = await api.as('demo').of(method, path).expect(status);
      assert.equal(headers['allow'], allow);
    });
  }

  it('answers what the client accepts, or not at all', async () => {
    for (const accept of ['', '*/*', 'application/json', 'text/html, */*;q=0.1']) {
      await api.as('demo').get('/v1/clustertemplates').set('accept', accept).expect(200);
    }
    for (const accept of ['text/plain', 'text/html', 'application/xml']) {
      await api.as('demo').get('/v1/clustertemplates').set('accept', accept).expect(406);
    }
  });

  it('refuses paths that cannot be read in the shape of every error', async () => {
    for (const [path, status, words] of [
      ['/v1/clusters/%ff', 400, 'The path is not valid.'],
      [`/v1/clusters/${'a'.repeat(5_000)}`, 414, 'The path is too long.'],
    ] as const) {
      const { body, headers } = await api.as('demo').get(path).expect(status);
      assert.equal(body.errors[0].detail, words);
      assert.match(headers['x-openstack-request-id'] ?? '', /^req-/);
    }
  });

  it('has its own description', async () => {
    const { body } = await api.as(null).get('/v1/openapi.json').expect(200);
    assert.equal(body.openapi, '3.1.0');
    await api.as(null).get('/docs').expect(200);
    await api.as(null).get('/docs/swagger-ui-bundle.js').expect(200);
  });

  it('tells its numbers on a listener of their own, not to users', async () => {
    await api.as(null).get('/metrics').expect(401);
    assert.match(await api.parts.metrics.metrics(), /jeroboam_api_request_seconds_bucket/);
  });
});
