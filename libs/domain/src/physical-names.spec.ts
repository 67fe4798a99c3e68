import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterStackName, groupStackName, nodeLogicalName, nodeName, physicalName } from './physical-names.js';

const cluster = { name: 'K1', uuid: '3f2a9c1b-7d4e-4000-8000-000000000001' };
const group = (name: string, role = 'worker', isDefault = false) => ({
  uuid: 'abcdef01-0000-4000-8000-000000000000',
  name,
  role,
  isDefault,
});
const RFC1123 = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

test('physical names are the cluster, its key and the logical name', () => {
  assert.equal(physicalName(cluster, 'network'), 'k1-3f2a9c1b7d4e-network');
  assert.equal(nodeName(cluster, group('default-master', 'master', true), 0), 'k1-3f2a9c1b7d4e-master-0');
  assert.equal(nodeName(cluster, group('default-worker', 'worker', true), 3), 'k1-3f2a9c1b7d4e-worker-3');
  assert.equal(nodeName(cluster, group('gpu'), 12), 'k1-3f2a9c1b7d4e-gpu-12');
});

test('stacks are named as what is in them begins', () => {
  assert.equal(clusterStackName(cluster), 'k1-3f2a9c1b7d4e');
  assert.equal(groupStackName(cluster, group('default-worker', 'worker', true)), 'k1-3f2a9c1b7d4e-worker');
  assert.equal(groupStackName(cluster, group('gpu')), 'k1-3f2a9c1b7d4e-gpu');
});

test('any cluster and group name gives a valid node name', () => {
  const names = ['a', 'a..b__c', 'A.', `x${'.y'.repeat(120)}`, 'Ünïcode', 'a-------------------------------b'];
  const groups = ['worker', 'master', 'a'.repeat(255), 'Gpu_Big', '-', 'ab-', '1', '日本'];
  for (const name of names)
    for (const g of groups) assert.match(nodeName({ ...cluster, name }, group(g), 99999), RFC1123, `${name} ${g}`);
});

test('a group cannot take the names of a default group', () => {
  assert.notEqual(nodeLogicalName(group('worker'), 0), nodeLogicalName(group('default-worker', 'worker', true), 0));
  assert.equal(nodeLogicalName(group('worker'), 0), 'worke-xabcdef-0');
});
