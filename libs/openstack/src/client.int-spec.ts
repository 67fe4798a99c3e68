import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CallRecord } from './caller.js';
import { Cloud } from './cloud.js';
import type { Credentials } from './credentials.js';
import { isNotFound, isQuota, isRetryable, isUnauthorized, OpenStackError } from './errors.js';
import { DrivenClock, WireServer } from './test/wire-server.js';

const demo: Credentials = {
  kind: 'password',
  username: 'demo',
  password: 'very-secret',
  userDomainName: 'Default',
  projectName: 'demo',
};
const NETWORKS = '/network/v2.0/networks';

let wire: WireServer;
let clock: DrivenClock;
let cloud: Cloud;
let calls: CallRecord[];
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  wire = await WireServer.start();
  clock = new DrivenClock();
  calls = [];
  cloud = new Cloud({
    authUrl: `${wire.url}/identity`,
    clock,
    onCall: (record) => calls.push(record),
    timeouts: { headersMs: 300 },
  });
  wire.on('POST /identity/v3/auth/tokens', () => ({
    status: 201,
    headers: { 'x-subject-token': `token-${++wire.logins}` },
    body: { token: wire.token(clock.now()) },
  }));
  opened.push(cloud, wire);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const failure = async (work: Promise<unknown>): Promise<OpenStackError> => {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof OpenStackError, String(error));
    return error;
  }
  return assert.fail('it should have failed');
};

describe('logins', () => {
  it('fetch one token for many calls of many sessions', async () => {
    wire.on(`GET ${NETWORKS}`, () => ({ body: { networks: [] } }));
    await Promise.all(Array.from({ length: 20 }, () => cloud.session({ ...demo }).network.networks.list()));
    assert.equal(wire.logins, 1);
  });

  it('are renewed once on 401, and the call repeated', async () => {
    let refused = 0;
    wire.on(`GET ${NETWORKS}`, ({ headers }) =>
      headers['x-auth-token'] === 'token-1'
        ? (refused++, { status: 401, body: { error: { message: 'no' } } })
        : { body: { networks: [] } },
    );
    await cloud.session(demo).network.networks.list();
    assert.deepEqual([wire.logins, refused], [2, 1]);
  });

  it('tell a 401 that stays', async () => {
    wire.on(`GET ${NETWORKS}`, () => ({ status: 401, body: { error: { message: 'no' } } }));
    const error = await failure(cloud.session(demo).network.networks.list());
    assert.ok(isUnauthorized(error) && !isRetryable(error));
    assert.equal(wire.count(`GET ${NETWORKS}`), 2);
  });

  it('are refreshed at 80 % of their life while the old token serves', async () => {
    wire.on(`GET ${NETWORKS}`, () => ({ body: { networks: [] } }));
    const session = cloud.session(demo);
    await session.network.networks.list();
    clock.time += 0.79 * 3600_000;
    await session.network.networks.list();
    assert.equal(wire.logins, 1);
    clock.time += 0.02 * 3600_000;
    await session.network.networks.list();
    assert.equal(wire.seen.at(-1)?.headers['x-auth-token'] ?? 'token-1', 'token-1');
    while (wire.logins < 2) await new Promise((resolve) => setImmediate(resolve));
    await session.projectId();
    assert.equal(wire.logins, 2);
  });

  it('with a token ask once who it is and use it as it is', async () => {
    wire.on('GET /identity/v3/auth/tokens', ({ headers }) => {
      assert.equal(headers['x-subject-token'], 'given');
      return { body: { token: wire.token(clock.now()) } };
    });
    wire.on(`GET ${NETWORKS}`, () => ({ body: { networks: [] } }));
    const session = cloud.session({ kind: 'token', token: 'given' });
    await session.network.networks.list();
    assert.equal(await session.projectId(), 'p1');
    assert.equal(wire.seen.length, 2);
  });

  const bodies: [what: string, credentials: Credentials, expected: object][] = [
    [
      'a trust',
      { kind: 'trust', userId: 'u9', password: 'x', trustId: 't1' },
      {
        identity: { methods: ['password'], password: { user: { id: 'u9', password: 'x' } } },
        scope: { 'OS-TRUST:trust': { id: 't1' } },
      },
    ],
    [
      'an application credential',
      { kind: 'application-credential', id: 'a1', secret: 'x' },
      { identity: { methods: ['application_credential'], application_credential: { id: 'a1', secret: 'x' } } },
    ],
    [
      'a domain',
      { kind: 'password', username: 'admin', password: 'x', userDomainName: 'j', domainName: 'j' },
      {
        identity: { methods: ['password'], password: { user: { name: 'admin', domain: { name: 'j' }, password: 'x' } } },
        scope: { domain: { name: 'j' } },
      },
    ],
  ];
  for (const [what, credentials, expected] of bodies) {
    it(`of ${what} are asked for as Keystone wants it`, async () => {
      await cloud.session(credentials).whoAmI();
      assert.deepEqual(wire.seen[0]?.body, { auth: expected });
    });
  }
});

describe('retries', () => {
  it('repeat a GET after 503, as late as the cloud asks', async () => {
    let left = 2;
    wire.on(`GET ${NETWORKS}`, () =>
      left-- > 0 ? { status: 503, headers: { 'retry-after': '3' }, body: 'busy' } : { body: { networks: [] } },
    );
    await cloud.session(demo).network.networks.list();
    assert.equal(clock.slept.length, 2);
    assert.ok(clock.slept.every((ms) => ms >= 3000 && ms < 3500));
  });

  it('leave a long Retry-After to the caller', async () => {
    wire.on(`GET ${NETWORKS}`, () => ({ status: 429, headers: { 'retry-after': '120' }, body: {} }));
    const error = await failure(cloud.session(demo).network.networks.list());
    assert.equal(error.retryAfterMs, 120_000);
    assert.ok(isRetryable(error));
    assert.equal(wire.count(`GET ${NETWORKS}`), 1);
  });

  it('give up a GET after four attempts', async () => {
    wire.on(`GET ${NETWORKS}`, () => 'drop');
    const error = await failure(cloud.session(demo).network.networks.list());
    assert.equal(wire.count(`GET ${NETWORKS}`), 4);
    assert.ok(isRetryable(error) && !error.sideEffectUnknown);
    assert.equal(error.httpStatus, null);
  });

  it('repeat no POST whose line broke, and say that it may have been done', async () => {
    wire.on(`POST ${NETWORKS}`, () => 'drop');
    const error = await failure(cloud.session(demo).network.networks.create({ name: 'n' }));
    assert.equal(wire.count(`POST ${NETWORKS}`), 1);
    assert.ok(error.sideEffectUnknown && isRetryable(error));
  });

  const harmless: [status: number, headers: Record<string, string>][] = [
    [429, {}],
    [503, { 'retry-after': '1' }],
  ];
  for (const [status, headers] of harmless) {
    it(`repeat a POST after ${status}, which did nothing`, async () => {
      let left = 1;
      wire.on(`POST ${NETWORKS}`, () =>
        left-- > 0 ? { status, headers, body: {} } : { status: 201, body: { network: { id: 'n1', name: 'n' } } },
      );
      assert.equal((await cloud.session(demo).network.networks.create({ name: 'n' })).id, 'n1');
    });
  }

  it('repeat no POST after 500', async () => {
    wire.on(`POST ${NETWORKS}`, () => ({ status: 500, body: { NeutronError: { type: 'X', message: 'oops', detail: '' } } }));
    const error = await failure(cloud.session(demo).network.networks.create({ name: 'n' }));
    assert.equal(wire.count(`POST ${NETWORKS}`), 1);
    assert.ok(error.sideEffectUnknown && isRetryable(error));
  });

  it('know that a refused connection did nothing', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const nobody = new Cloud({ authUrl: `http://127.0.0.1:${port}/v3`, clock });
    opened.push(nobody);
    const error = await failure(nobody.session(demo).whoAmI());
    assert.equal(error.sideEffectUnknown, false);
    assert.equal(clock.slept.length, 3);
    assert.match(error.message, /^identity: the connection was refused$/);
  });

  it('end with the signal', async () => {
    const controller = new AbortController();
    wire.on(`GET ${NETWORKS}`, () => {
      controller.abort(new Error('enough'));
      return { status: 503, body: {} };
    });
    const session = cloud.session(demo).withSignal(controller.signal);
    await assert.rejects(session.network.networks.list(), /enough/);
    assert.equal(wire.count(`GET ${NETWORKS}`), 1);
  });

  it('count a silent service as unreachable', async () => {
    wire.on(`POST ${NETWORKS}`, () => 'hang');
    const error = await failure(cloud.session(demo).network.networks.create({}));
    assert.equal(error.message, 'network: no answer within the time allowed');
    assert.ok(error.sideEffectUnknown);
  });
});

describe('errors', () => {
  it('carry service, status, path, request id and the words of the cloud; no token', async () => {
    wire.on(`GET ${NETWORKS}/n1`, () => ({
      status: 404,
      headers: { 'x-openstack-request-id': 'req-1' },
      body: {
        NeutronError: { type: 'NetworkNotFound', message: `Network n1 not found by ${'gAAAAA'.padEnd(60, 'x')}`, detail: '' },
      },
    }));
    const error = await failure(cloud.session(demo).network.networks.get('n1'));
    assert.ok(isNotFound(error));
    assert.equal(error.message, 'network: Network n1 not found by ***');
    assert.deepEqual(
      { ...error.fields, fault: error.fault },
      {
        service: 'network',
        httpStatus: 404,
        method: 'GET',
        path: '/networks/{id}',
        requestId: 'req-1',
        fault: 'NetworkNotFound',
      },
    );
    assert.doesNotMatch(JSON.stringify(error) + String(error.stack), /very-secret|token-1/);
  });

  it('are told from pages and broken JSON that come with 200', async () => {
    for (const body of ['<html>Log in</html>', '{"networks": [', '{"networks": 5}', '[]']) {
      wire.on(`GET ${NETWORKS}`, () => ({ body }));
      const error = await failure(cloud.session(demo).network.networks.list());
      assert.ok(isRetryable(error), body);
    }
  });

  it('tell a redirect, and follow none', async () => {
    wire.on(`GET ${NETWORKS}`, () => ({ status: 302, headers: { location: `${wire.url}/login` } }));
    const error = await failure(cloud.session(demo).network.networks.list());
    assert.match(error.message, /redirect \(302\)/);
    assert.equal(wire.count('GET /login'), 0);
  });

  const quotas: [status: number, body: object][] = [
    [409, { NeutronError: { type: 'OverQuota', message: 'Quota exceeded for resources', detail: '' } }],
    [403, { forbidden: { code: 403, message: 'Quota exceeded for cores: Requested 1, but already used 20 of 20 cores' } }],
    [403, { faultcode: 'Client', faultstring: 'Quota has been met for resources: Load Balancer' }],
    [413, { overLimit: { code: 413, message: 'VolumeLimitExceeded' } }],
  ];
  for (const [status, body] of quotas) {
    it(`know a quota: ${JSON.stringify(body)}`, async () => {
      wire.on(`POST ${NETWORKS}`, () => ({ status, body }));
      const error = await failure(cloud.session(demo).network.networks.create({}));
      assert.ok(isQuota(error) && !isRetryable(error) && !error.sideEffectUnknown);
    });
  }

  it('name the service that the catalogue has not', async () => {
    const error = await failure(cloud.session(demo).loadBalancer.pools.list());
    assert.equal(error.service, 'load-balancer');
    assert.ok(!isRetryable(error));
  });
});

describe('collections', () => {
  it('fetch page after page', async () => {
    wire.on(`GET ${NETWORKS}`, ({ query }) =>
      query.get('marker') === 'n2'
        ? { body: { networks: [{ id: 'n3', name: 'c', 'new-field': { kept: true } }] } }
        : { body: { networks: [{ id: 'n1' }, { id: 'n2' }], networks_links: [{ rel: 'next', href: 'http://elsewhere' }] } },
    );
    const all = await cloud.session(demo).network.networks.list({ shared: true });
    assert.deepEqual(
      all.map(({ id }) => id),
      ['n1', 'n2', 'n3'],
    );
    assert.deepEqual(all[2]?.['new-field'], { kept: true });
  });

  it('find by name exactly, by id, and say when a name is not enough', async () => {
    const images = [
      { id: 'i1', name: 'ubuntu' },
      { id: 'i2', name: 'twice' },
      { id: 'i3', name: 'twice' },
    ];
    wire.on('GET /image/v2/images', () => ({ body: { images } }));
    const { images: glance } = cloud.session(demo).image;
    assert.equal((await glance.find('ubuntu')).kind, 'found');
    assert.equal((await glance.find('ubunt')).kind, 'none');
    assert.deepEqual(await glance.find('twice'), { kind: 'ambiguous', ids: ['i2', 'i3'] });
  });

  it('delete what is gone', async () => {
    await cloud.session(demo).network.networks.delete('n9');
  });

  it('refuse an empty id rather than delete the collection', async () => {
    await assert.rejects(cloud.session(demo).network.networks.delete(''), /without id/);
  });
});

it('every attempt is recorded without values', async () => {
  wire.on(`GET ${NETWORKS}/n1`, () => ({ status: 404, headers: { 'x-openstack-request-id': 'req-7' }, body: {} }));
  await failure(cloud.session(demo).network.networks.get('n1'));
  assert.deepEqual(
    calls.map(({ service, method, template, status, attempt, requestId }) => ({
      service,
      method,
      template,
      status,
      attempt,
      requestId,
    })),
    [
      { service: 'identity', method: 'POST', template: '/auth/tokens', status: 201, attempt: 1, requestId: undefined },
      { service: 'network', method: 'GET', template: '/networks/{id}', status: 404, attempt: 1, requestId: 'req-7' },
    ],
  );
});

describe('waiting for servers', () => {
  const server = (n: number, status = 'BUILD'): object => ({ id: `s${n}`, name: `k1-abc-worker-${n}`, status });

  it('costs one list for all', async () => {
    wire.on('GET /compute/v2.1/servers/detail', ({ query, headers }) => {
      assert.equal(query.get('name'), '^k1-abc-');
      assert.equal(headers['openstack-api-version'], 'compute 2.79');
      return { body: { servers: Array.from({ length: 200 }, (_, n) => server(n)) } };
    });
    const { servers } = cloud.session(demo).compute;
    const seen = await Promise.all(Array.from({ length: 200 }, (_, n) => servers.observe(`s${n}`, { namePrefix: 'k1-abc-' })));
    assert.equal(wire.count('GET /compute/v2.1/servers/detail'), 1);
    assert.ok(seen.every((one) => one?.status === 'BUILD'));
  });

  it('asks for what the list does not show before it is gone', async () => {
    wire.on('GET /compute/v2.1/servers/detail', () => ({ body: { servers: [server(1), server(2)] } }));
    wire.on('GET /compute/v2.1/servers/s3', () => ({ body: { server: server(3, 'ACTIVE') } }));
    const { servers } = cloud.session(demo).compute;
    const seen = await Promise.all(['s1', 's2', 's3', 's4'].map((id) => servers.observe(id, { namePrefix: 'k1-abc-' })));
    assert.deepEqual(
      seen.map((one) => one?.status ?? null),
      ['BUILD', 'BUILD', 'ACTIVE', null],
    );
  });

  it('tells all who wait when the list fails, and goes on afterwards', async () => {
    let broken = true;
    wire.on('GET /compute/v2.1/servers/detail', () =>
      broken ? { status: 403, body: { forbidden: { message: 'no' } } } : { body: { servers: [1, 2, 3].map((n) => server(n)) } },
    );
    const { servers } = cloud.session(demo).compute;
    const round = (): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(['s1', 's2', 's3'].map((id) => servers.observe(id, { namePrefix: 'k1-abc-' })));
    assert.ok((await round()).every(({ status }) => status === 'rejected'));
    broken = false;
    assert.ok((await round()).every(({ status }) => status === 'fulfilled'));
  });

  it('looks twice for a server that was just made', async () => {
    let asked = 0;
    wire.on('GET /compute/v2.1/servers/s1', () => (++asked === 1 ? { status: 404, body: {} } : { body: { server: server(1) } }));
    const one = await cloud.session(demo).compute.servers.observe('s1', { askTwice: true });
    assert.equal(one?.status, 'BUILD');
  });
});
