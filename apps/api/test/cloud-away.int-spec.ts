import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import type supertest from 'supertest';
import { SandboxWorld } from './sandbox-world.js';

type Service = 'identity' | 'image' | 'compute' | 'network';
const IMAGE = 'ubuntu-24.04-kube-v1.36.4';

describe('a cloud that is down', () => {
  let world: SandboxWorld;
  let member = '';
  let admin = '';
  let project = '';
  let cluster = '';
  before(async () => {
    world = await SandboxWorld.start();
    member = await world.token('demo', world.sandbox.passwords.demo, 'demo');
    admin = await world.token('admin', world.sandbox.passwords.admin, 'admin');
    const template = { name: 't', image_id: IMAGE, coe: 'kubernetes', flavor_id: 'm1.small', master_flavor_id: 'm1.small' };
    project = (await world.with(member).post('/v1/clustertemplates', template).expect(201)).body.project_id;
    await world
      .with(member)
      .post('/v1/clustertemplates', { ...template, name: 'unused' })
      .expect(201);
    cluster = (await world.with(member).post('/v1/clusters', { name: 'k1', cluster_template_id: 't' }).expect(202)).body.uuid;
    await sql(`UPDATE operations SET status = 'complete', finished_at = now()`);
    await sql(`UPDATE clusters SET status = 'CREATE_COMPLETE', api_address = 'https://x:6443', coe_version = 'v1.36.4'`);
    await sql(`UPDATE node_groups SET status = 'CREATE_COMPLETE'`);
    await world.with(admin).get('/v1/clusters').expect(200);
  });
  after(() => world.close());
  afterEach(() => world.clearFaults());

  const sql = (text: string): Promise<unknown[]> => world.database.source.query(text);
  let fresh = 0;
  /** Names that nobody has asked for: found ones are remembered for half a minute. */
  const name = (): string => `fresh-${fresh++}`;
  const replace = (path: string, value: string): object[] => [{ op: 'replace', path, value }];

  /** Every call that looks something up in the cloud, by service. */
  const calls: Record<string, { service: Service; send: () => supertest.Test }> = {
    'a template’s image': {
      service: 'image',
      send: () => world.with(member).post('/v1/clustertemplates', { name: 'x', image_id: name(), coe: 'kubernetes' }),
    },
    'a template’s flavor': {
      service: 'compute',
      send: () =>
        world.with(member).post('/v1/clustertemplates', { name: 'x', image_id: IMAGE, coe: 'kubernetes', flavor_id: name() }),
    },
    'a template’s external network': {
      service: 'network',
      send: () =>
        world
          .with(member)
          .post('/v1/clustertemplates', { name: 'x', image_id: IMAGE, coe: 'kubernetes', external_network_id: name() }),
    },
    'a template’s subnet': {
      service: 'network',
      send: () =>
        world.with(member).post('/v1/clustertemplates', { name: 'x', image_id: IMAGE, coe: 'kubernetes', fixed_subnet: name() }),
    },
    'a template’s new image': {
      service: 'image',
      send: () => world.with(member).patch('/v1/clustertemplates/unused', replace('/image_id', name())),
    },
    'a template’s new network': {
      service: 'network',
      send: () => world.with(member).patch('/v1/clustertemplates/unused', replace('/fixed_network', name())),
    },
    'a cluster’s flavor': {
      service: 'compute',
      send: () => world.with(member).post('/v1/clusters', { cluster_template_id: 't', flavor_id: name() }),
    },
    'a cluster’s key pair': {
      service: 'compute',
      send: () => world.with(member).post('/v1/clusters', { cluster_template_id: 't', keypair: name() }),
    },
    'a cluster’s network': {
      service: 'network',
      send: () => world.with(member).post('/v1/clusters', { cluster_template_id: 't', fixed_network: name() }),
    },
    'a cluster’s new flavor': {
      service: 'compute',
      send: () => world.with(member).patch('/v1/clusters/k1', replace('/flavor_id', name())),
    },
    'a node group’s flavor': {
      service: 'compute',
      send: () => world.with(member).post('/v1/clusters/k1/nodegroups', { name: 'g', node_count: 1, flavor_id: name() }),
    },
    'a node group’s image': {
      service: 'image',
      send: () => world.with(member).post('/v1/clusters/k1/nodegroups', { name: 'g', node_count: 1, image_id: name() }),
    },
    'a quota’s project': {
      service: 'identity',
      send: () => world.with(admin).post('/v1/quotas', { project_id: name() }),
    },
    'a caller': { service: 'identity', send: () => world.with(`unknown-${name()}`).get('/v1/clusters') },
  };
  const faults: Record<string, Omit<FaultRule, 'service'>> = {
    'answers 503': { kind: 'status', status: 503, count: 0 },
    'answers 500': { kind: 'status', status: 500, count: 0 },
    'cuts the line': { kind: 'drop-before', count: 0 },
  };
  for (const [what, { service, send }] of Object.entries(calls)) {
    for (const [how, fault] of Object.entries(faults)) {
      // One way for each is enough, all three for the first of a service.
      const first = Object.values(calls).find((one) => one.service === service)?.send === send;
      if (!first && how !== 'answers 503') continue;
      it(`names the ${service} service that ${how} when ${what} is looked up, and stores nothing`, async () => {
        const stored = async (): Promise<unknown> => [
          await sql('SELECT uuid, revision FROM clusters'),
          await sql('SELECT uuid, revision FROM node_groups ORDER BY id'),
          await sql('SELECT uuid, revision FROM cluster_templates ORDER BY id'),
          await sql('SELECT uuid FROM operations'),
          await sql('SELECT id FROM quotas'),
        ];
        const before = await stored();
        await world.fault({ service, ...fault });
        const { status, body } = await send();
        assert.equal(status, 503, JSON.stringify(body));
        const [error] = body.errors as [{ code: string; status: number; detail: string }];
        assert.deepEqual([error.code, error.status], ['server', 503]);
        assert.match(error.detail, new RegExp(`^The ${service} service `));
        assert.deepEqual(await stored(), before);
        await world.clearFaults();
        assert.ok((await send()).status < 500, 'as ever when it is back');
      });
    }
  }

  it('serves what needs no cloud while all of it is down', async () => {
    // A token that was looked up a moment ago: it is remembered for a minute.
    const caller = await world.token('demo', world.sandbox.passwords.demo, 'demo');
    await world.with(caller).get('/v1/clusters').expect(200);
    for (const service of ['identity', 'image', 'compute', 'network'] as const)
      await world.fault({ service, kind: 'status', status: 503, count: 0 });
    for (const path of ['/v1/clusters', `/v1/clusters/${cluster}`, '/v1/clustertemplates/t', `/v1/quotas/${project}/Cluster`])
      await world.with(caller).get(path).expect(200);
    await world.with(caller).post('/v1/clusters/k1/actions/resize', { node_count: 2 }).expect(202);
    await world.with(caller).delete('/v1/clusters/k1').expect(204);
  });
});
