import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const loadBalancer = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  description: z.string().nullish(),
  provisioning_status: z.string().default(''),
  operating_status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
  vip_address: z.string().nullish(),
  vip_port_id: z.string().nullish(),
  vip_subnet_id: z.string().nullish(),
  vip_network_id: z.string().nullish(),
  provider: z.string().nullish(),
  flavor_id: z.string().nullish(),
  listeners: z.array(z.looseObject({ id: z.string() })).default([]),
  pools: z.array(z.looseObject({ id: z.string() })).default([]),
});
export type LoadBalancer = z.infer<typeof loadBalancer>;

/** Octavia load balancers. */
export class LoadBalancers extends Collection<typeof loadBalancer> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'load-balancer',
      path: '/lbaas/loadbalancers',
      one: 'loadbalancer',
      many: 'loadbalancers',
      object: loadBalancer,
    });
  }
}
