import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

/** Properties are fields of the image itself: `os_distro`, `kube_version`. */
const image = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  status: z.string().default(''),
  visibility: z.string().default(''),
  os_distro: z.string().nullish(),
  /** GiB */
  min_disk: z.number().default(0),
  /** MiB */
  min_ram: z.number().default(0),
  size: z.number().nullish(),
});
export type Image = z.infer<typeof image>;

/** Glance images. `find` and `list` compare `name` exactly, as Glance does. */
export class Images extends Collection<typeof image> {
  constructor(api: ServiceApi) {
    super(api, { service: 'image', path: '/images', one: null, many: 'images', object: image });
  }
}
