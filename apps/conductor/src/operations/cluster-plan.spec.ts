import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterEntity, ClusterTemplateEntity, NodeEntity, NodeGroupEntity } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import type { InfraOutputs } from '#libs/drivers';
import { awaitedOf, boundedList } from './awaited.js';
import { apiAddress, clusterSpec, driverOf, firstMasterFloatingIp, groupSpec, nodeSpec } from './cluster-plan.js';
import { describeFailed } from './nodes/ready-nodes.js';

const infra: InfraOutputs = {
  network_id: 'n',
  subnet_id: 's',
  router_external_ips: [],
  cluster_security_group_id: 'c',
  master_security_group_id: 'm',
  worker_security_group_id: 'w',
  master_server_group_id: 'mg',
  worker_server_group_id: 'wg',
  api_host: null,
  api_private_ip: null,
  api_floating_ip_id: null,
  load_balancer_id: null,
  pool_id: null,
};
const resolved = {
  driver: 'k8s_kubeadm',
  externalNetworkId: 'ext',
  existingNetwork: null,
  groups: { g: { flavorId: 'f', imageId: 'i', imageKubeVersion: null } },
};

describe('the cluster as its driver wants it', () => {
  it('counts nodes by role and reads the template’s name servers and port', () => {
    const cluster = {
      uuid: 'u',
      name: 'k1',
      labels: {},
      keypair: '',
      masterLbEnabled: true,
      floatingIpEnabled: true,
    } as unknown as ClusterEntity;
    const groups = [
      { role: 'master', nodeCount: 3 },
      { role: 'worker', nodeCount: 2 },
      { role: 'gpu', nodeCount: 4 },
    ] as NodeGroupEntity[];
    const template = {
      dnsNameserver: '8.8.8.8, 1.1.1.1,',
      apiserverPort: null,
      networkDriver: 'calico',
    } as ClusterTemplateEntity;
    const spec = clusterSpec(cluster, groups, template, resolved);
    assert.deepEqual([spec.masterCount, spec.nodeCount, spec.apiPort, spec.keypair], [3, 9, 6443, null]);
    assert.deepEqual(spec.dnsNameservers, ['8.8.8.8', '1.1.1.1']);
  });

  it('refuses a group and a driver of which nothing is known', () => {
    assert.equal(groupSpec({ uuid: 'g', role: 'gpu' } as NodeGroupEntity).role, 'worker');
    const group = { uuid: 'x', name: 'x', role: 'worker', nodeFacts: null } as NodeGroupEntity;
    const node = { uuid: 'n', slot: 0, name: 'n', facts: null } as NodeEntity;
    assert.throws(() => nodeSpec(node, group), OperationFailure);
    assert.equal(driverOf(resolved).name, 'k8s_kubeadm');
    assert.throws(() => driverOf({ ...resolved, driver: 'swarm' }), OperationFailure);
  });
});

describe('the address of the API', () => {
  const cases: [string, Partial<InfraOutputs>, string | null, string | null, string | null][] = [
    [
      'floating IP of the first master',
      { api_host: '127.25.0.9', api_floating_ip_id: 'f' },
      null,
      'https://127.25.0.9:6443',
      '127.25.0.9',
    ],
    [
      'load balancer',
      { api_host: '127.25.0.9', api_floating_ip_id: 'f', load_balancer_id: 'l' },
      null,
      'https://127.25.0.9:6443',
      null,
    ],
    ['the first master itself', {}, '10.0.0.5', 'https://10.0.0.5:6443', null],
    ['the first master over IPv6', {}, 'fd00::5', 'https://[fd00::5]:6443', null],
    ['not known yet', {}, null, null, null],
  ];
  for (const [sentence, outputs, masterIp, address, own] of cases) {
    it(sentence, () => {
      assert.equal(apiAddress({ ...infra, ...outputs }, masterIp, 6443), address);
      assert.equal(firstMasterFloatingIp({ ...infra, ...outputs }), own);
    });
  }
});

describe('what is awaited', () => {
  it('is the oldest first, and not without end', () => {
    const waitingFor = [3, 1, 2, 4].map((n) => ({
      logicalName: `n${n}`,
      type: 'OS::Nova::Server',
      physicalName: `k1-${n}`,
      doing: 'creating',
      since: new Date(n),
    }));
    assert.equal(
      awaitedOf([undefined, { completed: 0, total: 4, waitingFor }]).words,
      'OS::Nova::Server k1-1 (creating), OS::Nova::Server k1-2 (creating), OS::Nova::Server k1-3 (creating) and 1 more',
    );
    assert.equal(boundedList([]), '');
  });
});

describe('a failed node', () => {
  it('speaks for itself, the end of its words at most', () => {
    const node = { name: 'k1-worker-1', phase: 'kubeadm-join', exitCode: 1, logTail: 'error: no token\n' } as const;
    assert.equal(describeFailed(node), 'node k1-worker-1: kubeadm-join exited 1: error: no token');
    assert.equal(describeFailed({ ...node, exitCode: null, logTail: null }), 'node k1-worker-1: kubeadm-join failed');
    assert.ok(describeFailed({ ...node, logTail: `${'x'.repeat(4096)}END` }).length < 700);
    assert.match(describeFailed({ ...node, logTail: `${'x'.repeat(4096)}END` }), /END$/);
  });
});
