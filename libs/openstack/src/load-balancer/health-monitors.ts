import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { provisioned, references } from './provisioned.js';

const healthMonitor = z.looseObject({
  ...provisioned,
  name: z.string().nullish(),
  type: z.string().default(''),
  pools: references,
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
