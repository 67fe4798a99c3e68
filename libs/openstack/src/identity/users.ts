import { z } from 'zod';
import { Collection } from '../collection.js';
import type { CloudSession } from '../session.js';

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
  constructor(session: CloudSession) {
    super(session, {
      service: 'identity',
      path: '/users',
      one: 'user',
      many: 'users',
      object: user,
      updateMethod: 'PATCH',
    });
  }
}
