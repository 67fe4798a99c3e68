import type { SecurityGroup } from '#libs/openstack';
import { z } from 'zod';
import { defineResource, type Attributes, type ResourceContext } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, made, stillThere, unlessInUse } from '../answers.js';
import { flag, given, text } from '../fields.js';
import { describe, isOurs, nameOf } from '../identity.js';
import { ruleDifference, ruleProperties, type RuleProperties } from './rules.js';

const properties = z.strictObject({
  name: text().optional(),
  description: text().optional(),
  stateful: flag().optional(),
  rules: z.array(ruleProperties).optional(),
});

/** Adds what is missing in one call, then removes what is too many. Where the template says nothing nothing is touched. */
async function convergeRules(
  ctx: ResourceContext,
  group: SecurityGroup,
  rules: readonly RuleProperties[] | undefined,
): Promise<void> {
  if (!rules) return;
  const { securityGroupRules } = cloudOf(ctx).network;
  const { missing, stale } = ruleDifference(group.id, rules, group.security_group_rules);
  if (missing.length > 0) await securityGroupRules.createMany(missing);
  for (const id of stale) await securityGroupRules.delete(id);
}

const attributesOf = ({ name, description }: SecurityGroup): Attributes => ({ name, description });

/**
 * OS::Neutron::SecurityGroup, with its rules. The group is made by `create`, the rules by `poll`, which may be repeated
 * until they are as the template says. Wire: Neutron `security-groups`, API v2.0.
 */
export const securityGroup = defineResource({
  type: 'OS::Neutron::SecurityGroup',
  properties,
  updatable: ['name', 'description', 'rules'],
  defaults: { description: '', rules: [] },
  attributes: ['name', 'description'],
  find: async (ctx, p) => {
    const { securityGroups } = cloudOf(ctx).network;
    const named = await securityGroups.list({ name: nameOf(ctx, p) });
    return adopt(
      named.filter((one) => isOurs(ctx, one)),
      () => true,
      (one) => securityGroups.delete(one.id),
    );
  },
  create: async (ctx, p) => {
    const body = given({ name: nameOf(ctx, p), description: describe(ctx, p.description), stateful: p.stateful });
    const group = await cloudOf(ctx).network.securityGroups.create(body);
    return made(group.id, !p.rules, attributesOf(group));
  },
  poll: async (ctx, id, p) => {
    const group = await stillThere('security group', cloudOf(ctx).network.securityGroups.get(id));
    await convergeRules(ctx, group, p.rules);
    return { attributes: attributesOf(group) };
  },
  check: async (ctx, id, p) => {
    const group = await stillThere('security group', cloudOf(ctx).network.securityGroups.get(id));
    const { missing, stale } = ruleDifference(group.id, p.rules ?? [], group.security_group_rules);
    return p.rules && missing.length + stale.length > 0 ? ['rules'] : [];
  },
  update: async (ctx, id, changed, p) => {
    const { securityGroups } = cloudOf(ctx).network;
    const body = given({
      name: changed.name,
      description: 'description' in changed ? describe(ctx, changed.description) : undefined,
    });
    if (Object.keys(body).length > 0) await securityGroups.update(id, body);
    if ('rules' in changed) await convergeRules(ctx, await securityGroups.get(id), p.rules);
    return 'updated';
  },
  remove: (ctx, id) => unlessInUse(cloudOf(ctx).network.securityGroups.delete(id)),
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).network.securityGroups.get(id)),
});
