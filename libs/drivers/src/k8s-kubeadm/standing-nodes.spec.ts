import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinResources, createRegistry } from '#libs/stack';
import type { InfraOutputs } from '../outputs.js';
import type { ClusterSpec, GroupSpec, HotResource, NodeSpec } from '../types.js';
import { nodeGroup } from './node-group.js';

/*
 * A standing node must be rendered by every later release as it was made: the engine compares, and a server whose properties
 * differ in more than its metadata is made anew, at the next change of its group. What fails here would rebuild clusters.
 */
const cluster: ClusterSpec = {
  uuid: '3f2a9c1b-7d4e-4000-8000-000000000001',
  name: 'k1',
  projectId: 'p',
  labels: { etcd_volume_size: '5', etcd_volume_type: 'fast', control_plane_availability_zones: 'a,b' },
  keypair: 'kp',
  networkDriver: 'calico',
  masterCount: 3,
  nodeCount: 5,
  masterLbEnabled: true,
  floatingIpEnabled: true,
  apiPort: 6443,
  externalNetworkId: 'ext-id',
  existingNetwork: null,
  dnsNameservers: [],
};
const infra: InfraOutputs = {
  network_id: 'net-id',
  subnet_id: 'subnet-id',
  router_external_ips: [],
  cluster_security_group_id: 'sg-c',
  master_security_group_id: 'sg-m',
  worker_security_group_id: 'sg-w',
  master_server_group_id: 'grp-m',
  worker_server_group_id: 'grp-w',
  api_host: '203.0.113.10',
  api_private_ip: '10.0.0.4',
  api_floating_ip_id: 'fip-id',
  load_balancer_id: 'lb-id',
  pool_id: 'pool-id',
};
const node: NodeSpec = { uuid: 'node-1', slot: 1, name: 'k1-3f2a9c1b7d4e-1', flavorId: 'flavor-id', imageId: 'image-id' };

const group = (change: Partial<GroupSpec>): GroupSpec => ({
  uuid: '3f2a9c1b-7d4e-4000-8000-000000000002',
  name: 'default-worker',
  role: 'worker',
  isDefault: true,
  dockerVolumeSizeGib: null,
  labels: {},
  ...change,
});

function rendered(of: GroupSpec): Record<string, HotResource> {
  const { template } = nodeGroup(cluster, of, [node], infra);
  return JSON.parse(JSON.stringify(template.resources)) as Record<string, HotResource>;
}
const param = (name: string): object => ({ get_param: name });
const port = {
  type: 'OS::Neutron::Port',
  properties: {
    network: param('network'),
    fixed_ips: [{ subnet: param('subnet') }],
    security_groups: [param('cluster_security_group'), param('role_security_group')],
  },
};

test('a plain worker', () => {
  assert.deepEqual(rendered(group({})), {
    'worker-1-port': port,
    'worker-1': {
      type: 'OS::Nova::Server',
      properties: {
        name: node.name,
        flavor: 'flavor-id',
        image: 'image-id',
        key_name: param('key_name'),
        networks: [{ port: { get_resource: 'worker-1-port' } }],
        scheduler_hints: { group: param('server_group') },
        metadata: { jeroboam_cluster: cluster.uuid, jeroboam_node: 'node-1' },
        config_drive: true,
        user_data_format: 'RAW',
        user_data: param('user_data_1'),
      },
    },
  });
});

test('a master with every volume, behind a load balancer', () => {
  const labels = { boot_volume_size: '20', boot_volume_type: 'ssd', docker_volume_type: 'slow', availability_zone: 'z' };
  const all = rendered(group({ name: 'default-master', role: 'master', dockerVolumeSizeGib: 30, labels }));
  const volume = (size: number, type: string): object => ({ size, volume_type: type, availability_zone: 'b' });
  const attached = (name: string): object => ({
    type: 'OS::Cinder::VolumeAttachment',
    properties: { instance_uuid: { get_resource: 'master-1' }, volume_id: { get_resource: name } },
  });
  assert.deepEqual(all, {
    'master-1-port': port,
    'master-1-boot': { type: 'OS::Cinder::Volume', properties: { ...volume(20, 'ssd'), image: 'image-id' } },
    'master-1-docker': { type: 'OS::Cinder::Volume', properties: volume(30, 'slow') },
    'master-1-etcd': { type: 'OS::Cinder::Volume', properties: volume(5, 'fast') },
    'master-1': {
      type: 'OS::Nova::Server',
      properties: {
        name: node.name,
        flavor: 'flavor-id',
        block_device_mapping_v2: [{ boot_index: 0, volume_id: { get_resource: 'master-1-boot' }, delete_on_termination: false }],
        key_name: param('key_name'),
        networks: [{ port: { get_resource: 'master-1-port' } }],
        availability_zone: 'b',
        scheduler_hints: { group: param('server_group') },
        metadata: {
          jeroboam_cluster: cluster.uuid,
          jeroboam_node: 'node-1',
          jeroboam_volume_docker: { get_resource: 'master-1-docker' },
          jeroboam_volume_etcd: { get_resource: 'master-1-etcd' },
        },
        config_drive: true,
        user_data_format: 'RAW',
        user_data: param('user_data_1'),
      },
    },
    'master-1-docker-attachment': attached('master-1-docker'),
    'master-1-etcd-attachment': attached('master-1-etcd'),
    'master-1-member': {
      type: 'OS::Octavia::PoolMember',
      properties: {
        pool: param('pool'),
        address: { get_attr: ['master-1-port', 'fixed_ips', 0, 'ip_address'] },
        protocol_port: 6443,
        subnet: param('subnet'),
      },
    },
  });
});

test('metadata alone may change of a server that stands', () => {
  assert.deepEqual(createRegistry(builtinResources).find('OS::Nova::Server')?.updatable, ['metadata']);
});
