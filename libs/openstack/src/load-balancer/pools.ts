import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { provisioned, references } from './provisioned.js';

const pool = z.looseObject({
  ...provisioned,
  name: z.string().default(''),
  description: z.string().nullish(),
  protocol: z.string().default(''),
  lb_algorithm: z.string().default(''),
  healthmonitor_id: z.string().nullish(),
  loadbalancers: references,
  listeners: references,
  members: references,
});
export type Pool = z.infer<typeof pool>;

/** Octavia pools. */
export class Pools extends Collection<typeof pool> {
  constructor(api: ServiceApi) {
    super(api, { service: 'load-balancer', path: '/lbaas/pools', one: 'pool', many: 'pools', object: pool });
  }
}
