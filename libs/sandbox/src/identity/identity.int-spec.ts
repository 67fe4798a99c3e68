import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSandbox } from '../start.js';
import type { Sandbox } from '../options.js';
import { authenticate, baseOf, clientFor, TestClient, until } from '../testing/http.js';

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
});
after(() => sandbox.close());

const password = (name: string, secret: string, domain = 'Default'): object => ({
  methods: ['password'],
  password: { user: { name, password: secret, domain: { name: domain } } },
});

test('a project-scoped token carries roles, implied ones too, and the catalog', async () => {
  const answer = await authenticate(sandbox, {
    identity: password('demo', sandbox.passwords.demo),
    scope: { project: { name: 'demo', domain: { id: 'default' } } },
  });
  assert.equal(answer.status, 201);
  assert.deepEqual(
    answer
      .at<{ name: string }[]>('token.roles')
      .map((role) => role.name)
      .sort(),
    ['member', 'reader'],
  );
  const compute = answer
    .at<{ type: string; endpoints: { url: string }[] }[]>('token.catalog')
    .find((entry) => entry.type === 'compute');
  assert.equal(compute?.endpoints[0]?.url, `${baseOf(sandbox)}/compute/v2.1`);
  assert.ok(answer.headers.get('x-openstack-request-id')?.startsWith('req-'));
});

test('a wrong password is 401 with a challenge, and so is a missing token', async () => {
  const answer = await authenticate(sandbox, { identity: password('demo', 'wrong') });
  assert.equal(answer.status, 401);
  assert.equal(answer.at<number>('error.code'), 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Keystone uri=/);
  assert.equal((await new TestClient(baseOf(sandbox), '').get('/identity/v3/users')).status, 401);
});

test('validation: a service may ask about any token, a stranger gets 403, a revoked one is 404', async () => {
  const service = await clientFor(sandbox, 'jeroboam');
  const other = await clientFor(sandbox, 'other');
  const token =
    (await authenticate(sandbox, { identity: password('demo', sandbox.passwords.demo) })).headers.get('x-subject-token') ?? '';
  const ask = { 'x-subject-token': token };
  assert.equal((await service.send('GET', '/identity/v3/auth/tokens', undefined, ask)).at('token.user.name'), 'demo');
  assert.equal((await other.send('GET', '/identity/v3/auth/tokens', undefined, ask)).status, 403);
  assert.equal((await service.send('HEAD', '/identity/v3/auth/tokens', undefined, ask)).status, 200);
  assert.equal((await service.send('DELETE', '/identity/v3/auth/tokens', undefined, ask)).status, 204);
  assert.equal((await service.send('GET', '/identity/v3/auth/tokens', undefined, ask)).status, 404);
});

test('a trust: made by the trustor, used by the trustee of another domain, dead with its parties', async () => {
  const domainAdmin = await clientFor(sandbox, 'jeroboam_domain_admin');
  const made = await domainAdmin.post('/identity/v3/users', { user: { name: 'trustee-1', password: 'sesame' } });
  assert.equal(made.status, 201);
  const trustee = made.at('user.id');
  const demo = await clientFor(sandbox, 'demo');
  const me = (await demo.send('GET', '/identity/v3/auth/projects')).at('projects.0.id');
  const trustor = (await authenticate(sandbox, { identity: password('demo', sandbox.passwords.demo) })).at('token.user.id');
  const body = {
    trust: {
      trustor_user_id: trustor,
      trustee_user_id: trustee,
      project_id: me,
      impersonation: true,
      roles: [{ name: 'member' }],
    },
  };
  assert.equal(
    (await demo.post('/identity/v3/OS-TRUST/trusts', { trust: { ...body.trust, roles: [{ name: 'admin' }] } })).status,
    404,
  );
  assert.equal((await (await clientFor(sandbox, 'other')).post('/identity/v3/OS-TRUST/trusts', body)).status, 403);
  const trust = await demo.post('/identity/v3/OS-TRUST/trusts', body);
  assert.equal(trust.status, 201);
  const scope = { 'OS-TRUST:trust': { id: trust.at('trust.id') } };
  const inside = await authenticate(sandbox, {
    identity: { methods: ['password'], password: { user: { id: trustee, password: 'sesame' } } },
    scope,
  });
  assert.equal(inside.status, 201);
  assert.equal(inside.at('token.user.id'), trustor);
  assert.equal(inside.at('token.OS-TRUST:trust.trustee_user.id'), trustee);
  const token = new TestClient(baseOf(sandbox), inside.headers.get('x-subject-token') ?? '');
  assert.equal((await token.post('/identity/v3/OS-TRUST/trusts', body)).status, 403);
  assert.equal((await token.get('/identity/v3/auth/catalog')).status, 200);
  assert.equal((await domainAdmin.delete(`/identity/v3/users/${trustee}`)).status, 204);
  assert.equal((await token.get('/identity/v3/auth/catalog')).status, 401);
  assert.equal((await demo.get(`/identity/v3/OS-TRUST/trusts/${trust.at('trust.id')}`)).status, 404);
});

test("a domain's admin manages its own domain only, a member nobody", async () => {
  const domainAdmin = await clientFor(sandbox, 'jeroboam_domain_admin');
  const demo = await clientFor(sandbox, 'demo');
  assert.equal((await domainAdmin.post('/identity/v3/users', { user: { name: 'x', domain_id: 'default' } })).status, 403);
  assert.equal((await demo.post('/identity/v3/users', { user: { name: 'x' } })).status, 403);
  assert.equal((await (await clientFor(sandbox, 'admin')).post('/identity/v3/users', { user: { name: 'x' } })).status, 201);
});

test('an application credential authenticates, and a restricted one makes no trust', async () => {
  const demo = await clientFor(sandbox, 'demo');
  const self = (await authenticate(sandbox, { identity: password('demo', sandbox.passwords.demo) })).at('token.user.id');
  const made = await demo.post(`/identity/v3/users/${self}/application_credentials`, { application_credential: { name: 'ci' } });
  assert.equal(made.status, 201);
  const { id, secret } = made.at<{ id: string; secret: string }>('application_credential');
  const answer = await authenticate(sandbox, {
    identity: { methods: ['application_credential'], application_credential: { id, secret } },
  });
  assert.equal(answer.status, 201);
  const client = new TestClient(baseOf(sandbox), answer.headers.get('x-subject-token') ?? '');
  assert.equal(
    (
      await client.post('/identity/v3/OS-TRUST/trusts', {
        trust: { trustor_user_id: self, trustee_user_id: self, impersonation: true, roles: [] },
      })
    ).status,
    403,
  );
  assert.equal((await demo.delete(`/identity/v3/users/${self}/application_credentials/${id}`)).status, 204);
  assert.equal((await client.get('/identity/v3/auth/catalog')).status, 401);
});

test('tokens run out; a trust dies with the role it passes on', async () => {
  const brief = await startSandbox({ latencies: 'zero', guests: false, tokenSeconds: 1 });
  try {
    const admin = await clientFor(brief, 'admin');
    const user = (await admin.post('/identity/v3/users', { user: { name: 'leaver', password: 'pw' } })).at('user.id');
    const project = (await admin.get('/identity/v3/projects?name=demo')).at('projects.0.id');
    const role = (await admin.get('/identity/v3/roles?name=member')).at('roles.0.id');
    const grant = `/identity/v3/projects/${project}/users/${user}/roles/${role}`;
    assert.equal((await admin.put(grant, undefined)).status, 204);
    const own = await authenticate(brief, { identity: password('leaver', 'pw'), scope: { project: { id: project } } });
    const leaver = new TestClient(baseOf(brief), own.headers.get('x-subject-token') ?? '');
    const trust = await leaver.post('/identity/v3/OS-TRUST/trusts', {
      trust: {
        trustor_user_id: user,
        trustee_user_id: user,
        project_id: project,
        impersonation: true,
        roles: [{ name: 'reader' }],
      },
    });
    const scope = { 'OS-TRUST:trust': { id: trust.at('trust.id') } };
    const inside = await authenticate(brief, { identity: password('leaver', 'pw'), scope });
    const token = new TestClient(baseOf(brief), inside.headers.get('x-subject-token') ?? '');
    assert.equal((await token.get('/network/v2.0/networks')).status, 200);
    assert.equal((await admin.delete(grant)).status, 204);
    assert.equal((await token.get('/network/v2.0/networks')).status, 401);
    assert.equal((await authenticate(brief, { identity: password('leaver', 'pw'), scope })).status, 403);
    await until(
      () => admin.get('/identity/v3/users'),
      (answer) => answer.status === 401,
    );
  } finally {
    await brief.close();
  }
});
