import { QuotaExceeded } from './errors.js';

/** The only resource a quota can be about. */
export const QUOTA_RESOURCE = 'Cluster';

/**
 * Every cluster of the project counts, in any status. Reference section 8.5.
 * @throws QuotaExceeded when there is no room for one more
 */
export function assertRoomForCluster(projectId: string, existing: number, limit: number): void {
  if (existing < limit) return;
  throw new QuotaExceeded(
    `Resource limit exceeded: You have reached the maximum clusters per project, ${limit}. ` +
      'You may delete a cluster to make room for a new one.',
    { projectId, limit },
  );
}
