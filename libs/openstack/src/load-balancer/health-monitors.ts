import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const healthMonitor = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  provisioning_status: z.string().default(''),
  operating_status: z.string().default(''),
  admin_state_up: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  created_at: z.string().nullish(),
  type: z.string().default(''),
  pools: z.array(z.looseObject({ id: z.string() })).default([]),
});
export type HealthMonitor = z.infer<typeof healthMonitor>;

/** Octavia health monitors. */
export class HealthMonitors extends Collection<typeof healthMonitor> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'load-balancer',
      path: '/lbaas/healthmonitors',
      one: 'healthmonitor',
      many: 'healthmonitors',
      object: healthMonitor,
    });
  }
}
