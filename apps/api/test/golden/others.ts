import { makeCluster, makeTemplate, sql, type Scenario } from './scenario.js';

export const stats: Scenario = {
  resource: 'stats',
  async run(g) {
    await makeTemplate(g, 't');
    await makeCluster(g, 'k1', { node_count: 2 });
    await g.ask(200, 'of the project', 'GET /v1/stats');
    await g.ask(200, 'of the project, without a microversion', 'GET /v1/stats', { version: null });
    await g.ask(200, 'of a project without clusters', 'GET /v1/stats?project_id=p-other&type=CLUSTER', { as: 'other' });
    await g.ask(200, 'of the whole cloud', 'GET /v1/stats', { as: 'admin' });
    await g.ask(200, 'of a project that is not there', 'GET /v1/stats?project_id=nowhere', { as: 'admin' });
    await g.ask(403, 'of another project', 'GET /v1/stats?project_id=p-demo', { as: 'other' });
    await g.ask(400, 'of another type', 'GET /v1/stats?type=node');
  },
};

export const services: Scenario = {
  resource: 'services',
  async run(g) {
    await g.ask(200, 'none', 'GET /v1/mservices', { as: 'admin' });
    await sql(
      g,
      `INSERT INTO conductors (host, report_count, last_seen_at) VALUES ('c1', 7, now()), ('c2', 3, now() - interval '5 minutes')`,
    );
    await g.ask(200, 'one that is up and one that is down', 'GET /v1/mservices', { as: 'admin' });
    await g.ask(403, 'to a member', 'GET /v1/mservices');
    await g.ask(400, 'paging', 'GET /v1/mservices?limit=1', { as: 'admin' });
  },
};

export const federations: Scenario = {
  resource: 'federations',
  async run(g) {
    await g.ask(200, 'list', 'GET /v1/federations');
    await g.ask(200, 'list with all fields', 'GET /v1/federations/detail');
    await g.ask(404, 'show', 'GET /v1/federations/f1');
    await g.ask(400, 'paging by what is not there', 'GET /v1/federations?sort_key=x');
    await g.ask(404, 'a marker in the list', 'GET /v1/federations?marker=5e1f3f3c-1f3c-4f3c-8f3c-1f3c4f3c8f3c');
    await g.ask(404, 'a marker', 'GET /v1/federations/detail?marker=5e1f3f3c-1f3c-4f3c-8f3c-1f3c4f3c8f3c');
    const body = { hostcluster_id: 'k1', properties: { 'dns-zone': 'example.com.' } };
    await g.ask(400, 'make: no host', 'POST /v1/federations', { body: {} });
    await g.ask(404, 'make: the host is not there', 'POST /v1/federations', { body });
    await makeTemplate(g, 't');
    await makeCluster(g, 'k1');
    await g.ask(400, 'make: no properties', 'POST /v1/federations', { body: { hostcluster_id: 'k1' } });
    await g.ask(202, 'make: accepted', 'POST /v1/federations', { body });
    await g.ask(404, 'change', 'PATCH /v1/federations/f1', { body: [] });
    await g.ask(400, 'change: not a patch', 'PATCH /v1/federations/f1', { body: {} });
    await g.ask(404, 'delete', 'DELETE /v1/federations/f1');
  },
};
