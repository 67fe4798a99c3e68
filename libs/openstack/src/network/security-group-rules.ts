import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

export const securityGroupRule = z.looseObject({
  id: z.string(),
  security_group_id: z.string(),
  direction: z.string(),
  ethertype: z.string().nullish(),
  protocol: z.union([z.string(), z.number().transform(String)]).nullish(),
  port_range_min: z.number().nullish(),
  port_range_max: z.number().nullish(),
  remote_group_id: z.string().nullish(),
  remote_ip_prefix: z.string().nullish(),
  description: z.string().nullish(),
  created_at: z.string().nullish(),
});
export type SecurityGroupRule = z.infer<typeof securityGroupRule>;

/** Neutron security group rules. */
export class SecurityGroupRules extends Collection<typeof securityGroupRule> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'network',
      path: '/security-group-rules',
      one: 'security_group_rule',
      many: 'security_group_rules',
      object: securityGroupRule,
    });
  }

  /** All of them or none, in one call. */
  async createMany(bodies: readonly object[]): Promise<SecurityGroupRule[]> {
    const reply = await this.api.call({
      service: 'network',
      method: 'POST',
      template: '/security-group-rules',
      body: { security_group_rules: bodies },
      reply: z.looseObject({ security_group_rules: z.array(securityGroupRule) }),
    });
    return reply.body.security_group_rules;
  }
}
