import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const snapshot = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  volume_id: z.string(),
  /** creating, available, deleting, error, error_deleting ... */
  status: z.string().default(''),
  /** GiB */
  size: z.number(),
  metadata: z.record(z.string(), z.string()).default({}),
  created_at: z.string().nullish(),
});
export type Snapshot = z.infer<typeof snapshot>;

/** Cinder snapshots of volumes. `list` returns details; it can be filtered by metadata. */
export class Snapshots extends Collection<typeof snapshot> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'volume',
      path: '/snapshots',
      listPath: '/snapshots/detail',
      one: 'snapshot',
      many: 'snapshots',
      object: snapshot,
      // The first that filters snapshots by metadata.
      headers: { 'openstack-api-version': 'volume 3.22' },
    });
  }
}
