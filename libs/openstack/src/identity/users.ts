import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const user = z.looseObject({
  id: z.string(),
  name: z.string(),
  domain_id: z.string().default(''),
  enabled: z.boolean().default(true),
  description: z.string().nullish(),
});
export type User = z.infer<typeof user>;

/** Keystone users. */
export class Users extends Collection<typeof user> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'identity',
      path: '/users',
      one: 'user',
      many: 'users',
      object: user,
      updateMethod: 'PATCH',
    });
  }
}
