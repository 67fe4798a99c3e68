import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const listener = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  description: z.string().nullish(),
  provisioning_status: z.string().default(''),
  operating_status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
  protocol: z.string().default(''),
  protocol_port: z.number(),
  default_pool_id: z.string().nullish(),
  loadbalancers: z.array(z.looseObject({ id: z.string() })).default([]),
});
export type Listener = z.infer<typeof listener>;

/** Octavia listeners. */
export class Listeners extends Collection<typeof listener> {
  constructor(api: ServiceApi) {
    super(api, { service: 'load-balancer', path: '/lbaas/listeners', one: 'listener', many: 'listeners', object: listener });
  }
}
