import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const port = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  description: z.string().nullish(),
  network_id: z.string(),
  status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  mac_address: z.string().default(''),
  device_id: z.string().default(''),
  device_owner: z.string().default(''),
  fixed_ips: z.array(z.looseObject({ subnet_id: z.string(), ip_address: z.string() })).default([]),
  security_groups: z.array(z.string()).default([]),
  allowed_address_pairs: z.array(z.looseObject({ ip_address: z.string(), mac_address: z.string().optional() })).default([]),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
});
export type Port = z.infer<typeof port>;

/** Neutron ports. */
export class Ports extends Collection<typeof port> {
  constructor(api: ServiceApi) {
    super(api, { service: 'network', path: '/ports', one: 'port', many: 'ports', object: port });
  }
}
