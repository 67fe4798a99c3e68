import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const volume = z.looseObject({
  id: z.string(),
  /** For administrators alone. */
  'os-vol-tenant-attr:tenant_id': z.string().nullish(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  /** creating, available, attaching, in-use, detaching, deleting, error, error_deleting ... */
  status: z.string().default(''),
  /** GiB */
  size: z.number(),
  availability_zone: z.string().nullish(),
  volume_type: z.string().nullish(),
  bootable: z.union([z.string(), z.boolean().transform(String)]).nullish(),
  metadata: z.record(z.string(), z.string()).default({}),
  attachments: z.array(z.looseObject({ server_id: z.string().nullish(), device: z.string().nullish() })).default([]),
  created_at: z.string().nullish(),
});
export type Volume = z.infer<typeof volume>;

/** Cinder volumes. `list` returns details. */
export class Volumes extends Collection<typeof volume> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'volume',
      path: '/volumes',
      listPath: '/volumes/detail',
      one: 'volume',
      many: 'volumes',
      object: volume,
    });
  }

  /** Asks for a volume; `hints` are the scheduler's. */
  async createWithHints(body: object, hints?: Readonly<Record<string, string>>): Promise<Volume> {
    const reply = await this.api.call({
      ...this.common(),
      method: 'POST',
      template: '/volumes',
      body: { volume: body, ...(hints ? { 'OS-SCH-HNT:scheduler_hints': hints } : {}) },
      reply: z.looseObject({ volume }),
    });
    return reply.body.volume;
  }
}
