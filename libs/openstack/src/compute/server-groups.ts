import { z } from 'zod';
import { Collection } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { COMPUTE_HEADERS } from './microversion.js';

const serverGroup = z.looseObject({
  id: z.string(),
  project_id: z.string().nullish(),
  name: z.string().default(''),
  policy: z.string().optional(),
  rules: z.record(z.string(), z.unknown()).nullish(),
  members: z.array(z.string()).default([]),
});
export type ServerGroup = z.infer<typeof serverGroup>;

/** Nova server groups; `policy` is one word since 2.64. They carry no metadata: the name is the only key. */
export class ServerGroups extends Collection<typeof serverGroup> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'compute',
      path: '/os-server-groups',
      one: 'server_group',
      many: 'server_groups',
      object: serverGroup,
      headers: COMPUTE_HEADERS,
    });
  }

  /** Nova pages these by offset alone and filters by nothing. @param everywhere in all projects: for administrators */
  async named(name: string, everywhere = false): Promise<ServerGroup[]> {
    const limit = 1000;
    const all: ServerGroup[] = [];
    for (let offset = 0; ; offset += limit) {
      const page = await this.list({ limit, offset, ...(everywhere ? { all_projects: true } : {}) });
      all.push(...page);
      if (page.length < limit) return all.filter((group) => group.name === name);
    }
  }
}
