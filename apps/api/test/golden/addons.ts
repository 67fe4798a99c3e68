import { completeCluster, makeCluster, makeTemplate, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1/addons';

/** The catalogue of add-ons, and those of a cluster. */
export const addons: Scenario = {
  resource: 'addons',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small' });
    await completeCluster(g, await makeCluster(g, 'k1'));
    await g.api.database.source.query(
      `INSERT INTO cluster_addons (cluster_uuid, project_id, name, enabled, version, status, installed_version, checksum, inventory)
       SELECT uuid, project_id, a.name, a.enabled, a.version, a.status, a.version, repeat('0', 64),
         '[{"apiVersion": "v1", "kind": "ServiceAccount", "namespace": "kube-system", "name": "metrics-server"}]'
       FROM clusters, (VALUES ('metrics-server', true, 'v0.8.1', 'installed'), ('flannel', true, 'v0.28.9', 'installed'),
         ('dashboard', false, 'v2.7.0', 'disabled')) AS a (name, enabled, version, status)`,
    );
    await g.api.database.source.query(`UPDATE clusters SET coe_version = 'v1.36.4'`);
    await g.ask(200, 'the catalogue for a minor', 'GET /v1/addons?kubernetes=1.36');
    await g.ask(400, 'the catalogue for no minor', 'GET /v1/addons?kubernetes=x');
    await g.ask(200, 'all of a cluster', `GET ${path}`);
    await g.ask(404, 'all of a cluster that is not there', 'GET /v1/clusters/nope/addons');
    await g.ask(200, 'one', `GET ${path}/metrics-server`);
    await g.ask(404, 'one that the cluster has not', `GET ${path}/calico`);
    await g.ask(202, 'another version', `PATCH ${path}/metrics-server`, { body: { version: 'v0.8.0' } });
    await g.ask(202, 'switched off', `PATCH ${path}/metrics-server`, { body: { enabled: false } });
    await g.ask(202, 'switched on', `PATCH ${path}/dashboard`, { body: { enabled: true } });
    await g.ask(400, 'a version that is not there', `PATCH ${path}/metrics-server`, { body: { version: 'v9' } });
    await g.ask(400, 'an attribute that is not there', `PATCH ${path}/metrics-server`, { body: { reason: 'x' } });
    await g.ask(409, 'the cluster needs it', `PATCH ${path}/flannel`, { body: { enabled: false } });
    await g.ask(404, 'an add-on that is none', `PATCH ${path}/nope`, { body: { enabled: true } });
    await g.ask(404, 'another project’s', `PATCH ${path}/dashboard`, { as: 'other', body: { enabled: true } });
    await g.api.database.source.query(`UPDATE clusters SET status = 'CREATE_IN_PROGRESS'`);
    await g.ask(400, 'a status that does not allow it', `PATCH ${path}/dashboard`, { body: { enabled: true } });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    await g.ask(409, 'several of this name', 'PATCH /v1/clusters/twins/addons/dashboard', { body: { enabled: true } });
    await g.ask(409, 'all: several of this name', 'GET /v1/clusters/twins/addons');
    await g.ask(409, 'one: several of this name', 'GET /v1/clusters/twins/addons/dashboard');
  },
};
