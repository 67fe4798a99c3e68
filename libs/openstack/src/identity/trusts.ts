import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const trust = z.looseObject({
  id: z.string(),
  trustor_user_id: z.string(),
  trustee_user_id: z.string(),
  project_id: z.string().nullish(),
  impersonation: z.boolean().default(false),
  expires_at: z.string().nullish(),
  roles: z.array(z.looseObject({ id: z.string(), name: z.string().optional() })).default([]),
});
export type Trust = z.infer<typeof trust>;

/** Keystone trusts (OS-TRUST). Only the trustor makes and deletes one, or an administrator deletes it. */
export class Trusts extends Collection<typeof trust> {
  constructor(api: ServiceApi) {
    super(api, { service: 'identity', path: '/OS-TRUST/trusts', one: 'trust', many: 'trusts', object: trust });
  }
}
