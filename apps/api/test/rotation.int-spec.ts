import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { OPERATION_TOKEN, operationOwner } from '#libs/db';
import { ClusterWorld, errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

describe('PATCH /v1/certificates/{cluster}', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start({}, { rotateCa: true });
    world = new ClusterWorld(api);
    await world.template('t');
    await world.template('plain');
    await world.rows(`UPDATE cluster_templates SET tls_disabled = true WHERE name = 'plain'`);
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster();
  });
  /** As python-magnumclient sends it: octet-stream, no body. */
  const rotate = (person = 'demo', ident = uuid) =>
    api.as(person, 'latest').of('patch', `/v1/certificates/${ident}`).set('content-type', 'application/octet-stream');

  it('stores the status and the operation before it answers', async () => {
    assert.deepEqual((await rotate().expect(202)).body, { uuid });
    assert.deepEqual(await world.asked(), [['rotate-ca', {}]]);
    assert.deepEqual(await world.state(), [
      ['UPDATE_IN_PROGRESS', null],
      ['default-master', 'CREATE_COMPLETE', 'before', 1],
      ['default-worker', 'CREATE_COMPLETE', 'before', 1],
    ]);
    assert.equal(await api.count('sealed_secrets'), 0);
  });

  it('is not possible without TLS, nor in every status', async () => {
    await world.status('UPDATE_IN_PROGRESS', uuid);
    const busy = await rotate().expect(400);
    assert.deepEqual(busy.body, errorBody(400, 'Updating a cluster when status is "UPDATE_IN_PROGRESS" is not supported.'));
    const plain = await world.cluster({ name: 'k2', cluster_template_id: 'plain' });
    const { body } = await rotate('demo', plain).expect(400);
    assert.deepEqual(body, errorBody(400, 'Rotating the CA certificate on a non-TLS cluster is not supported'));
    assert.deepEqual(await world.asked(), []);
  });

  it('is for members of the project, whoever made the cluster', async () => {
    await rotate('other').expect(404);
    await rotate('admin').expect(404);
    const reader = await rotate('reader').expect(403);
    assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow certificate:rotate_ca to be performed."));
    await rotate('colleague').expect(202);
  });
});

describe('a driver that cannot rotate authorities', () => {
  it('says so before anything changes', async () => {
    const api = await ApiHarness.start({}, { rotateCa: false });
    try {
      const world = new ClusterWorld(api);
      await world.template('t');
      await world.cluster();
      const { body } = await api.as('demo').patch('/v1/certificates/k1').expect(400);
      assert.deepEqual(body, errorBody(400, "'rotate_ca_certificate' is not supported by this driver."));
      assert.equal((await world.state())[0]?.[0], 'CREATE_COMPLETE');
    } finally {
      await api.close();
    }
  });
});

describe('PATCH /v1/credentials/{cluster}', () => {
  let api: ApiHarness;
  let world: ClusterWorld;
  let uuid: string;
  before(async () => {
    api = await ApiHarness.start();
    world = new ClusterWorld(api);
    await world.template('t');
  });
  after(() => api.close());
  beforeEach(async () => {
    await world.empty();
    uuid = await world.cluster();
  });
  const rotate = (person = 'demo', version = 'latest', body: unknown = undefined) =>
    api.as(person, version).patch('/v1/credentials/k1', body);

  it('seals the token of who asks, and leaves the status alone', async () => {
    assert.deepEqual((await rotate('colleague', '1.12').expect(202)).body, { uuid });
    await rotate('demo', 'latest', {}).expect(202);
    assert.deepEqual(await world.asked(), [
      ['rotate-credential', {}],
      ['rotate-credential', {}],
    ]);
    const [operation] = await world.rows(`SELECT uuid, user_id FROM operations WHERE status = 'pending' ORDER BY id LIMIT 1`);
    const token = await api.parts.secrets.find(operationOwner(String(operation?.['uuid'])), OPERATION_TOKEN);
    assert.deepEqual([token?.toString(), operation?.['user_id']], ['colleague', 'u-colleague']);
    assert.deepEqual((await world.state())[0], ['CREATE_COMPLETE', 'before']);
  });

  for (const status of ['CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_IN_PROGRESS', 'ROLLBACK_FAILED']) {
    it(`refuses ${status}`, async () => {
      await world.status(status, uuid);
      const { body } = await rotate().expect(400);
      assert.deepEqual(body, errorBody(400, `Rotating the credential of a cluster when status is "${status}" is not supported.`));
      assert.equal(await api.count('sealed_secrets'), 0);
    });
  }

  it('begins with 1.12, and is for members of the project alone', async () => {
    await rotate('demo', '1.11').expect(406);
    await rotate('other').expect(404);
    await rotate('admin').expect(404);
    const reader = await rotate('reader').expect(403);
    assert.deepEqual(reader.body, errorBody(403, "Policy doesn't allow credential:rotate to be performed."));
    for (const method of ['get', 'post', 'delete'] as const)
      await api.as('demo', 'latest').of(method, '/v1/credentials/k1').expect(405);
    assert.deepEqual(await world.asked(), []);
  });
});
