import { completeCluster, makeCluster, makeTemplate, NOTHING, sql, type Scenario } from './scenario.js';

const path = '/v1/clusters';

const refused: readonly (readonly [number, string, object])[] = [
  [400, 'unknown attributes', { image_id: 'x', tags: 'y' }],
  [400, 'a name that is a number', { name: 7 }],
  [400, 'a name that is no host name', { name: '1k' }],
  [400, 'an empty name', { name: '' }],
  [400, 'a name that is too long', { name: 'n'.repeat(243) }],
  [400, 'a read-only attribute, though null', { api_address: null }],
  [400, 'a status that is none', { status: 'FINE' }],
  [400, 'fewer than no workers', { node_count: -1 }],
  [400, 'no masters', { master_count: 0 }],
  [400, 'an even number of masters', { master_count: 2 }],
  [400, 'masters without load balancer', { master_count: 3 }],
  [400, 'more masters than a number holds', { master_count: 1e12 }],
  [400, 'a label that is null', { labels: { a: null } }],
  [400, 'a label that must be a number', { labels: { boot_volume_size: 'big' } }],
  [400, 'a flavor that is not there', { flavor_id: 'nope' }],
  [400, 'a flavor of masters that is not there', { master_flavor_id: 'nope' }],
  [400, 'a flavor without disk', { flavor_id: 'm1.diskless' }],
  [400, 'a network that is not there', { fixed_network: 'nope' }],
  [400, 'a subnet that is not there', { fixed_subnet: 'nope' }],
  [404, 'a key pair that is not there', { keypair: 'nope' }],
  [404, 'a template that is not there', { cluster_template_id: 'nope' }],
  [404, 'another project’s template', { cluster_template_id: 'others' }],
  [409, 'several templates of this name', { cluster_template_id: 'twins' }],
  [409, 'several networks of this name', { fixed_network: 'twin' }],
];

export const clusters: Scenario = {
  resource: 'clusters',
  async run(g) {
    await makeTemplate(g, 't', { master_flavor_id: 'm1.small', keypair_id: 'kp', labels: { a: '1', b: '2', c: '3' } });
    await makeTemplate(g, 'others', {}, 'other');
    await makeTemplate(g, 'twins');
    await makeTemplate(g, 'twins');
    await makeTemplate(g, 'hidden', { public: true, hidden: true }, 'admin');

    const first = await g.ask(202, 'one with every field', `POST ${path}`, {
      body: {
        name: 'k1',
        cluster_template_id: 't',
        keypair: 'kp',
        node_count: 2,
        master_count: 3,
        docker_volume_size: 5,
        labels: { b: 'other', d: true, e: 1.5 },
        merge_labels: true,
        master_flavor_id: 'm1.small',
        flavor_id: 'm1.small',
        create_timeout: 30,
        discovery_url: 'https://discovery.example/1',
        fixed_network: 'private',
        fixed_subnet: 'private-subnet',
        floating_ip_enabled: true,
        master_lb_enabled: true,
      },
    });
    const uuid = g.name(first['uuid'] ?? '', 'cluster k1');
    await g.ask(200, 'show one that is being made', `GET ${path}/k1`);
    await completeCluster(g, uuid);
    await g.ask(200, 'show', `GET ${path}/${uuid}`);
    await g.ask(200, 'show, up to 1.12', `GET ${path}/k1`, { version: '1.12' });
    await g.ask(200, 'show, without a microversion', `GET ${path}/k1`, { version: null });
    await g.ask(200, 'show, to an administrator of another project', `GET ${path}/k1`, { as: 'admin' });
    await g.ask(200, 'list', `GET ${path}`);
    await g.ask(200, 'list, up to 1.12', `GET ${path}`, { version: '1.12' });
    await g.ask(200, 'list with all fields', `GET ${path}/detail`);
    await g.ask(200, 'list with all fields, up to 1.12', `GET ${path}/detail`, { version: '1.12' });

    const second = await g.ask(202, 'one with the least, without a microversion', `POST ${path}`, {
      version: null,
      body: { cluster_template_id: 't' },
    });
    g.name(second['uuid'] ?? '', 'cluster of a generated name');
    await g.ask(200, 'show one of a generated name', `GET ${path}/${second['uuid']}`);
    await sql(g, `UPDATE clusters SET name = 'a1' WHERE uuid = $1`, second['uuid']);
    await g.ask(202, 'one without workers, from 1.10', `POST ${path}`, {
      version: '1.10',
      body: { cluster_template_id: 't', name: 'empty', node_count: 0 },
    });
    const numbers = { node_count: '1', master_count: '1', create_timeout: '60', discovery_url: '', floating_ip_enabled: 'True' };
    await g.ask(202, 'one as Horizon sends it: words for numbers', `POST ${path}`, {
      version: '1.13',
      body: { cluster_template_id: 't', name: 'horizon', ...numbers },
    });
    const failed = await makeCluster(g, 'failed');
    await sql(g, `UPDATE clusters SET status = 'CREATE_FAILED', status_reason = 'no valid host' WHERE uuid = $1`, failed);
    await sql(
      g,
      `UPDATE node_groups SET status = 'CREATE_FAILED', status_reason = 'server failed-worker-0: No valid host was found.'
       WHERE cluster_uuid = $1 AND role <> 'master'`,
      failed,
    );
    await g.ask(200, 'show one that has failed: with faults', `GET ${path}/failed`);

    for (const [status, name, more] of refused) {
      await g.ask(status, `make: ${name}`, `POST ${path}`, { body: { cluster_template_id: 't', ...more } });
    }
    await g.ask(400, 'make: no template', `POST ${path}`, { body: { name: 'k1' } });
    await g.ask(400, 'make: a list', `POST ${path}`, { body: [] });
    await g.ask(400, 'make: no workers, before 1.10', `POST ${path}`, {
      version: '1.9',
      body: { cluster_template_id: 't', node_count: 0 },
    });
    await g.ask(400, 'make: a template that is not there, before 1.10', `POST ${path}`, {
      version: '1.9',
      body: { cluster_template_id: 'nope' },
    });
    await g.ask(404, 'make: a hidden template of another project', `POST ${path}`, {
      as: 'other',
      body: { cluster_template_id: 'hidden' },
    });
    await sql(g, `UPDATE cluster_templates SET hidden = true WHERE name = 'others'`);
    await g.ask(403, 'make: a hidden template', `POST ${path}`, { as: 'other', body: { cluster_template_id: 'others' } });
    await makeCluster(g, 'sixth');
    await g.ask(403, 'make: the quota is used up', `POST ${path}`, { body: { cluster_template_id: 't' } });

    await g.ask(200, 'list, a full page', `GET ${path}?limit=1&sort_key=name&sort_dir=desc`);
    await g.ask(200, 'list with all fields, a full page', `GET ${path}/detail?limit=1&sort_key=name`);
    await g.ask(200, 'list: nothing', `GET ${path}`, { as: 'other' });
    for (const [name, query] of [
      ['a limit of nothing', 'limit=0'],
      ['a key that cannot be sorted by', 'sort_key=node_count'],
      ['a direction that is none', 'sort_dir=up'],
      ['a marker that is no uuid', 'marker=k1'],
    ]) {
      await g.ask(400, `list: ${name}`, `GET ${path}?${query}`);
      await g.ask(400, `list with all fields: ${name}`, `GET ${path}/detail?${query}`);
    }
    await g.ask(404, 'list: a marker that is not there', `GET ${path}?marker=${NOTHING}`);
    await g.ask(404, 'list with all fields: a marker that is not there', `GET ${path}/detail?marker=${NOTHING}`);
    await g.ask(404, 'show: another project’s', `GET ${path}/k1`, { as: 'other' });
    await g.ask(404, 'show: a uuid in capitals', `GET ${path}/ABCDEFAB-0000-4000-8000-000000000000`);
    await sql(g, `UPDATE clusters SET name = 'horizon' WHERE name = 'empty'`);
    await g.ask(409, 'show: several of this name', `GET ${path}/horizon`);

    await g.ask(404, 'delete: another project’s', `DELETE ${path}/k1`, { as: 'other' });
    await g.ask(409, 'delete: several of this name', `DELETE ${path}/horizon`);
    await g.ask(204, 'delete', `DELETE ${path}/k1`);
    await g.ask(204, 'delete once more', `DELETE ${path}/k1`);
    await g.ask(200, 'show one that is being deleted', `GET ${path}/k1`);
    await g.ask(204, 'delete another project’s, by an administrator', `DELETE ${path}/failed`, { as: 'admin' });
  },
};
