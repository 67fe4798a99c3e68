import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const pool = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  description: z.string().nullish(),
  provisioning_status: z.string().default(''),
  operating_status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
  protocol: z.string().default(''),
  lb_algorithm: z.string().default(''),
  healthmonitor_id: z.string().nullish(),
  loadbalancers: z.array(z.looseObject({ id: z.string() })).default([]),
  listeners: z.array(z.looseObject({ id: z.string() })).default([]),
  members: z.array(z.looseObject({ id: z.string() })).default([]),
});
export type Pool = z.infer<typeof pool>;

/** Octavia pools. */
export class Pools extends Collection<typeof pool> {
  constructor(api: ServiceApi) {
    super(api, { service: 'load-balancer', path: '/lbaas/pools', one: 'pool', many: 'pools', object: pool });
  }
}
