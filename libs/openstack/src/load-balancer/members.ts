import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { provisioned } from './provisioned.js';

const member = z.looseObject({
  ...provisioned,
  name: z.string().nullish(),
  address: z.string(),
  protocol_port: z.number(),
  subnet_id: z.string().nullish(),
  weight: z.number().nullish(),
});
export type Member = z.infer<typeof member>;

/** Octavia members: each pool has its own, `members.of(poolId)`. */
export class Members {
  constructor(private readonly api: ServiceApi) {}

  of(poolId: string): Collection<typeof member> {
    return new MembersOfPool(this.api, poolId);
  }
}

class MembersOfPool extends Collection<typeof member> {
  constructor(
    api: ServiceApi,
    private readonly poolId: string,
  ) {
    super(api, {
      service: 'load-balancer',
      path: '/lbaas/pools/{poolId}/members',
      one: 'member',
      many: 'members',
      object: member,
    });
  }

  protected override fixedParams(): Readonly<Record<string, string>> {
    return { poolId: this.poolId };
  }
}
