import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkPlan } from './network-plan.js';

const plan = (labels: Record<string, string> = {}, more: object = {}) =>
  networkPlan({ labels, networkDriver: 'calico', existingCidr: null, nodeCount: 3, ...more });

test('the defaults fit together', () => {
  assert.deepEqual(plan(), {
    nodeCidr: '10.0.0.0/24',
    podCidr: '10.100.0.0/16',
    serviceCidr: '10.254.0.0/16',
    nodeMask: 24,
    maxPods: 110,
    dnsDomain: 'cluster.local',
    dnsServiceIp: '10.254.0.10',
  });
});

test('each network driver has its label for the pod range', () => {
  const labels = { flannel_network_cidr: '10.1.0.0/16', calico_ipv4pool: '10.2.0.0/16', cilium_ipv4pool: '10.3.0.0/16' };
  for (const [networkDriver, podCidr] of [
    ['flannel', '10.1.0.0/16'],
    [null, '10.1.0.0/16'],
    ['calico', '10.2.0.0/16'],
    ['cilium', '10.3.0.0/16'],
  ])
    assert.equal(plan(labels, { networkDriver }).podCidr, podCidr);
});

test('overlaps are refused, naming both', () => {
  assert.throws(() => plan({ calico_ipv4pool: '10.254.128.0/17' }), {
    code: 'cidr-overlap',
    message:
      'The pod range 10.254.128.0/17 (labels/calico_ipv4pool) overlaps the service range 10.254.0.0/16 (labels/service_cluster_ip_range).',
  });
  assert.throws(() => plan({}, { existingCidr: '10.100.3.0/24' }), {
    code: 'cidr-overlap',
    message: 'The node subnet 10.100.3.0/24 (fixed_subnet) overlaps the pod range 10.100.0.0/16 (labels/calico_ipv4pool).',
  });
  assert.throws(() => plan({ service_cluster_ip_range: '169.254.0.0/16' }), { code: 'cidr-overlap' });
});

test('ranges must have room for the nodes', () => {
  assert.throws(() => plan({}, { nodeCount: 1003 }), {
    code: 'pod-cidr-too-small',
    fields: { field: 'labels/calico_ipv4pool', nodes: 1003 },
  });
  const wide = { calico_ipv4pool: '10.128.0.0/10', service_cluster_ip_range: '10.112.0.0/12' };
  assert.throws(() => plan(wide, { nodeCount: 1003 }), { code: 'subnet-too-small' });
  assert.equal(plan({ ...wide, fixed_subnet_cidr: '10.0.0.0/20' }, { nodeCount: 1003 }).podCidr, '10.128.0.0/10');
  assert.equal(plan({ flannel_network_subnetlen: '26', fixed_subnet_cidr: '10.0.0.0/20' }, { nodeCount: 1003 }).maxPods, 60);
  assert.throws(() => plan({ calico_ipv4pool: '16.0.0.0/4' }), { code: 'pod-cidr-too-small' });
  assert.throws(() => plan({ service_cluster_ip_range: '12.0.0.0/8' }), { code: 'service-cidr-size' });
});
