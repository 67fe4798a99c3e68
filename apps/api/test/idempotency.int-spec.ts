import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { IdempotencyKeysRepository } from '#libs/db';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type supertest from 'supertest';
import { createApi } from '../src/create-api.js';
import { Idempotency } from '../src/http/idempotency.js';
import { openParts } from '../src/parts.js';
import { ApiHarness, Requests } from './harness.js';

type Row = Record<string, unknown>;
const HUNDRED = Array.from({ length: 100 }, (_, i) => i);

describe('Idempotency-Key', () => {
  let api: ApiHarness;
  let second: Requests;
  let secondApp: NestFastifyApplication;
  let closeSecond: () => Promise<void>;
  before(async () => {
    api = await ApiHarness.start(
      { API_PUBLIC_URL: 'http://api', MAX_CLUSTERS_PER_PROJECT: '10' },
      { upgrade: true, rotateCa: true },
    );
    // A second process would not know more of the first than this: only the database is shared.
    const parts = await openParts(api.parts.settings);
    const app = await createApi(parts);
    secondApp = app;
    second = new Requests(app.getHttpServer(), { 'x-auth-token': 'demo', 'openstack-api-version': 'container-infra latest' });
    closeSecond = async () => {
      await app.close();
      await parts.close();
    };
    await api.as('demo').post('/v1/clustertemplates', { name: 't', image_id: 'ubuntu', coe: 'kubernetes' }).expect(201);
  });
  after(async () => {
    await closeSecond();
    await api.close();
  });
  beforeEach(async () => {
    for (const table of ['clusters', 'operations', 'events', 'sealed_secrets', 'idempotency_keys', 'quotas']) {
      await api.database.source.query(`DELETE FROM ${table}`);
    }
  });

  const rows = (sql: string, ...parameters: unknown[]): Promise<Row[]> => api.database.source.query(sql, parameters);
  const demo = (): Requests => api.as('demo', 'latest');
  const create = (to: Requests, key: string, body: object = {}): supertest.Test =>
    to.post('/v1/clusters', { cluster_template_id: 't', name: 'k1', ...body }).set('idempotency-key', key);
  /** As if the process had died after its commit and before its answer. */
  const forgetAnswer = (): Promise<Row[]> =>
    rows(`UPDATE idempotency_keys SET status = NULL, headers = '{}', body = NULL, claimed_until = now() - interval '1 second'`);

  it('makes one cluster of a hundred equal requests that come together to two processes', async () => {
    const key = randomUUID();
    const answers = await Promise.all(HUNDRED.map((i) => create(i % 2 ? demo() : second, key)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([202]));
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 1);
    assert.equal(new Set(answers.map((answer) => answer.headers['content-type'])).size, 1);
    assert.equal(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined).length, 1);
    assert.equal(new Set(answers.map((answer) => answer.headers['x-openstack-request-id'])).size, 100);
    assert.equal(await api.count('clusters'), 1);
    assert.equal(await api.count('operations'), 1);
    const [cluster] = await rows('SELECT uuid FROM clusters');
    assert.deepEqual(answers[0]?.body, cluster);
  });

  it('accepts exactly ten of a hundred parallel creates against a quota of ten', async () => {
    const answers = await Promise.all(HUNDRED.map((i) => create(i % 2 ? demo() : second, `k-${i}`, { name: `k${i}` })));
    const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
    assert.deepEqual([count(202), count(403)], [10, 90]);
    assert.equal(await api.count('clusters'), 10);
    // A refusal is not kept: with room the same request is done.
    await api.as('admin').post('/v1/quotas', { project_id: 'p-demo', hard_limit: 11 }).expect(201);
    const refused = answers.findIndex((answer) => answer.status === 403);
    await create(demo(), `k-${refused}`, { name: `k${refused}` }).expect(202);
  });

  it('gives the same answer later, from another process, also of a refusal', async () => {
    const first = await create(demo(), 'a').expect(202);
    await demo().delete(`/v1/clusters/${first.body.uuid}`).expect(204);
    await rows('DELETE FROM clusters');
    const again = await create(second, '"a"').expect(202);
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(await api.count('clusters'), 0);
    const missing = await demo().delete('/v1/clusters/k1').set('idempotency-key', 'b').expect(404);
    await create(demo(), 'c').expect(202);
    const kept = await second.delete('/v1/clusters/k1').set('idempotency-key', 'b').expect(404);
    assert.deepEqual(kept.body, missing.body);
    assert.deepEqual(
      ['content-type', 'openstack-api-version', 'vary'].map((name) => kept.headers[name]),
      ['content-type', 'openstack-api-version', 'vary'].map((name) => missing.headers[name]),
    );
  });

  it('refuses the key for another body, path, method or microversion, and takes keys in another order', async () => {
    await create(demo(), 'a').expect(202);
    for (const other of [
      create(demo(), 'a', { name: 'k2' }),
      create(api.as('demo', '1.12'), 'a'),
      demo().post('/v1/clustertemplates', { cluster_template_id: 't', name: 'k1' }).set('idempotency-key', 'a'),
      demo().patch('/v1/clusters', { cluster_template_id: 't', name: 'k1' }).set('idempotency-key', 'b'),
    ]) {
      const { status, body } = await other;
      assert.ok(status === 422 || status === 405 || status === 400, JSON.stringify(body));
    }
    const { body } = await create(demo(), 'a', { name: 'k2' }).expect(422);
    assert.match(body.errors[0].detail, /^The Idempotency-Key was used for another request/);
    await demo().post('/v1/clusters', { name: 'k1', cluster_template_id: 't' }).set('idempotency-key', 'a').expect(202);
    // Another user's and another project's keys are their own.
    await create(api.as('colleague', 'latest'), 'a', { name: 'k3' }).expect(202);
    assert.equal(await api.count('clusters'), 2);
  });

  it('refuses malformed keys, and ignores the header where nothing is changed', async () => {
    for (const key of ['""', 'a b', 'a,b', 'x'.repeat(256)]) await create(demo(), key).expect(400);
    await demo().get('/v1/clusters').set('idempotency-key', 'a b').expect(200);
    assert.equal(await api.count('idempotency_keys'), 0);
  });

  it('does not keep what is not the answer of the request: 503, 403', async () => {
    api.cloud.down.add('compute');
    await create(demo(), 'a', { keypair: 'kp' }).expect(503);
    api.cloud.down.clear();
    await create(demo(), 'a', { keypair: 'kp' }).expect(202);
    await create(api.as('reader', 'latest'), 'a').expect(403);
    assert.equal(await api.count('idempotency_keys'), 1);
  });

  describe('when the process dies between commit and answer', () => {
    interface Lost {
      readonly person: string;
      readonly method: 'post' | 'patch' | 'delete';
      readonly path: string;
      readonly body?: unknown;
      readonly before?: () => Promise<unknown>;
    }
    const template = { name: 'old', image_id: 'ubuntu', coe: 'kubernetes' };
    const quota = async (): Promise<unknown> => api.as('admin').post('/v1/quotas', { project_id: 'p-other' }).expect(201);
    const lost: Record<string, Lost> = {
      'a create': { person: 'demo', method: 'post', path: '/v1/clusters', body: { cluster_template_id: 't' } },
      'a new template': { person: 'demo', method: 'post', path: '/v1/clustertemplates', body: template },
      'a changed template, even its name': {
        person: 'demo',
        method: 'patch',
        path: '/v1/clustertemplates/old',
        body: [{ op: 'replace', path: '/name', value: 'renamed' }],
        before: async () => {
          await rows(`DELETE FROM cluster_templates WHERE name = 'old'`);
          await demo().post('/v1/clustertemplates', template).expect(201);
        },
      },
      'a removed template': { person: 'demo', method: 'delete', path: '/v1/clustertemplates/renamed' },
      'a new quota': { person: 'admin', method: 'post', path: '/v1/quotas', body: { project_id: 'p-demo', hard_limit: 3 } },
      'a changed quota': {
        person: 'admin',
        method: 'patch',
        path: '/v1/quotas/p-other/Cluster',
        body: { hard_limit: 4 },
        before: quota,
      },
      'a removed quota': { person: 'admin', method: 'delete', path: '/v1/quotas/p-other/Cluster', before: quota },
      'a removed quota, named in the body': {
        person: 'admin',
        method: 'delete',
        path: '/v1/quotas',
        body: { project_id: 'p-other', resource: 'Cluster' },
        before: quota,
      },
      'a deletion': {
        person: 'demo',
        method: 'delete',
        path: '/v1/clusters/k1',
        before: async () => create(demo(), 'made').expect(202),
      },
    };
    /** A cluster that can be changed in every way. */
    const complete = async (): Promise<void> => {
      await create(demo(), 'made').expect(202);
      await rows(`UPDATE operations SET status = 'complete'`);
      await rows(`UPDATE clusters SET status = 'CREATE_COMPLETE', api_address = 'https://x:6443', coe_version = 'v1.36.4'`);
      await rows(`UPDATE node_groups SET status = 'CREATE_COMPLETE'`);
      await rows(
        `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
         SELECT gen_random_uuid(), uuid, project_id, 'extra', 'worker', 1, status FROM clusters`,
      );
    };
    const changed: [string, Lost['method'], string, unknown][] = [
      ['a PATCH of nodes', 'patch', '', [{ op: 'replace', path: '/node_count', value: 3 }]],
      ['a PATCH of health', 'patch', '', [{ op: 'replace', path: '/health_status', value: 'HEALTHY' }]],
      ['a resize', 'post', '/actions/resize', { node_count: 3 }],
      ['an upgrade', 'post', '/actions/upgrade', { cluster_template: 't' }],
      ['a new node group', 'post', '/nodegroups', { name: 'more', node_count: 1, flavor_id: 'm1.small' }],
      ['a changed node group', 'patch', '/nodegroups/extra', [{ op: 'replace', path: '/min_node_count', value: 1 }]],
      ['a removed node group', 'delete', '/nodegroups/extra', undefined],
    ];
    for (const [what, method, path, body] of changed)
      lost[what] = { person: 'demo', method, path: `/v1/clusters/k1${path}`, body, before: complete };
    lost['a rotation of authorities'] = { person: 'demo', method: 'patch', path: '/v1/certificates/k1', before: complete };
    lost['a rotation of credentials'] = { person: 'demo', method: 'patch', path: '/v1/credentials/k1', before: complete };

    for (const [what, { person, method, path, body, before: prepare }] of Object.entries(lost)) {
      it(`answers ${what} as it was, and does nothing again`, async () => {
        const state = async (): Promise<unknown> => [
          await rows('SELECT uuid, revision FROM clusters'),
          await rows('SELECT uuid, revision FROM node_groups ORDER BY id'),
          await rows('SELECT uuid, revision FROM cluster_templates ORDER BY id'),
          await rows('SELECT id, revision FROM quotas'),
          await rows('SELECT uuid FROM operations ORDER BY id'),
        ];
        await prepare?.();
        const send = (): supertest.Test =>
          api
            .as(person, 'latest')
            .of(method, path)
            .set('content-type', 'application/json')
            .set('idempotency-key', 'lost')
            .send(body as object);
        const first = await send();
        assert.ok(first.status < 300, first.text);
        const then = await state();
        await forgetAnswer();
        const again = await send();
        const said = ({ status, text, headers }: supertest.Response): unknown => [
          status,
          text,
          ...['location', 'etag', 'content-type'].map((name) => headers[name]),
        ];
        assert.deepEqual(said(again), said(first));
        assert.deepEqual(await state(), then);
        assert.deepEqual(said(await send()), said(first));
      });
    }
  });

  it('answers 409 to whoever waits for too long, here and in another process', async () => {
    const [{ waitMs }, services] = [api.app.get(Idempotency), [api.app.get(Idempotency), secondApp.get(Idempotency)]];
    for (const service of services) service.waitMs = 100;
    // Never answers: the cloud does not.
    api.cloud.silent.add('network');
    const running = create(demo(), 'slow', { fixed_network: 'private' }).then((answer) => answer);
    while ((await api.count('idempotency_keys')) === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const by of [demo(), second]) {
      const { body, headers } = await create(by, 'slow', { fixed_network: 'private' }).expect(409);
      assert.equal(headers['retry-after'], '5');
      assert.match(body.errors[0].detail, /^The first request with this Idempotency-Key is still being worked on/);
    }
    await create(second, 'slow', { name: 'other' }).expect(422);
    await create(demo(), 'slow', { name: 'other' }).expect(422);
    api.cloud.speak();
    const first = await running;
    assert.equal(first.status, 202);
    for (const service of services) service.waitMs = waitMs;
    assert.deepEqual((await create(second, 'slow', { fixed_network: 'private' }).expect(202)).body, first.body);
    assert.equal(await api.count('clusters'), 1);
  });

  it('does the work of a client that has hung up, and gives its answer to whoever comes again', async () => {
    api.cloud.silent.add('network');
    const body = JSON.stringify({ cluster_template_id: 't', name: 'k1', fixed_network: 'private' });
    const server = api.app.getHttpServer();
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const headers = {
      'x-auth-token': 'demo',
      'openstack-api-version': 'container-infra latest',
      'content-type': 'application/json',
      'idempotency-key': 'hung-up',
    };
    const { port } = server.address() as AddressInfo;
    const client = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/v1/clusters', headers });
    client.on('error', () => undefined);
    client.end(body);
    while ((await api.count('idempotency_keys')) === 0) await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    await new Promise((resolve) => server.getConnections(resolve));
    api.cloud.speak();
    const again = await create(second, 'hung-up', { fixed_network: 'private' }).expect(202);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(await api.count('clusters'), 1);
  });

  it('keeps answers for a day', async () => {
    await create(demo(), 'a').expect(202);
    const keys = api.app.get(IdempotencyKeysRepository);
    await rows(`UPDATE idempotency_keys SET created_at = now() - interval '23 hours'`);
    await keys.removeOld(24);
    assert.equal(await api.count('idempotency_keys'), 1);
    await rows(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    await keys.removeOld(24);
    assert.equal(await api.count('idempotency_keys'), 0);
  });

  it('lets somebody who lost his claim commit nothing', async () => {
    await api.as('admin').post('/v1/quotas', { project_id: 'p-demo', hard_limit: 3 }).expect(201);
    // Between the claim and the transaction another process takes over: the trigger stands for it.
    await rows(`CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE idempotency_keys SET claim = gen_random_uuid(), claimed_until = now() + interval '1 hour'; RETURN NEW; END $$`);
    await rows('CREATE TRIGGER steal BEFORE UPDATE ON quotas FOR EACH ROW EXECUTE FUNCTION steal()');
    await api.as('admin').patch('/v1/quotas/p-demo/Cluster', { hard_limit: 7 }).set('idempotency-key', 'z').expect(409);
    await rows('DROP TRIGGER steal ON quotas');
    assert.deepEqual(await rows('SELECT hard_limit FROM quotas'), [{ hard_limit: 3 }]);
  });
});
