import assert from 'node:assert/strict';
import { IMAGE, type Account } from '../site.js';
import type { ClientRows } from '../table.js';
import { certificateRequest, Replay, stateChange, type ReplayedRequest } from './replay.js';

const SHARED = 'openstack/containerinfra_shared_v1.go';
const TEMPLATE = 'openstack/resource_openstack_containerinfra_clustertemplate_v1.go';
const CLUSTER = 'openstack/resource_openstack_containerinfra_cluster_v1.go';
const GROUP = 'openstack/resource_openstack_containerinfra_nodegroup_v1.go';
const DATA = (kind: string): string => `openstack/data_source_openstack_containerinfra_${kind}_v1.go`;

/** Resources with their operations, and data sources. */
const HAS = ['clustertemplate', 'cluster', 'nodegroup'].flatMap((kind) => [
  ...['create', 'read', 'update', 'delete', 'import'].map((operation) => `${kind}_v1 ${operation}`),
  `data ${kind}_v1`,
]);

/** gophercloud's headers; a microversion only where the provider sets one. */
const at = (version: string): Record<string, string> => ({ 'openstack-api-version': `container-infra ${version}` });

/** The Terraform provider's resources: create, read, update, import and delete, with its strict waiting. */
export async function terraform(rows: ClientRows, account: Account): Promise<void> {
  rows.has(HAS);
  const provider = new Provider(
    new Replay(rows, account, 'terraform-provider-openstack/terraform-provider-openstack', {
      accept: 'application/json',
      'user-agent': 'HashiCorp Terraform gophercloud/v2',
    }),
  );
  const template = await provider.createTemplate('terraform');
  const next = await provider.createTemplate('terraform-next');
  await provider.updateTemplate(next);
  const cluster = await provider.createCluster(template);
  await provider.readCluster(cluster, 'cluster_v1 read', 1);
  await provider.readCluster(cluster, 'cluster_v1 import', 1);
  const group = await provider.createGroup(cluster);
  await provider.updateGroup(cluster, group);
  await provider.updateCluster(cluster);
  await provider.deleteGroup(cluster, group);
  await provider.upgradeCluster(cluster, next);
  await provider.deleteCluster(cluster);
  await provider.deleteTemplates(template, next);
}

class Provider {
  constructor(private readonly replay: Replay) {}

  async createTemplate(name: string): Promise<string> {
    const made = await this.replay.must({
      call: 'clustertemplate_v1 create',
      source: TEMPLATE,
      method: 'POST',
      path: '/v1/clustertemplates',
      // Empty strings are left out, booleans never.
      body: {
        name,
        coe: 'kubernetes',
        image_id: IMAGE,
        external_network_id: 'public',
        flavor_id: 'm1.small',
        master_flavor_id: 'm1.small',
        dns_nameserver: '8.8.8.8',
        docker_storage_driver: 'overlay2',
        server_type: 'vm',
        network_driver: 'calico',
        labels: { a: '1', b: '2' },
        docker_volume_size: 5,
        floating_ip_enabled: true,
        master_lb_enabled: false,
        public: false,
        registry_enabled: false,
        tls_disabled: false,
        hidden: false,
      },
      expect: [201],
      check: (template) => {
        assert.equal(typeof template.uuid, 'string');
        assert.equal(template.docker_volume_size, 5);
        assert.deepEqual(template.labels, { a: '1', b: '2' });
      },
    });
    for (const call of ['clustertemplate_v1 read', 'clustertemplate_v1 import', 'data clustertemplate_v1'])
      await this.replay.send({
        call,
        source: call.startsWith('data') ? DATA('clustertemplate') : TEMPLATE,
        method: 'GET',
        path: `/v1/clustertemplates/${call.startsWith('data') ? name : made.uuid}`,
        expect: [200],
        check: (template) => assert.match(template.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/),
      });
    return made.uuid as string;
  }

  /** Booleans and labels are text there, numbers are numbers; what was emptied is removed. */
  async updateTemplate(uuid: string): Promise<void> {
    const replace = (path: string, value: unknown): object => ({ op: 'replace', path, value });
    await this.replay.send({
      call: 'clustertemplate_v1 update',
      source: TEMPLATE,
      method: 'PATCH',
      path: `/v1/clustertemplates/${uuid}`,
      body: [
        replace('/name', 'terraform-later'),
        replace('/floating_ip_enabled', 'true'),
        replace('/registry_enabled', 'true'),
        replace('/tls_disabled', 'false'),
        replace('/docker_volume_size', 6),
        replace('/labels', "{'a':'1','c':'3'}"),
        replace('/flavor_id', 'm1.medium'),
        { op: 'remove', path: '/dns_nameserver' },
        { op: 'remove', path: '/docker_storage_driver' },
      ],
      expect: [200, 202],
      check: (template) => {
        assert.deepEqual(template.labels, { a: '1', c: '3' });
        assert.deepEqual(
          [template.registry_enabled, template.docker_volume_size, template.dns_nameserver, template.flavor_id],
          [true, 6, null, 'm1.medium'],
        );
      },
    });
  }

  async createCluster(template: string): Promise<string> {
    const { uuid } = await this.replay.must({
      call: 'cluster_v1 create',
      source: CLUSTER,
      method: 'POST',
      path: '/v1/clusters',
      // `name` and `create_timeout` are always there.
      body: {
        cluster_template_id: template,
        create_timeout: null,
        name: 'terraform',
        labels: { c: '3' },
        merge_labels: true,
        master_count: 1,
        node_count: 1,
        floating_ip_enabled: true,
      },
      expect: [202],
      check: (body) => assert.match(body.uuid, /^[0-9a-f-]{36}$/),
    });
    await this.waitForCluster('cluster_v1 create', uuid, 'CREATE_COMPLETE', 'CREATE_IN_PROGRESS');
    return uuid as string;
  }

  /** Cluster, the default worker group's count at 1.9, and a kubeconfig. */
  async readCluster(uuid: string, call: string, workers: number): Promise<void> {
    const { replay } = this;
    const get: Pick<ReplayedRequest, 'call' | 'source' | 'method' | 'expect'> = {
      call,
      source: CLUSTER,
      method: 'GET',
      expect: [200],
    };
    await replay.send({
      ...get,
      path: `/v1/clusters/${uuid}`,
      check: (cluster) => {
        assert.equal(typeof cluster.create_timeout, 'number');
        assert.equal(typeof cluster.stack_id, 'string');
        assert.deepEqual(cluster.labels_added, { c: '3' });
        assert.equal(cluster.floating_ip_enabled, true);
      },
    });
    await replay.send({
      ...get,
      path: `/v1/clusters/${uuid}/nodegroups`,
      headers: at('1.9'),
      check: ({ nodegroups }: { nodegroups: { is_default: boolean; role: string; node_count: number }[] }) =>
        assert.equal(nodegroups.find((one) => one.is_default && one.role !== 'master')?.node_count, workers),
    });
    await replay.send({
      ...get,
      source: SHARED,
      path: `/v1/certificates/${uuid}`,
      headers: at('1.9'),
      check: ({ pem }) => assert.match(pem, /BEGIN CERTIFICATE/),
    });
    const csr = await certificateRequest(replay.account, '/CN=admin/O=system:masters/OU=terraform', 4096, 'sha512');
    await replay.send({
      call,
      source: SHARED,
      method: 'POST',
      path: '/v1/certificates',
      headers: at('1.9'),
      body: { cluster_uuid: uuid, csr },
      expect: [201],
      check: ({ pem }) => assert.match(pem, /BEGIN CERTIFICATE/),
    });
    await replay.send({ ...get, call: 'data cluster_v1', source: DATA('cluster'), path: '/v1/clusters/terraform' });
  }

  async createGroup(cluster: string): Promise<string> {
    const { replay } = this;
    const { uuid } = await replay.must({
      call: 'nodegroup_v1 create',
      source: GROUP,
      method: 'POST',
      path: `/v1/clusters/${cluster}/nodegroups`,
      headers: at('1.9'),
      body: { name: 'gpu', node_count: 1, min_node_count: 1, max_node_count: 2, role: 'gpu', flavor_id: 'm1.small', image_id: IMAGE, merge_labels: true, labels: { d: '4' } },
      expect: [202],
    }); // prettier-ignore
    await this.waitForGroup('nodegroup_v1 create', cluster, uuid, 'CREATE_COMPLETE', 'CREATE_IN_PROGRESS');
    for (const call of ['nodegroup_v1 read', 'nodegroup_v1 import', 'data nodegroup_v1'])
      await replay.send({
        call,
        source: call.startsWith('data') ? DATA('nodegroup') : GROUP,
        method: 'GET',
        path: `/v1/clusters/${cluster}/nodegroups/${call.startsWith('data') ? 'gpu' : uuid}`,
        headers: at('1.9'),
        expect: [200],
        check: (group) => {
          assert.deepEqual([group.node_count, group.min_node_count, group.max_node_count], [1, 1, 2]);
          assert.deepEqual(group.labels_added, { d: '4' });
        },
      });
    return uuid as string;
  }

  /** Limits and count changed in one run: the new limits hold for the resize that follows at once. */
  async updateGroup(cluster: string, group: string): Promise<void> {
    const { replay } = this;
    const call = 'nodegroup_v1 update';
    const limits = [
      { op: 'replace', path: '/min_node_count', value: 0 },
      { op: 'replace', path: '/max_node_count', value: 4 },
    ];
    const path = `/v1/clusters/${cluster}/nodegroups/${group}`;
    await replay.send({ call, source: GROUP, method: 'PATCH', path, headers: at('1.9'), body: limits, expect: [202] });
    for (const [count, version] of [
      [3, '1.9'],
      [0, '1.10'],
    ] as const) {
      await replay.send({
        call,
        source: GROUP,
        method: 'POST',
        path: `/v1/clusters/${cluster}/actions/resize`,
        headers: at(version),
        body: { node_count: count, nodegroup: group },
        expect: [200, 202],
      });
      await this.waitForGroup(call, cluster, group, 'UPDATE_COMPLETE', 'UPDATE_IN_PROGRESS');
    }
    const unlimited = [{ op: 'remove', path: '/max_node_count' }];
    await replay.send({ call, source: GROUP, method: 'PATCH', path, headers: at('1.9'), body: unlimited, expect: [202] });
    await this.waitForCluster(call, cluster, 'UPDATE_COMPLETE');
  }

  async updateCluster(uuid: string): Promise<void> {
    const call = 'cluster_v1 update';
    const body = [{ op: 'replace', path: '/node_count', value: 2 }];
    await this.replay.send({ call, source: CLUSTER, method: 'PATCH', path: `/v1/clusters/${uuid}`, body, expect: [200, 202] });
    await this.waitForCluster(call, uuid, 'UPDATE_COMPLETE');
    await this.readCluster(uuid, call, 2);
  }

  async upgradeCluster(uuid: string, template: string): Promise<void> {
    const call = 'cluster_v1 update';
    await this.replay.send({
      call,
      source: CLUSTER,
      method: 'POST',
      path: `/v1/clusters/${uuid}/actions/upgrade`,
      headers: at('1.8'),
      body: { cluster_template: template },
      expect: [202],
    });
    await this.waitForCluster(call, uuid, 'UPDATE_COMPLETE');
    const check = (cluster: { cluster_template_id: string }): void => assert.equal(cluster.cluster_template_id, template);
    await this.replay.send({ call, source: CLUSTER, method: 'GET', path: `/v1/clusters/${uuid}`, expect: [200], check });
  }

  async deleteGroup(cluster: string, group: string): Promise<void> {
    const call = 'nodegroup_v1 delete';
    const path = `/v1/clusters/${cluster}/nodegroups/${group}`;
    await this.replay.send({ call, source: GROUP, method: 'DELETE', path, headers: at('1.9'), expect: [202, 204] });
    await this.waitForGroup(call, cluster, group, 'DELETE_COMPLETE', 'DELETE_IN_PROGRESS');
  }

  async deleteCluster(uuid: string): Promise<void> {
    const call = 'cluster_v1 delete';
    await this.replay.send({ call, source: CLUSTER, method: 'DELETE', path: `/v1/clusters/${uuid}`, expect: [202, 204] });
    await this.waitForCluster(call, uuid, 'DELETE_COMPLETE');
  }

  async deleteTemplates(...uuids: string[]): Promise<void> {
    const call = 'clustertemplate_v1 delete';
    for (const uuid of uuids)
      await this.replay.send({
        call,
        source: TEMPLATE,
        method: 'DELETE',
        path: `/v1/clustertemplates/${uuid}`,
        expect: [202, 204],
      });
  }

  private async waitForCluster(call: string, uuid: string, target: string, pending?: string): Promise<void> {
    await this.wait(call, `/v1/clusters/${uuid}`, target, pending);
  }

  private async waitForGroup(call: string, cluster: string, group: string, target: string, pending: string): Promise<void> {
    await this.wait(call, `/v1/clusters/${cluster}/nodegroups/${group}`, target, pending);
  }

  private async wait(call: string, path: string, target: string, pending?: string): Promise<void> {
    const headers = at('1.9');
    const ask = async (): Promise<string> => {
      const answer = await this.replay.exchange({ call, source: SHARED, method: 'GET', path, headers, expect: [200, 404] });
      return answer.status === 404 ? 'DELETE_COMPLETE' : String(answer.body.status);
    };
    await this.replay.does(call, SHARED, () => stateChange(ask, target, pending), `waiting for ${target}`);
  }
}
