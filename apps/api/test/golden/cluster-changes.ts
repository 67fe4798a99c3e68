import { completeCluster, drivers, makeCluster, makeTemplate, sql, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1';
const replace = (where: string, value: unknown): object => ({ op: 'replace', path: where, value });
const status = (value: string): string => `UPDATE clusters SET status = '${value}'`;

/** PATCH of a cluster. */
export const clusterChanges: Scenario = {
  resource: 'cluster-changes',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small', labels: { a: '1' } });
    await completeCluster(g, await makeCluster(g, 'k1', { node_count: 2 }));
    await g.ask(202, 'another number of workers', `PATCH ${path}`, { body: [replace('/node_count', 4)] });
    await g.ask(200, 'show one that is being changed', `GET ${path}`);
    await g.ask(202, 'with rollback, from 1.3', `PATCH ${path}/?rollback=True`, {
      version: '1.3',
      body: [replace('/node_count', 3)],
    });
    await g.ask(400, 'rollback, before 1.3', `PATCH ${path}?rollback=True`, {
      version: '1.2',
      body: [replace('/node_count', 3)],
    });
    await g.ask(202, 'no workers, from 1.10', `PATCH ${path}`, { version: '1.10', body: [replace('/node_count', 0)] });
    await g.ask(400, 'no workers, before 1.10', `PATCH ${path}`, { version: '1.9', body: [replace('/node_count', 0)] });
    await g.ask(202, 'health, as the auto healer writes it', `PATCH ${path}`, {
      body: [replace('/health_status', 'UNHEALTHY'), replace('/health_status_reason', "{'api':'ok','n.Ready':'False'}")],
    });
    await g.ask(202, 'nothing', `PATCH ${path}`, { body: [] });
    await g.ask(202, 'another project’s, by an administrator', `PATCH ${path}`, {
      as: 'admin',
      body: [replace('/node_count', 1)],
    });
    const refused: readonly (readonly [string, unknown])[] = [
      ['an unknown answer to rollback', null],
      ['another name', [replace('/name', 'k2')]],
      ['two other properties', [replace('/master_count', 3), replace('/create_timeout', 5)]],
      ['no labels', [{ op: 'remove', path: '/labels' }]],
      ['another template', [replace('/cluster_template_id', 'x')]],
      ['no template', [{ op: 'remove', path: '/cluster_template_id' }]],
      ['an internal attribute', [replace('/stack_id', 'x')]],
      ['an attribute that is there is added', [{ op: 'add', path: '/name', value: 'x' }]],
      ['an attribute that clusters have not', [{ op: 'add', path: '/tags', value: 'x' }]],
      ['a flavor that is not there', [replace('/flavor_id', 'nope')]],
      ['fewer than none', [replace('/node_count', -1)]],
      ['a number that is none', [replace('/node_count', 'many')]],
      ['a health that is none', [replace('/health_status', 'FINE')]],
      ['reasons that are no text', [replace('/health_status_reason', "{'api': True}")]],
      ['no list', { node_count: 3 }],
    ];
    for (const [name, body] of refused) {
      const query = body === null ? '?rollback=perhaps' : '';
      await g.ask(400, name, `PATCH ${path}${query}`, { body: body ?? [] });
    }
    await sql(g, status('CREATE_IN_PROGRESS'));
    await g.ask(400, 'a status that does not allow it', `PATCH ${path}`, { body: [replace('/node_count', 9)] });
    await sql(g, status('CREATE_COMPLETE'));
    await g.ask(404, 'it is not there', 'PATCH /v1/clusters/nope', { body: [] });
    await g.ask(404, 'another project’s', `PATCH ${path}`, { as: 'other', body: [] });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    await g.ask(409, 'several of this name', 'PATCH /v1/clusters/twins', { body: [] });
  },
};

/** `actions/resize` */
export const resize: Scenario = {
  resource: 'resize',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small' });
    await completeCluster(g, await makeCluster(g, 'k1', { node_count: 2 }));
    const line = `POST ${path}/actions/resize`;
    await g.ask(202, 'the workers', line, { body: { node_count: 4 } });
    await g.ask(202, 'a named group, saying which nodes leave', line, {
      body: { node_count: 3, nodegroup: 'default-worker', nodes_to_remove: ['k1-0123456789ab-worker-1', '2'] },
    });
    await g.ask(202, 'at 1.7', line, { version: '1.7', body: { node_count: 3, nodes_to_remove: null, nodegroup: null } });
    await g.ask(202, 'to nothing, from 1.10', line, { version: '1.10', body: { node_count: 0 } });
    await g.ask(400, 'to nothing, before 1.10', line, { version: '1.9', body: { node_count: 0 } });
    const refused: readonly (readonly [number, string, object])[] = [
      [400, 'no number', {}],
      [400, 'fewer than none', { node_count: -1 }],
      [400, 'a number that is none', { node_count: 'many' }],
      [400, 'nodes that are no list', { node_count: 1, nodes_to_remove: 'x' }],
      [400, 'an attribute that is not there', { node_count: 1, rollback: true }],
      [400, 'an even number of masters', { node_count: 2, nodegroup: 'default-master' }],
      [404, 'a group that is not there', { node_count: 1, nodegroup: 'nope' }],
    ];
    for (const [code, name, body] of refused) await g.ask(code, name, line, { body });
    await sql(g, `UPDATE node_groups SET min_node_count = 1, max_node_count = 5 WHERE role = 'worker'`);
    await g.ask(400, 'outside the limits of the group', line, { body: { node_count: 6 } });
    await sql(g, status('DELETE_IN_PROGRESS'));
    await g.ask(400, 'a status that does not allow it', line, { body: { node_count: 2 } });
    await sql(g, status('CREATE_COMPLETE'));
    await g.ask(404, 'it is not there', 'POST /v1/clusters/nope/actions/resize', { body: { node_count: 2 } });
    await g.ask(404, 'another project’s', line, { as: 'other', body: { node_count: 2 } });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    await g.ask(409, 'several of this name', 'POST /v1/clusters/twins/actions/resize', { body: { node_count: 2 } });
  },
};

/** `actions/upgrade` */
export const upgrade: Scenario = {
  resource: 'upgrade',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small' });
    await makeTemplate(g, 'next');
    await makeTemplate(g, 'calico', { network_driver: 'calico' });
    await makeTemplate(g, 'twins');
    await makeTemplate(g, 'twins');
    await completeCluster(g, await makeCluster(g, 'k1', { node_count: 2 }));
    await sql(g, `UPDATE clusters SET coe_version = 'v1.35.9'`);
    const again = `UPDATE clusters SET status = 'UPDATE_COMPLETE'`;
    const line = `POST ${path}/actions/upgrade`;
    const body = { cluster_template: 'next', max_batch_size: 1 };
    await g.ask(202, 'as magnumclient asks for it', line, { body });
    await g.ask(400, 'while it is being changed', line, { body });
    await sql(g, again);
    await sql(g, `UPDATE node_groups SET status = 'UPDATE_COMPLETE'`);
    await g.ask(202, 'with every field, at 1.8', line, {
      version: '1.8',
      body: { cluster_template: 'next', max_batch_size: 2, nodegroup: 'default-worker' },
    });
    await sql(g, again);
    await g.ask(400, 'at 1.7', line, { version: '1.7', body });
    await g.ask(409, 'a group of its own, to another template', line, {
      body: { ...body, nodegroup: await anotherGroup() },
    });
    const refused: readonly (readonly [number, string, object])[] = [
      [400, 'no template', {}],
      [400, 'an unknown attribute', { ...body, x: 1 }],
      [400, 'an empty batch', { ...body, max_batch_size: 0 }],
      [400, 'a template with another network', { cluster_template: 'calico' }],
      [404, 'a template that is not there', { cluster_template: 'nope' }],
      [404, 'a group that is not there', { ...body, nodegroup: 'nope' }],
      [409, 'several templates of this name', { cluster_template: 'twins' }],
    ];
    for (const [code, name, given] of refused) await g.ask(code, name, line, { body: given });
    await sql(g, `UPDATE clusters SET coe_version = 'v1.37.0'`);
    await g.ask(400, 'back to an older Kubernetes', line, { body });
    await sql(g, `UPDATE clusters SET coe_version = 'v1.33.0'`);
    await g.ask(400, 'over a minor of Kubernetes', line, { body });
    drivers(g, { upgrade: false });
    await g.ask(400, 'the driver cannot', line, { body });
    drivers(g, { upgrade: true });
    await g.ask(404, 'it is not there', 'POST /v1/clusters/nope/actions/upgrade', { body });
    await g.ask(404, 'another project’s', line, { as: 'other', body });

    async function anotherGroup(): Promise<string> {
      await sql(
        g,
        `INSERT INTO node_groups (uuid, cluster_uuid, project_id, name, role, node_count, status)
         SELECT gen_random_uuid(), uuid, project_id, 'more', 'worker', 1, 'CREATE_COMPLETE' FROM clusters WHERE name = 'k1'`,
      );
      return 'more';
    }
  },
};

/** `actions/repair` */
export const repair: Scenario = {
  resource: 'repair',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small' });
    await completeCluster(g, await makeCluster(g, 'k1', { node_count: 2 }));
    await sql(
      g,
      `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role)
       SELECT gen_random_uuid(), cluster_uuid, uuid, project_id, 'k1-0123456789ab-' || role || '-0', 0, role FROM node_groups`,
    );
    const line = `POST ${path}/actions/repair`;
    await g.ask(202, 'all that are marked', line, { body: {} });
    await g.ask(202, 'a named node', line, { body: { nodes: ['k1-0123456789ab-worker-0'] } });
    const refused: readonly (readonly [number, string, object])[] = [
      [400, 'a node that is not there', { nodes: ['nope'] }],
      [400, 'nodes that are no list', { nodes: 'x' }],
      [400, 'an attribute that is not there', { reason: 'x' }],
      [409, 'the only master', { nodes: ['k1-0123456789ab-master-0'] }],
    ];
    for (const [code, name, body] of refused) await g.ask(code, name, line, { body });
    drivers(g, { repair: false });
    await g.ask(400, 'the driver cannot', line, { body: {} });
    drivers(g, { repair: true });
    await sql(g, status('DELETE_IN_PROGRESS'));
    await g.ask(400, 'a status that does not allow it', line, { body: {} });
    await g.ask(404, 'it is not there', 'POST /v1/clusters/nope/actions/repair', { body: {} });
    await g.ask(404, 'another project’s', line, { as: 'other', body: {} });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    await g.ask(409, 'several of this name', 'POST /v1/clusters/twins/actions/repair', { body: {} });
  },
};

/** Its authorities and its credential. */
export const rotation: Scenario = {
  resource: 'rotation',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small' });
    await completeCluster(g, await makeCluster(g, 'k1'));
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    const stream = { headers: { 'content-type': 'application/octet-stream' } };
    const authorities = 'PATCH /v1/certificates';
    const credential = 'PATCH /v1/credentials';
    await g.ask(202, 'the credential', `${credential}/k1`);
    await g.ask(202, 'the credential, at 1.12, with an empty body', `${credential}/k1`, { version: '1.12', body: {} });
    await g.ask(404, 'the credential: it is not there', `${credential}/nope`);
    await g.ask(404, 'the credential: another project’s, to an administrator', `${credential}/k1`, { as: 'admin' });
    await g.ask(409, 'the credential: several of this name', `${credential}/twins`);
    drivers(g, { rotateCa: false });
    await g.ask(400, 'the authorities: the driver cannot', `${authorities}/k1`, stream);
    drivers(g, { rotateCa: true });
    await g.ask(202, 'the authorities, as magnumclient sends it', `${authorities}/k1`, { version: null, ...stream });
    await g.ask(400, 'the authorities: it is being changed', `${authorities}/k1`, stream);
    await sql(g, `UPDATE cluster_templates SET tls_disabled = true`);
    await g.ask(400, 'the authorities: there is no TLS', `${authorities}/k1`, stream);
    await g.ask(404, 'the authorities: another project’s', `${authorities}/k1`, { as: 'other', ...stream });
    await g.ask(409, 'the authorities: several of this name', `${authorities}/twins`, stream);
    await sql(g, status('CREATE_IN_PROGRESS'));
    await g.ask(400, 'the credential: a status that does not allow it', `${credential}/k1`);
  },
};
