import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const floatingIp = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  description: z.string().nullish(),
  floating_network_id: z.string(),
  floating_ip_address: z.string(),
  fixed_ip_address: z.string().nullish(),
  port_id: z.string().nullish(),
  router_id: z.string().nullish(),
  status: z.string().default(''),
  created_at: z.string().nullish(),
});
export type FloatingIp = z.infer<typeof floatingIp>;

/** Neutron floating IPs. */
export class FloatingIps extends Collection<typeof floatingIp> {
  constructor(api: ServiceApi) {
    super(api, { service: 'network', path: '/floatingips', one: 'floatingip', many: 'floatingips', object: floatingIp });
  }
}
