import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const network = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  shared: z.boolean().default(false),
  'router:external': z.boolean().default(false),
  subnets: z.array(z.string()).default([]),
  mtu: z.number().nullish(),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
});
export type Network = z.infer<typeof network>;

/** Neutron networks. */
export class Networks extends Collection<typeof network> {
  constructor(api: ServiceApi) {
    super(api, { service: 'network', path: '/networks', one: 'network', many: 'networks', object: network });
  }
}
