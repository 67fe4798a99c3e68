import { z } from 'zod';
import { Collection, only, type Found } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { COMPUTE_HEADERS } from './microversion.js';

const flavor = z.looseObject({
  id: z.string(),
  name: z.string(),
  vcpus: z.number(),
  /** MiB */
  ram: z.number(),
  /** GiB */
  disk: z.number(),
  extra_specs: z.record(z.string(), z.string()).default({}),
});
export type Flavor = z.infer<typeof flavor>;

/** Nova flavors. */
export class Flavors extends Collection<typeof flavor> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'compute',
      path: '/flavors',
      listPath: '/flavors/detail',
      one: 'flavor',
      many: 'flavors',
      object: flavor,
      headers: COMPUTE_HEADERS,
    });
  }

  /** One call: a flavor's id may be any text, and Nova filters flavors by neither id nor name. */
  override async find(nameOrId: string): Promise<Found<Flavor>> {
    const all = await this.list();
    const byId = all.find((one) => one.id === nameOrId);
    return byId ? { kind: 'found', object: byId } : only(all.filter((one) => one.name === nameOrId));
  }
}
