import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { provisioned, references } from './provisioned.js';

const loadBalancer = z.looseObject({
  ...provisioned,
  name: z.string().default(''),
  description: z.string().nullish(),
  vip_address: z.string().nullish(),
  vip_port_id: z.string().nullish(),
  vip_subnet_id: z.string().nullish(),
  vip_network_id: z.string().nullish(),
  provider: z.string().nullish(),
  flavor_id: z.string().nullish(),
  listeners: references,
  pools: references,
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
