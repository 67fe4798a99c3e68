import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf } from '../answers.js';
import { given, integer, reference, text } from '../fields.js';
import { describe } from '../identity.js';
import { ruleKey } from './rules.js';

const properties = z.strictObject({
  security_group: reference(),
  description: text().optional(),
  direction: z.enum(['ingress', 'egress']).default('ingress'),
  ethertype: z.enum(['IPv4', 'IPv6']).default('IPv4'),
  protocol: text().optional(),
  port_range_min: integer(0, 65_535).optional(),
  port_range_max: integer(0, 65_535).optional(),
  remote_group: reference().optional(),
  remote_ip_prefix: text().optional(),
});

const keyOfRule = (p: z.infer<typeof properties>): string => ruleKey({ ...p, remote_group_id: p.remote_group });

/**
 * OS::Neutron::SecurityGroupRule: one rule of a group. Wire: Neutron `security-group-rules`, API v2.0.
 * Neutron has each rule of a group once, so a rule that does the same is this one.
 */
export const securityGroupRule = defineResource({
  type: 'OS::Neutron::SecurityGroupRule',
  properties,
  updatable: [],
  attributes: [],
  find: async (ctx, p) => {
    const { securityGroupRules } = cloudOf(ctx).network;
    const rules = await securityGroupRules.list({ security_group_id: p.security_group, direction: p.direction });
    const key = keyOfRule(p);
    return adopt(
      rules.filter((rule) => ruleKey(rule) === key),
      () => true,
      (rule) => securityGroupRules.delete(rule.id),
    );
  },
  create: async (ctx, p) => {
    const { security_group, remote_group, description, ...rest } = p;
    const body = given({
      ...rest,
      security_group_id: security_group,
      remote_group_id: remote_group,
      description: describe(ctx, description),
    });
    const { id } = await cloudOf(ctx).network.securityGroupRules.create(body);
    return { id, attributes: {} };
  },
  poll: () => Promise.resolve('done'),
  update: () => Promise.resolve('replace'),
  remove: (ctx, id) => cloudOf(ctx).network.securityGroupRules.delete(id),
  read: () => Promise.resolve({}),
  /** A group has a rule once, however it is described. */
  excludes: (before, after) => before.security_group === after.security_group && keyOfRule(before) === keyOfRule(after),
});
