import assert from 'node:assert/strict';
import { IMAGE, KEYPAIR, type Account } from '../site.js';
import type { ClientRows } from '../table.js';
import { certificateRequest, Replay, type ReplayedRequest } from './replay.js';

const API = 'magnum_ui/api/magnum.py';
const JSON_TYPE = { 'content-type': 'application/json', accept: 'application/json' };
const RAW_TYPE = { 'content-type': 'application/octet-stream', accept: '' };

/** The functions of its API module. */
const HAS = [
  ...['create', 'update', 'delete', 'list', 'show'].flatMap((verb) => [`cluster_template_${verb}`, `cluster_${verb}`]),
  ...['cluster_config', 'cluster_resize', 'cluster_upgrade', 'certificate_create', 'certificate_show', 'certificate_rotate'],
  ...['credential_rotate', 'stats_list', 'nodegroup_list'],
  ...['quotas_list', 'quotas_show', 'quotas_create', 'quotas_update', 'quotas_delete'],
];

/** Horizon's magnum-ui: scalars of forms as text, whatever they are. */
export async function magnumUi(rows: ClientRows, account: Account): Promise<void> {
  rows.has(HAS);
  const ui = new MagnumUi(
    new Replay(rows, account, 'openstack/magnum-ui', {
      ...JSON_TYPE,
      'openstack-api-version': 'container-infra 1.13',
      'user-agent': 'python-magnumclient',
    }),
  );
  const template = await ui.templates();
  const cluster = await ui.create(template);
  await ui.quotas();
  await ui.read(cluster, template);
  await ui.change(cluster, template);
  await ui.remove(cluster, template);
}

class MagnumUi {
  private next = '';

  constructor(private readonly replay: Replay) {}

  async templates(): Promise<string> {
    const form = {
      name: 'horizon',
      coe: 'kubernetes',
      server_type: 'vm',
      public: 'False',
      registry_enabled: 'True',
      tls_disabled: 'False',
      image_id: IMAGE,
      flavor_id: 'm1.small',
      master_flavor_id: 'm1.small',
      docker_volume_size: '5',
      docker_storage_driver: 'overlay2',
      keypair_id: KEYPAIR,
      network_driver: 'calico',
      volume_driver: 'cinder',
      external_network_id: 'public',
      dns_nameserver: '8.8.8.8',
      master_lb_enabled: 'False',
      floating_ip_enabled: 'True',
      labels: { a: '1' },
    };
    const create = {
      call: 'cluster_template_create',
      source: API,
      method: 'POST',
      path: '/v1/clustertemplates',
      expect: [201],
    } as const;
    const made = await this.replay.must({
      ...create,
      body: form,
      check: (template) => {
        assert.deepEqual([template.docker_volume_size, template.registry_enabled, template.public], [5, true, false]);
      },
    });
    this.next = (await this.replay.must({ ...create, body: { ...form, name: 'horizon-next' } })).uuid;
    await this.get('cluster_template_list', '/v1/clustertemplates/detail', ({ clustertemplates }) =>
      assert.equal(clustertemplates.length, 2),
    );
    await this.get('cluster_template_update', `/v1/clustertemplates/${this.next}`);
    // `add` for what is null, `replace` for the rest, `remove` for what was emptied; every value is text.
    await this.patch('cluster_template_update', `/v1/clustertemplates/${this.next}`, [200], [
      { op: 'add', path: '/http_proxy', value: 'http://proxy.test:3128' },
      { op: 'replace', path: '/registry_enabled', value: 'False' },
      { op: 'replace', path: '/docker_volume_size', value: '7' },
      { op: 'replace', path: '/labels', value: "{'b': '2'}" },
      { op: 'remove', path: '/dns_nameserver' },
    ], (template) => {
      assert.deepEqual([template.registry_enabled, template.docker_volume_size, template.labels], [false, 7, { b: '2' }]);
    }); // prettier-ignore
    await this.get('cluster_template_show', `/v1/clustertemplates/${made.uuid}`, (one) => assert.equal(one.keypair_id, KEYPAIR));
    return made.uuid as string;
  }

  /** `discovery_url` is an empty text, numbers and booleans are text; labels keep their types. */
  async create(template: string): Promise<string> {
    const body = {
      name: 'horizon',
      cluster_template_id: template,
      discovery_url: '',
      create_timeout: '60',
      keypair: KEYPAIR,
      master_lb_enabled: 'False',
      master_count: '1',
      node_count: '1',
      flavor_id: 'm1.small',
      master_flavor_id: 'm1.small',
      labels: { a: '1', auto_scaling_enabled: true, auto_healing_enabled: false, min_node_count: 1, max_node_count: 3 },
    };
    const { uuid } = await this.replay.must({
      call: 'cluster_create',
      source: API,
      method: 'POST',
      path: '/v1/clusters',
      body,
      expect: [202],
    });
    await this.get('cluster_show', `/v1/clusters/${uuid}`, (cluster) => {
      assert.match(cluster.status, /^CREATE_/);
      assert.deepEqual([cluster.node_count, cluster.create_timeout, cluster.labels.auto_scaling_enabled], [1, 60, 'True']);
    });
    await this.replay.does('cluster_create', API, async () => {
      assert.equal(await this.replay.account.settled(uuid), 'CREATE_COMPLETE');
    }, 'CREATE_COMPLETE'); // prettier-ignore
    return uuid as string;
  }

  async quotas(): Promise<void> {
    const { project } = this.replay.account;
    const path = `/v1/quotas/${project}/Cluster`;
    const admin = { source: API, asAdmin: true } as const;
    const text = { project_id: project, resource: 'Cluster', hard_limit: '7' };
    await this.replay.send({ ...admin, call: 'quotas_create', method: 'POST', path: '/v1/quotas', body: text, expect: [201] });
    await this.replay.send({
      ...admin,
      call: 'quotas_list',
      method: 'GET',
      path: '/v1/quotas?all_tenants=True',
      expect: [200],
      check: ({ quotas }) => assert.ok(quotas.some((one: { project_id: string }) => one.project_id === project)),
    });
    const body = { hard_limit: 9 };
    await this.replay.send({ ...admin, call: 'quotas_update', method: 'PATCH', path, body, expect: [202] });
    await this.get('quotas_show', path, (quota) => assert.equal(quota.hard_limit, 9));
    await this.replay.send({ ...admin, call: 'quotas_delete', method: 'DELETE', path, headers: RAW_TYPE, expect: [204] });
  }

  async read(cluster: string, template: string): Promise<void> {
    await this.get('cluster_list', '/v1/clusters/detail', ({ clusters }) => assert.equal(clusters[0].cluster_id.length, 36));
    await this.get('stats_list', '/v1/stats', ({ clusters, nodes }) => assert.deepEqual([clusters, nodes], [1, 2]));
    await this.get('nodegroup_list', `/v1/clusters/${cluster}/nodegroups/`, ({ nodegroups }) =>
      assert.equal(nodegroups.length, 2),
    );
    await this.get('certificate_show', `/v1/certificates/${cluster}`, ({ pem }) => assert.match(pem, /BEGIN CERTIFICATE/));
    const csr = await certificateRequest(this.replay.account, '/O=system:masters/CN=admin', 2048, 'sha256');
    const body = { cluster_uuid: cluster, csr };
    const sign = { source: API, method: 'POST', path: '/v1/certificates', body, expect: [201] } as const;
    await this.replay.send({ ...sign, call: 'certificate_create' });
    await this.get('cluster_config', `/v1/clusters/${cluster}`, ({ api_address }) => assert.match(api_address, /^https:/));
    await this.get('cluster_config', `/v1/clustertemplates/${template}`, ({ tls_disabled }) => assert.equal(tls_disabled, false));
    await this.get('cluster_config', `/v1/certificates/${cluster}`);
    await this.replay.send({ ...sign, call: 'cluster_config' });
  }

  async change(cluster: string, template: string): Promise<void> {
    const path = `/v1/clusters/${cluster}`;
    await this.get('cluster_update', path);
    const two = [{ op: 'replace', path: '/node_count', value: '2' }];
    await this.patch('cluster_update', path, [202], two);
    await this.settled('cluster_update', cluster);
    await this.patch('cluster_update', `${path}/?rollback=True`, [202], [{ op: 'replace', path: '/node_count', value: '3' }]);
    await this.settled('cluster_update', cluster);

    const resize = {
      call: 'cluster_resize',
      source: API,
      method: 'POST',
      path: `${path}/actions/resize`,
      expect: [202],
    } as const;
    await this.get('cluster_resize', path, ({ node_count }) => assert.equal(node_count, 3));
    await this.get('cluster_resize', `${path}/nodegroups/`);
    await this.replay.send({ ...resize, body: { node_count: 1, nodegroup: 'default-worker' } });
    await this.settled('cluster_resize', cluster);

    await this.replay.send({
      call: 'cluster_upgrade',
      source: API,
      method: 'POST',
      path: `${path}/actions/upgrade`,
      body: { cluster_template: this.next, max_batch_size: 1, nodegroup: 'default-worker' },
      expect: [202],
    });
    await this.settled('cluster_upgrade', cluster);
    await this.get('cluster_upgrade', path, (one) => assert.notEqual(one.cluster_template_id, template));
    await this.replay.send({
      call: 'credential_rotate',
      source: API,
      method: 'PATCH',
      path: `/v1/credentials/${cluster}`,
      headers: { 'content-type': 'application/json' },
      expect: [202],
      check: ({ uuid }) => assert.equal(uuid, cluster),
    });
    await this.replay.send({
      call: 'certificate_rotate',
      source: API,
      method: 'PATCH',
      path: `/v1/certificates/${cluster}`,
      headers: RAW_TYPE,
      expect: [202],
    });
    await this.settled('certificate_rotate', cluster);
  }

  async remove(cluster: string, template: string): Promise<void> {
    const gone = { source: API, method: 'DELETE', headers: RAW_TYPE, expect: [204] } as const;
    await this.replay.send({ ...gone, call: 'cluster_delete', path: `/v1/clusters/${cluster}` });
    await this.replay.does('cluster_delete', API, async () => {
      assert.equal(await this.replay.account.settled(cluster), 'gone');
    }, 'gone'); // prettier-ignore
    for (const uuid of [template, this.next])
      await this.replay.send({ ...gone, call: 'cluster_template_delete', path: `/v1/clustertemplates/${uuid}` });
  }

  private async get(call: string, path: string, check?: NonNullable<ReplayedRequest['check']>): Promise<void> {
    await this.replay.send({ call, source: API, method: 'GET', path, expect: [200], ...(check ? { check } : {}) });
  }

  private async patch(
    call: string,
    path: string,
    expect: readonly number[],
    body: unknown,
    check?: NonNullable<ReplayedRequest['check']>,
  ): Promise<void> {
    await this.replay.send({ call, source: API, method: 'PATCH', path, body, expect, ...(check ? { check } : {}) });
  }

  private async settled(call: string, cluster: string): Promise<void> {
    const complete = async (): Promise<void> => assert.match(await this.replay.account.settled(cluster), /_COMPLETE$/);
    await this.replay.does(call, API, complete, 'complete');
  }
}
