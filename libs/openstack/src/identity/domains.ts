import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const domain = z.looseObject({ id: z.string(), name: z.string(), enabled: z.boolean().default(true) });
export type Domain = z.infer<typeof domain>;

/** Keystone domains. */
export class Domains extends Collection<typeof domain> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'identity',
      path: '/domains',
      one: 'domain',
      many: 'domains',
      object: domain,
      updateMethod: 'PATCH',
    });
  }
}
