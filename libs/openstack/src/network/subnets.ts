import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const subnet = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  network_id: z.string(),
  cidr: z.string(),
  ip_version: z.number().default(4),
  gateway_ip: z.string().nullish(),
  enable_dhcp: z.boolean().default(true),
  dns_nameservers: z.array(z.string()).default([]),
  allocation_pools: z.array(z.looseObject({ start: z.string(), end: z.string() })).default([]),
  host_routes: z.array(z.looseObject({ destination: z.string(), nexthop: z.string() })).default([]),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
});
export type Subnet = z.infer<typeof subnet>;

/** Neutron subnets. */
export class Subnets extends Collection<typeof subnet> {
  constructor(api: ServiceApi) {
    super(api, { service: 'network', path: '/subnets', one: 'subnet', many: 'subnets', object: subnet });
  }
}
