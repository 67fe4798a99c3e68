import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errorBody } from './cluster-world.js';
import { ApiHarness } from './harness.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const good = { image_id: 'ubuntu', coe: 'kubernetes' };

describe('cluster templates', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api' });
  });
  after(() => api.close());

  const make = async (body: object, person = 'demo'): Promise<Record<string, unknown>> =>
    (await api.as(person).post('/v1/clustertemplates', body).expect(201)).body;

  it('makes one from what the openstack client sends, nulls included', async () => {
    const { body, headers, status } = await api.as('demo').post('/v1/clustertemplates', {
      name: 'k8s',
      image_id: 'ubuntu',
      keypair_id: null,
      external_network_id: 'public',
      coe: 'kubernetes',
      fixed_network: null,
      fixed_subnet: null,
      network_driver: null,
      volume_driver: null,
      driver: null,
      dns_nameserver: '8.8.8.8',
      flavor_id: 'm1.small',
      master_flavor_id: null,
      docker_volume_size: '3',
      docker_storage_driver: 'overlay2',
      labels: { a: 1, b: true, c: 1.5, d: 'x' },
      tls_disabled: 'False',
      public: false,
      registry_enabled: 0,
      server_type: 'vm',
      master_lb_enabled: false,
    });
    assert.equal(status, 201);
    assert.match(String(body.uuid), UUID);
    assert.equal(headers['location'], `http://api/v1/clustertemplates/${String(body.uuid)}`);
    const { uuid, created_at: createdAt, ...rest } = body;
    assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    assert.deepEqual(rest, {
      name: 'k8s',
      coe: 'kubernetes',
      image_id: 'ubuntu',
      flavor_id: 'm1.small',
      master_flavor_id: null,
      dns_nameserver: '8.8.8.8',
      keypair_id: null,
      external_network_id: 'public',
      fixed_network: null,
      fixed_subnet: null,
      network_driver: 'flannel',
      apiserver_port: null,
      docker_volume_size: 3,
      cluster_distro: 'ubuntu',
      links: [
        { href: `http://api/v1/clustertemplates/${String(uuid)}`, rel: 'self' },
        { href: `http://api/clustertemplates/${String(uuid)}`, rel: 'bookmark' },
      ],
      http_proxy: null,
      https_proxy: null,
      no_proxy: null,
      volume_driver: null,
      registry_enabled: false,
      labels: { a: '1', b: 'True', c: '1.5', d: 'x' },
      tls_disabled: false,
      public: false,
      server_type: 'vm',
      insecure_registry: null,
      docker_storage_driver: 'overlay2',
      master_lb_enabled: false,
      floating_ip_enabled: true,
      project_id: 'p-demo',
      user_id: 'u-demo',
      hidden: false,
      tags: null,
      driver: 'k8s_kubeadm',
      updated_at: null,
    });
    const shown = await api.as('reader').get('/v1/clustertemplates/k8s').expect(200);
    assert.deepEqual(shown.body, body);
  });

  const prefix = 'Invalid input for field/attribute';
  const refused: [string, unknown, number, string][] = [
    [
      'an unknown attribute',
      { ...good, availability_zone: 'x' },
      400,
      'Unknown attribute for argument cluster_template: availability_zone',
    ],
    ['a null', null, 400, `${prefix} cluster_template. Value: 'None'. Value not a valid dict: None`],
    ['no COE', { image_id: 'ubuntu' }, 400, 'Requested COE type Unset is not supported.'],
    ['another COE', { ...good, coe: 'swarm' }, 400, `${prefix} coe. Value: 'swarm'. Value should be one of: kubernetes`],
    ['no image', { coe: 'kubernetes' }, 400, `${prefix} image_id. Value: 'None'. Mandatory field missing.`],
    [
      'an empty name',
      { ...good, name: '' },
      400,
      `${prefix} name. Value: ''. Value should have a minimum character requirement of 1`,
    ],
    ['a read-only field', { ...good, user_id: 'me' }, 400, `${prefix} user_id. Value: 'me'. Cannot set read only field.`],
    ['an unknown image', { ...good, image_id: 'nope' }, 400, 'Image nope could not be found.'],
    ['an image without distro', { ...good, image_id: 'plain' }, 400, "Image plain doesn't contain os_distro field."],
    [
      'an ambiguous image',
      { ...good, image_id: 'twin' },
      409,
      "Multiple images exist with same name 'twin'. Please use the image ID instead.",
    ],
    ['a distro nobody builds', { ...good, image_id: 'fedora' }, 400, 'Cluster type (vm, fedora, kubernetes) not supported.'],
    ['bare metal', { ...good, server_type: 'bm' }, 400, 'Cluster type (bm, ubuntu, kubernetes) not supported.'],
    ['an unknown driver', { ...good, driver: 'heat' }, 400, 'Cluster driver (heat) not supported.'],
    ['an unknown flavor', { ...good, flavor_id: 'nope' }, 400, 'Unable to find flavor nope.'],
    [
      'a flavor without disk',
      { ...good, master_flavor_id: 'm1.diskless' },
      400,
      'Flavor with zero root volume size is not supported when boot_volume_size is zero.',
    ],
    [
      'an internal network as external',
      { ...good, external_network_id: 'private' },
      400,
      'Unable to find external network private.',
    ],
    [
      'an ambiguous network',
      { ...good, fixed_network: 'twin' },
      409,
      "Multiple networks exist with same name 'twin'. Please use the network ID instead.",
    ],
    ['an unknown subnet', { ...good, fixed_subnet: 'nope' }, 400, 'Unable to find fixed subnet nope.'],
    [
      'an unknown network driver',
      { ...good, network_driver: 'weave' },
      400,
      'Network driver type weave is not supported, expecting a flannel/calico/cilium/unspecified network driver.',
    ],
    [
      'a volume driver',
      { ...good, volume_driver: 'rexray' },
      400,
      'Volume driver type rexray is not supported, expecting a cinder/unspecified volume driver.',
    ],
    [
      'IPv6 name servers',
      { ...good, dns_nameserver: '2001:db8::1' },
      400,
      'Expected a single dns address or comma separated dns list, but received 2001:db8::1.',
    ],
    [
      'a small volume for devicemapper',
      { ...good, docker_storage_driver: 'devicemapper', docker_volume_size: 2 },
      400,
      'docker volume size 2 GB is not valid, expecting minimum value 3GB for devicemapper storage driver.',
    ],
    [
      'publishing by a member',
      { ...good, public: true },
      403,
      'Not authorized to set public or hidden flag for cluster template.',
    ],
  ];
  for (const [sentence, body, status, detail] of refused) {
    it(`refuses ${sentence} and writes nothing`, async () => {
      const before = await api.count('cluster_templates');
      const answer = await api.as('demo').post('/v1/clustertemplates', body).expect(status);
      assert.deepEqual(answer.body, errorBody(status, detail));
      assert.equal(await api.count('cluster_templates'), before);
    });
  }

  it('asks the policy', async () => {
    const answer = await api.as('reader').post('/v1/clustertemplates', good).expect(403);
    assert.equal(answer.body.errors[0].detail, "Policy doesn't allow clustertemplate:create to be performed.");
    await api.as('nobody').get('/v1/clustertemplates').expect(403);
    await api.as('unscoped').get('/v1/clustertemplates').expect(403);
  });

  it('names the service that is away', async () => {
    for (const [service, field] of [
      ['image', { image_id: 'other' }],
      ['compute', { flavor_id: 'other' }],
      ['network', { fixed_network: 'other' }],
    ] as const) {
      api.cloud.down.add(service);
      const { body } = await api
        .as('demo')
        .post('/v1/clustertemplates', { ...good, ...field })
        .expect(503);
      assert.match(body.errors[0].detail, new RegExp(`${service} service`));
      api.cloud.down.clear();
    }
  });

  it('keeps projects apart', async () => {
    const mine = await make({ ...good, name: 'private' });
    const shared = await make({ ...good, name: 'shared', public: true }, 'admin');
    const secret = await make({ ...good, name: 'secret', public: true, hidden: true }, 'admin');
    const other = api.as('other');
    await other.get(`/v1/clustertemplates/${String(mine['uuid'])}`).expect(404);
    await other.delete(`/v1/clustertemplates/${String(mine['uuid'])}`).expect(404);
    await other.patch(`/v1/clustertemplates/${String(mine['uuid'])}`, []).expect(404);
    await other.get(`/v1/clustertemplates/${String(secret['uuid'])}`).expect(404);
    await other.get('/v1/clustertemplates/shared').expect(200);
    await other.delete('/v1/clustertemplates/shared').expect(403);
    await other.patch('/v1/clustertemplates/shared', [{ op: 'replace', path: '/name', value: 'mine' }]).expect(403);
    await api.as('nobody').get('/v1/clustertemplates/shared').expect(200);
    const names = async (person: string): Promise<string[]> =>
      (await api.as(person).get('/v1/clustertemplates').expect(200)).body.clustertemplates.map(
        (one: { name: string }) => one.name,
      );
    assert.deepEqual(await names('other'), ['shared']);
    assert.ok((await names('admin')).includes('private'));
    await api
      .as('admin')
      .delete(`/v1/clustertemplates/${String(shared['uuid'])}`)
      .expect(204);
    await api
      .as('admin')
      .delete(`/v1/clustertemplates/${String(secret['uuid'])}`)
      .expect(204);
  });

  it('pages', async () => {
    const uuids: string[] = [];
    for (const name of ['p3', 'p1', 'p2']) uuids.push(String((await make({ ...good, name }, 'other'))['uuid']));
    const page = async (query: string): Promise<{ names: string[]; next?: string }> => {
      const { body } = await api.as('other').get(`/v1/clustertemplates?${query}`).expect(200);
      return { names: body.clustertemplates.map((one: { name: string }) => one.name), next: body.next };
    };
    assert.deepEqual(await page('limit=2'), {
      names: ['p3', 'p1'],
      next: `http://api/v1/clustertemplates?sort_key=id&sort_dir=asc&limit=2&marker=${uuids[1]}`,
    });
    assert.deepEqual(await page(`limit=2&marker=${uuids[1]}`), { names: ['p2'], next: undefined });
    assert.deepEqual((await page('sort_key=name&sort_dir=desc')).names, ['p3', 'p2', 'p1']);
    assert.deepEqual((await page(`sort_key=name&limit=2&marker=${uuids[1]}`)).names, ['p2', 'p3']);
    assert.deepEqual((await page(`sort_key=flavor_id&limit=2&marker=${uuids[0]}`)).names, ['p1', 'p2']);
    const bad: [string, number, string][] = [
      ['limit=0', 400, 'Limit must be positive'],
      [
        'limit=x',
        400,
        "Invalid input for field/attribute limit. Value: 'x'. unable to convert to int. Error: invalid literal for int() with base 10: 'x'",
      ],
      [
        'limit=',
        400,
        "Invalid input for field/attribute limit. Value: ''. unable to convert to int. Error: invalid literal for int() with base 10: ''",
      ],
      ['sort_key=node_count', 400, 'The sort_key value "node_count" is an invalid field for sorting'],
      ['sort_key=labels', 400, 'The sort_key value "labels" is an invalid field for sorting'],
      ['sort_dir=ASC', 400, "Invalid sort direction: ASC. Acceptable values are 'asc' or 'desc'"],
      [
        'marker=p1',
        400,
        "Invalid input for field/attribute marker. Value: 'p1'. unable to convert to uuid. Error: Expected a uuid but received p1.",
      ],
      [
        'marker=00000000-0000-4000-8000-000000000000',
        404,
        'ClusterTemplate 00000000-0000-4000-8000-000000000000 could not be found.',
      ],
      ['all_tenants=1&detail=1', 400, 'Unknown argument: "all_tenants, detail"'],
    ];
    for (const [query, status, detail] of bad) {
      const { body } = await api.as('other').get(`/v1/clustertemplates?${query}`).expect(status);
      assert.equal(body.errors[0].detail, detail);
    }
  });

  it('refuses an ambiguous name and finds by uuid', async () => {
    const one = await make({ ...good, name: 'twins' });
    await make({ ...good, name: 'twins' });
    const { body } = await api.as('demo').get('/v1/clustertemplates/twins').expect(409);
    assert.equal(
      body.errors[0].detail,
      'Multiple ClusterTemplates exist with same name. Please use the ClusterTemplate uuid instead.',
    );
    await api
      .as('demo')
      .get(`/v1/clustertemplates/${String(one['uuid'])}`)
      .expect(200);
    await api
      .as('demo')
      .get(`/v1/clustertemplates/${String(one['uuid']).toUpperCase()}`)
      .expect(404);
  });

  it('changes by PATCH', async () => {
    const { uuid } = await make({ ...good, name: 'before', labels: { a: '1' }, tags: 'x' });
    const path = `/v1/clustertemplates/${String(uuid)}`;
    const { body } = await api
      .as('demo')
      .patch(path, [
        { op: 'replace', path: '/name', value: 'after' },
        { op: 'replace', path: '/labels', value: "{'b': '2'}" },
        { op: 'add', path: '/labels/c', value: 'True' },
        { op: 'add', path: '/docker_volume_size', value: '5' },
        { op: 'replace', path: '/floating_ip_enabled', value: 'false' },
        { op: 'remove', path: '/tags' },
      ])
      .expect(200);
    assert.equal(body.name, 'after');
    assert.deepEqual(body.labels, { b: '2', c: 'True' });
    assert.equal(body.docker_volume_size, 5);
    assert.equal(body.floating_ip_enabled, false);
    assert.equal(body.tags, null);
    assert.notEqual(body.updated_at, null);
    const bad: [unknown, number, RegExp][] = [
      [{ name: 'x' }, 400, /Value not a valid list/],
      [[{ op: 'replace', path: '/uuid', value: 'x' }], 400, /is an internal attribute and can not be updated$/],
      [[{ op: 'remove', path: '/image_id' }], 400, /is a mandatory attribute and can not be removed$/],
      [[{ op: 'replace', path: '/image_id', value: 'nope' }], 400, /^Image nope could not be found\.$/],
      [[{ op: 'replace', path: '/coe', value: 'mesos' }], 400, /Value should be one of: kubernetes$/],
      [[{ op: 'replace', path: '/public', value: true }], 403, /^Not authorized to set public/],
      [[{ op: 'replace', path: '/network_driver', value: 'weave' }], 400, /^Network driver type weave is not supported/],
    ];
    for (const [patch, status, detail] of bad) {
      const answer = await api.as('demo').patch(path, patch).expect(status);
      assert.match(answer.body.errors[0].detail, detail);
    }
    await api.as('demo').patch('/v1/clustertemplates/nothing', {}).expect(400);
    await api.as('demo').patch('/v1/clustertemplates/nothing', []).expect(404);
  });

  it('keeps every change of those that come together', async () => {
    const { uuid } = await make({ ...good, name: 'shared', labels: { first: '1' } });
    const path = `/v1/clustertemplates/${String(uuid)}`;
    const names = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(
      names.map((name) => api.as('demo').patch(path, [{ op: 'add', path: `/labels/${name}`, value: '1' }])),
    );
    const taken = names.filter((_, index) => answers[index]?.status === 200);
    assert.ok(taken.length > 0);
    const { body } = await api.as('demo').get(path).expect(200);
    assert.deepEqual(Object.keys(body.labels).sort(), [...taken, 'first']);
  });

  it('deletes by uuid and by name', async () => {
    const { uuid } = await make({ ...good, name: 'short-lived' });
    const { text, headers } = await api.as('demo').delete('/v1/clustertemplates/short-lived').expect(204);
    assert.equal(text, '');
    assert.equal(headers['content-type'], undefined);
    await api
      .as('demo')
      .delete(`/v1/clustertemplates/${String(uuid)}`)
      .expect(404);
  });

  const transport: [string, string, string, number, string][] = [
    ['broken JSON', 'application/json', '{"name":', 400, 'Request is not in valid JSON format'],
    ['an empty body', 'application/json', '', 400, 'Missing argument: "cluster_template"'],
    ['text', 'text/plain', 'hello', 415, 'Unknown mimetype: text/plain'],
    [
      'too much',
      'application/json',
      `{"name":"${'x'.repeat(1 << 20)}"}`,
      413,
      'Request body is too large: at most 1 MiB is taken.',
    ],
  ];
  for (const [sentence, type, text, status, detail] of transport) {
    it(`answers ${status} to ${sentence}`, async () => {
      const answer = await api.as('demo').of('post', '/v1/clustertemplates').set('content-type', type).send(text).expect(status);
      assert.equal(answer.body.errors[0].detail, detail);
      assert.equal(answer.body.errors[0].status, status);
    });
  }
});
