import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { provisioned, references } from './provisioned.js';

const listener = z.looseObject({
  ...provisioned,
  name: z.string().default(''),
  description: z.string().nullish(),
  protocol: z.string().default(''),
  protocol_port: z.number(),
  default_pool_id: z.string().nullish(),
  loadbalancers: references,
});
export type Listener = z.infer<typeof listener>;

/** Octavia listeners. */
export class Listeners extends Collection<typeof listener> {
  constructor(api: ServiceApi) {
    super(api, { service: 'load-balancer', path: '/lbaas/listeners', one: 'listener', many: 'listeners', object: listener });
  }
}
