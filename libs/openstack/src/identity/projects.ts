import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const project = z.looseObject({
  id: z.string(),
  name: z.string(),
  domain_id: z.string().default(''),
  enabled: z.boolean().default(true),
});
export type Project = z.infer<typeof project>;

/** Keystone projects. */
export class Projects extends Collection<typeof project> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'identity',
      path: '/projects',
      one: 'project',
      many: 'projects',
      object: project,
      updateMethod: 'PATCH',
    });
  }
}
