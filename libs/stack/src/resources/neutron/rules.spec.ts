import type { SecurityGroupRule } from '#libs/openstack';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleDifference, ruleProperties, type RuleProperties } from './rules.js';

const wanted = (...rules: object[]): RuleProperties[] => rules.map((rule) => ruleProperties.parse(rule));
const present = (id: string, rule: object): SecurityGroupRule => ({
  id,
  security_group_id: 'g1',
  direction: 'ingress',
  ethertype: 'IPv4',
  ...rule,
});
const egress = [present('e4', { direction: 'egress' }), present('e6', { direction: 'egress', ethertype: 'IPv6' })];

test('a new group gets what is missing and keeps the egress rules Neutron gave it', () => {
  const { missing, stale } = ruleDifference('g1', wanted({ protocol: 'tcp', port_range_min: 22, port_range_max: '22' }), egress);
  assert.deepEqual(stale, []);
  assert.deepEqual(missing, [
    { security_group_id: 'g1', direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22 },
  ]);
});

test('a template with an egress rule means its list alone', () => {
  const { missing, stale } = ruleDifference('g1', wanted({ direction: 'egress', protocol: 'udp' }), egress);
  assert.deepEqual(stale, ['e4', 'e6']);
  assert.equal(missing.length, 1);
});

test('nothing is done when all is there, however it is spelt', () => {
  const rules = wanted(
    { protocol: '6', port_range_min: 80, port_range_max: 80, remote_ip_prefix: '0.0.0.0/0' },
    { remote_mode: 'remote_group_id' },
  );
  const there = [
    present('a', { protocol: 'tcp', port_range_min: 80, port_range_max: 80, remote_ip_prefix: null }),
    present('b', { protocol: null, remote_group_id: 'g1', description: 'anything' }),
    ...egress,
  ];
  assert.deepEqual(ruleDifference('g1', rules, there), { missing: [], stale: [] });
});

test('what the template no longer has is too much, and so is a second one of a kind', () => {
  const there = [
    present('old', { protocol: 'icmp' }),
    present('one', { protocol: 'tcp' }),
    present('two', { protocol: 'tcp' }),
    ...egress,
  ];
  const { missing, stale } = ruleDifference('g1', wanted({ protocol: 'tcp' }), there);
  assert.deepEqual({ missing, stale }, { missing: [], stale: ['old', 'two'] });
});
