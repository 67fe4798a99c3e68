import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { securityGroupRule } from './security-group-rules.js';

const securityGroup = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  stateful: z.boolean().optional(),
  security_group_rules: z.array(securityGroupRule).default([]),
  created_at: z.string().nullish(),
});
export type SecurityGroup = z.infer<typeof securityGroup>;

/** Neutron security groups, with their rules. */
export class SecurityGroups extends Collection<typeof securityGroup> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'network',
      path: '/security-groups',
      one: 'security_group',
      many: 'security_groups',
      object: securityGroup,
    });
  }
}
