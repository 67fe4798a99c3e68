import { makeCluster, makeTemplate, NOTHING, sql, TEMPLATE, type Scenario } from './scenario.js';

const path = '/v1/clustertemplates';
const full = {
  name: 'k8s',
  coe: 'kubernetes',
  image_id: 'ubuntu',
  flavor_id: 'm1.small',
  master_flavor_id: 'm1.small',
  dns_nameserver: '8.8.8.8,1.1.1.1',
  keypair_id: 'kp',
  external_network_id: 'public',
  fixed_network: 'private',
  fixed_subnet: 'private-subnet',
  network_driver: 'calico',
  apiserver_port: 6443,
  docker_volume_size: 5,
  http_proxy: 'http://proxy.example:3128',
  https_proxy: 'http://proxy.example:3128',
  no_proxy: '10.0.0.0/8',
  volume_driver: 'cinder',
  registry_enabled: false,
  labels: { kube_tag: 'v1.36.4', auto_healing_enabled: true, min_node_count: 1 },
  tls_disabled: false,
  public: false,
  server_type: 'vm',
  insecure_registry: 'registry.example:5000',
  docker_storage_driver: 'overlay2',
  master_lb_enabled: true,
  floating_ip_enabled: true,
  hidden: false,
  tags: 'production,small',
  driver: 'k8s_kubeadm',
};

const refused: readonly (readonly [number, string, object])[] = [
  [400, 'an unknown attribute', { ...TEMPLATE, availability_zone: 'x' }],
  [400, 'two unknown attributes', { ...TEMPLATE, rollback: 'x', node_count: 1 }],
  [400, 'a read-only attribute', { ...TEMPLATE, user_id: null }],
  [400, 'no COE', { image_id: 'ubuntu' }],
  [400, 'a COE that is null', { ...TEMPLATE, coe: null }],
  [400, 'another COE', { ...TEMPLATE, coe: 'swarm' }],
  [400, 'no image', { coe: 'kubernetes' }],
  [400, 'an empty name', { ...TEMPLATE, name: '' }],
  [400, 'a name that is too long', { ...TEMPLATE, name: 'n'.repeat(256) }],
  [400, 'a name that is a number', { ...TEMPLATE, name: 7 }],
  [400, 'a port that is too small', { ...TEMPLATE, apiserver_port: 80 }],
  [400, 'a volume of no size', { ...TEMPLATE, docker_volume_size: 0 }],
  [400, 'a size that is no number', { ...TEMPLATE, docker_volume_size: 'big' }],
  [400, 'a flag that is none', { ...TEMPLATE, tls_disabled: 'perhaps' }],
  [400, 'labels that are none', { ...TEMPLATE, labels: 'a=1' }],
  [400, 'a label that is a list', { ...TEMPLATE, labels: { a: [] } }],
  [400, 'an unknown kind of server', { ...TEMPLATE, server_type: 'lxd' }],
  [400, 'an image that is not there', { ...TEMPLATE, image_id: 'nope' }],
  [400, 'an image without distribution', { ...TEMPLATE, image_id: 'plain' }],
  [400, 'a distribution that no driver takes', { ...TEMPLATE, image_id: 'fedora' }],
  [400, 'servers that no driver takes', { ...TEMPLATE, server_type: 'bm' }],
  [400, 'a driver that is not there', { ...TEMPLATE, driver: 'heat' }],
  [400, 'a flavor that is not there', { ...TEMPLATE, flavor_id: 'nope' }],
  [400, 'a flavor without disk', { ...TEMPLATE, master_flavor_id: 'm1.diskless' }],
  [400, 'an external network that is not external', { ...TEMPLATE, external_network_id: 'private' }],
  [400, 'a network that is not there', { ...TEMPLATE, fixed_network: 'nope' }],
  [400, 'a subnet that is not there', { ...TEMPLATE, fixed_subnet: 'nope' }],
  [400, 'a network driver that is none', { ...TEMPLATE, network_driver: 'weave' }],
  [400, 'a network driver that is not allowed', { ...TEMPLATE, network_driver: 'cilium' }],
  [400, 'a volume driver that is none', { ...TEMPLATE, volume_driver: 'rexray' }],
  [400, 'name servers that are none', { ...TEMPLATE, dns_nameserver: '2001:db8::1' }],
  [400, 'a volume too small for devicemapper', { ...TEMPLATE, docker_storage_driver: 'devicemapper', docker_volume_size: 2 }],
  [403, 'publishing, by a member', { ...TEMPLATE, public: true }],
  [403, 'hiding, by a member', { ...TEMPLATE, hidden: true }],
  [409, 'several images of this name', { ...TEMPLATE, image_id: 'twin' }],
  [409, 'several networks of this name', { ...TEMPLATE, fixed_network: 'twin' }],
];

export const clusterTemplates: Scenario = {
  resource: 'cluster-templates',
  async run(g) {
    const made = await g.ask(201, 'one with every field', `POST ${path}`, { body: full });
    g.name(made['uuid'] ?? '', 'template k8s');
    await g.ask(200, 'show', `GET ${path}/k8s`);
    await g.ask(200, 'show by uuid, to a reader, at 1.1', `GET ${path}/${made['uuid']}`, { as: 'reader', version: null });
    await g.ask(200, 'list', `GET ${path}`);
    await g.ask(200, 'list with all fields', `GET ${path}/detail`);
    await g.ask(201, 'one with the least, at 1.1', `POST ${path}`, {
      as: 'other',
      version: null,
      body: { image_id: 'ubuntu', coe: 'kubernetes' },
    });
    await g.ask(201, 'one as the openstack client sends it: nulls, and words for numbers and flags', `POST ${path}`, {
      as: 'other',
      body: {
        ...TEMPLATE,
        name: 'cli',
        keypair_id: null,
        master_flavor_id: null,
        network_driver: null,
        labels: null,
        docker_volume_size: '3',
        tls_disabled: 'False',
        registry_enabled: 0,
      },
    });
    for (const [status, name, body] of refused) await g.ask(status, `make: ${name}`, `POST ${path}`, { body });
    await g.ask(400, 'make: no JSON', `POST ${path}`, { headers: { 'content-type': 'application/json' }, body: '{"name":' });
    await g.ask(400, 'make: JSON that is no object', `POST ${path}`, {
      headers: { 'content-type': 'application/json' },
      body: 'null',
    });

    await makeTemplate(g, 'shared', { public: true }, 'admin');
    await makeTemplate(g, 'secret', { public: true, hidden: true }, 'admin');
    await makeTemplate(g, 'twins');
    await makeTemplate(g, 'twins');
    const used = await makeTemplate(g, 't');
    await makeCluster(g, 'k1');
    await g.ask(200, 'list, a full page', `GET ${path}?limit=1&sort_key=name&sort_dir=desc`);
    await g.ask(200, 'list with all fields, a full page', `GET ${path}/detail?limit=1&sort_key=name`);
    await g.ask(200, 'list, after the last', `GET ${path}?marker=${used}`);
    for (const [name, query] of [
      ['a limit of nothing', 'limit=0'],
      ['a limit that is no number', 'limit=x'],
      ['a key that cannot be sorted by', 'sort_key=labels'],
      ['a direction that is none', 'sort_dir=ASC'],
      ['a marker that is no uuid', 'marker=k8s'],
      ['two parameters that are not there', 'all_tenants=1&detail=1'],
      ['a parameter twice', 'limit=1&limit=2'],
    ]) {
      await g.ask(400, `list: ${name}`, `GET ${path}?${query}`);
      await g.ask(400, `list with all fields: ${name}`, `GET ${path}/detail?${query}`);
    }
    await g.ask(404, 'list: a marker that is not there', `GET ${path}?marker=${NOTHING}`);
    await g.ask(404, 'list with all fields: a marker that is not there', `GET ${path}/detail?marker=${NOTHING}`);
    await g.ask(200, 'show a public one to a stranger without a role', `GET ${path}/shared`, { as: 'nobody' });
    await g.ask(404, 'show: another project’s', `GET ${path}/k8s`, { as: 'other' });
    await g.ask(404, 'show: hidden', `GET ${path}/secret`, { as: 'other' });
    await g.ask(409, 'show: several of this name', `GET ${path}/twins`);

    const patch = (value: object[]): { body: object[] } => ({ body: value });
    await g.ask(
      200,
      'change many fields',
      `PATCH ${path}/k8s`,
      patch([
        { op: 'replace', path: '/name', value: 'k8s-2' },
        { op: 'replace', path: '/labels', value: "{'kube_tag': 'v1.36.5'}" },
        { op: 'add', path: '/labels/added', value: '1' },
        { op: 'replace', path: '/floating_ip_enabled', value: 'false' },
        { op: 'remove', path: '/tags' },
        { op: 'remove', path: '/master_lb_enabled' },
      ]),
    );
    await g.ask(200, 'change nothing', `PATCH ${path}/k8s-2`, patch([]));
    const wrong: readonly (readonly [number, string, object])[] = [
      [400, 'an internal attribute', [{ op: 'replace', path: '/uuid', value: 'x' }]],
      [400, 'a mandatory attribute goes', [{ op: 'remove', path: '/image_id' }]],
      [400, 'an attribute that is there is added', [{ op: 'add', path: '/name', value: 'x' }]],
      [400, 'an attribute that is not there', [{ op: 'add', path: '/nothing', value: 'x' }]],
      [400, 'a label that is not there', [{ op: 'remove', path: '/labels/nothing' }]],
      [400, 'another operation', [{ op: 'move', path: '/name' }]],
      [400, 'a further key', [{ op: 'remove', path: '/name', from: '/x' }]],
      [400, 'no value', [{ op: 'replace', path: '/name' }]],
      [400, 'a value that is a map', [{ op: 'replace', path: '/labels', value: {} }]],
      [400, 'a path that is none', [{ op: 'replace', path: 'name', value: 'x' }]],
      [400, 'labels that are no map', [{ op: 'replace', path: '/labels', value: 'a=1' }]],
      [400, 'no list', { name: 'x' }],
      [400, 'an image that is not there', [{ op: 'replace', path: '/image_id', value: 'nope' }]],
      [400, 'another COE', [{ op: 'replace', path: '/coe', value: 'mesos' }]],
      [403, 'publishing, by a member', [{ op: 'replace', path: '/public', value: true }]],
      [409, 'several images of this name', [{ op: 'replace', path: '/image_id', value: 'twin' }]],
    ];
    for (const [status, name, body] of wrong) await g.ask(status, `change: ${name}`, `PATCH ${path}/k8s-2`, { body });
    await g.ask(403, 'change: another project’s public one', `PATCH ${path}/shared`, patch([]));
    await g.ask(404, 'change: another project’s', `PATCH ${path}/k8s-2`, { as: 'other', body: [] });
    await g.ask(409, 'change: several of this name', `PATCH ${path}/twins`, patch([]));
    await g.ask(
      400,
      'change: a cluster uses it',
      `PATCH ${path}/t`,
      patch([{ op: 'replace', path: '/flavor_id', value: 'm1.diskless' }]),
    );
    await g.ask(
      200,
      'change the words on one that a cluster uses',
      `PATCH ${path}/t`,
      patch([{ op: 'add', path: '/tags', value: 'used' }]),
    );
    await g.ask(200, 'publish, by an administrator of the project', `PATCH ${path}/shared`, {
      as: 'admin',
      body: [{ op: 'replace', path: '/hidden', value: true }],
    });

    await g.ask(400, 'delete: a cluster uses it', `DELETE ${path}/t`);
    await g.ask(403, 'delete: by a reader', `DELETE ${path}/k8s-2`, { as: 'reader' });
    await g.ask(404, 'delete: another project’s', `DELETE ${path}/k8s-2`, { as: 'other' });
    await g.ask(409, 'delete: several of this name', `DELETE ${path}/twins`);
    await g.ask(204, 'delete', `DELETE ${path}/k8s-2`);
    await g.ask(404, 'delete: it is gone', `DELETE ${path}/k8s-2`);
    await sql(g, 'DELETE FROM clusters');
    await g.ask(204, 'delete another project’s, by an administrator', `DELETE ${path}/${used}`, { as: 'admin' });
  },
};
