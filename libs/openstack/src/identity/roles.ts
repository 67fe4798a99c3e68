import { z } from 'zod';
import { Collection, gone } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const role = z.looseObject({ id: z.string(), name: z.string() });
export type Role = z.infer<typeof role>;

/** Keystone roles, and who has them where. */
export class Roles extends Collection<typeof role> {
  constructor(api: ServiceApi) {
    super(api, {
      service: 'identity',
      path: '/roles',
      one: 'role',
      many: 'roles',
      object: role,
      updateMethod: 'PATCH',
    });
  }

  /** May be repeated. */
  async assign(projectId: string, userId: string, roleId: string): Promise<void> {
    await this.api.call(assignment('PUT', { projectId, userId, roleId }));
  }

  /** Taking what is not there is success. */
  async unassign(projectId: string, userId: string, roleId: string): Promise<void> {
    await gone(this.api.call(assignment('DELETE', { projectId, userId, roleId })));
  }
}

function assignment(
  method: 'PUT' | 'DELETE',
  params: Record<string, string>,
): { service: 'identity'; method: 'PUT' | 'DELETE'; template: string; params: Record<string, string> } {
  return { service: 'identity', method, template: '/projects/{projectId}/users/{userId}/roles/{roleId}', params };
}
