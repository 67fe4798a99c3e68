import pg from 'pg';
import type { Scenario } from './scenario.js';

export const discovery: Scenario = {
  resource: 'discovery',
  async run(g) {
    const open = { as: null, version: null } as const;
    await g.ask(200, 'the versions, for everybody', 'GET /', open);
    await g.ask(200, 'the versions, whatever microversion is asked for', 'GET /', { as: null, version: '7.7' });
    await g.ask(200, 'the resources, without a microversion', 'GET /v1', open);
    await g.ask(200, 'the resources, with a slash', 'GET /v1/', { as: null });
    await g.ask(200, 'the resources, by another word for the service', 'GET /v1', {
      ...open,
      headers: { 'openstack-api-version': 'container-infrastructure 1.9' },
    });
    await g.ask(200, 'the newest microversion by its word', 'GET /v1', { as: null, version: 'LATEST' });
    for (const version of ['1.15', '1.0', '2.0']) {
      await g.ask(406, `microversion ${version} is not ours`, 'GET /v1', { as: null, version });
    }
    await g.ask(406, 'a microversion that is not ours, to who does not ask for JSON', 'GET /v1', {
      as: null,
      version: '1.15',
      headers: { accept: '*/*' },
    });
    for (const [name, value] of [
      ['without a service', '1.9'],
      ['of another service', 'compute 2.1'],
      ['that is a list', 'container-infra 1.9, compute 2.1'],
      ['that is no number', 'container-infra 1.x'],
      ['with three parts', 'container-infra 1.9.1'],
    ] as const) {
      await g.ask(406, `a microversion ${name}`, 'GET /v1', { ...open, headers: { 'openstack-api-version': value } });
    }
    await g.ask(406, 'a malformed microversion, to who does not ask for JSON', 'GET /v1', {
      ...open,
      headers: { 'openstack-api-version': '1.9', accept: '*/*' },
    });
    await g.ask(406, 'an answer that is not JSON is not to be had', 'GET /v1', { as: null, headers: { accept: 'text/html' } });
    await g.ask(200, 'the process lives', 'GET /healthcheck', open);
    await g.ask(200, 'the process lives, by its other name', 'GET /healthz', open);
    await g.ask(200, 'the service can work', 'GET /readyz', open);

    await g.ask(401, 'no token', 'GET /v1/clusters', { as: null });
    await g.ask(401, 'a token that is no longer good', 'GET /v1/clusters', { as: 'nonsense' });
    await g.ask(401, 'no token, where nothing is', 'GET /v1/nothing', { as: null });
    await g.ask(404, 'a path that is not there', 'GET /v1/nothing');
    await g.ask(404, 'a path that is not there, to who does not ask for JSON', 'GET /v1/nothing', { headers: { accept: '*/*' } });
    await g.ask(405, 'a POST to a path that is not there', 'POST /v1/nothing', { body: {} });
    await g.ask(405, 'a method that the path has not', 'PUT /v1/clusters');
    await g.ask(405, 'a method that the path has not, to who does not ask for JSON', 'PUT /v1/clusters', {
      headers: { accept: '*/*' },
    });
    await g.ask(405, 'HEAD', 'HEAD /v1/clusters');
    await g.ask(405, 'OPTIONS', 'OPTIONS /v1/clusters');
    await g.ask(200, 'a path without version', 'GET /clusters');
    await g.ask(200, 'a path with a slash at its end', 'GET /v1/clusters/');
    await g.ask(400, 'a path that cannot be read', 'GET /v1/clusters/%ff', { unrouted: true });
    await g.ask(414, 'a path that is too long', `GET /v1/clusters/${'a'.repeat(300)}`, { unrouted: true });
  },
};

export const away: Scenario = {
  resource: 'away',
  async run(g) {
    const body = { image_id: 'ubuntu', coe: 'kubernetes' };
    for (const [service, field] of [
      ['image', { image_id: 'other' }],
      ['compute', { flavor_id: 'other' }],
      ['network', { fixed_network: 'other' }],
    ] as const) {
      g.api.cloud.down.add(service);
      await g.ask(503, `the ${service} service is away`, 'POST /v1/clustertemplates', { body: { ...body, ...field } });
      g.api.cloud.down.clear();
    }
    await g.api.database.source.query('ALTER TABLE clusters RENAME TO clusters_away');
    await g.ask(500, 'what must not happen', 'GET /v1/clusters', { unrouted: true });
    await g.api.database.source.query('ALTER TABLE clusters_away RENAME TO clusters');
    const { gone, back } = await takeAway(g.api.database.url);
    try {
      await gone();
      await g.ask(503, 'the database is away', 'GET /readyz', { as: null, version: null });
    } finally {
      await back();
    }
  },
};

/** Ends every connection to a database and lets nobody in, until it is back. */
async function takeAway(url: string): Promise<{ gone: () => Promise<void>; back: () => Promise<void> }> {
  const name = new URL(url).pathname.slice(1);
  const server = new URL(url);
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  return {
    gone: async () => {
      await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    },
    back: async () => {
      await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await client.end();
    },
  };
}
