import { z } from 'zod';
import { Collection } from '../collection.js';
import type { CloudSession } from '../session.js';

const project = z.looseObject({
  id: z.string(),
  name: z.string(),
  domain_id: z.string().default(''),
  enabled: z.boolean().default(true),
});
export type Project = z.infer<typeof project>;

/** Keystone projects. */
export class Projects extends Collection<typeof project> {
  constructor(session: CloudSession) {
    super(session, {
      service: 'identity',
      path: '/projects',
      one: 'project',
      many: 'projects',
      object: project,
      updateMethod: 'PATCH',
    });
  }
}
