import { InvalidInput } from './errors.js';
import type { ClusterStatus } from './status.js';

/** Heat's eight ends that went well. Reference section 8.1. */
export const COMPLETE_STATUSES = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'RESUME_COMPLETE',
  'RESTORE_COMPLETE',
  'ROLLBACK_COMPLETE',
  'SNAPSHOT_COMPLETE',
  'CHECK_COMPLETE',
  'ADOPT_COMPLETE',
] as const satisfies readonly ClusterStatus[];

/** Changes of nodes queue up behind each other, and mend what failed before. */
const QUEUED: readonly ClusterStatus[] = [...COMPLETE_STATUSES, 'UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'];
/** What touches every node begins only when nothing else goes on. */
const ALONE: readonly ClusterStatus[] = [...COMPLETE_STATUSES, 'UPDATE_FAILED', 'ROLLBACK_FAILED'];

/** Which cluster statuses allow a change, and how its refusal begins. Deletion is allowed in every status and not here. */
const CHANGES = {
  update: { words: 'Updating a cluster when status', allowed: QUEUED },
  resize: { words: 'Resizing a cluster when status', allowed: QUEUED },
  'node-group-create': { words: 'Creating a nodegroup when cluster status', allowed: QUEUED },
  'node-group-update': { words: 'Updating a nodegroup when cluster status', allowed: QUEUED },
  'node-group-delete': { words: 'Deleting a nodegroup when cluster status', allowed: QUEUED },
  repair: { words: 'Repairing a cluster when status', allowed: QUEUED },
  addons: { words: 'Changing the add-ons of a cluster when status', allowed: QUEUED },
  upgrade: { words: 'Upgrading a cluster when status', allowed: ALONE },
  'rotate-ca': { words: 'Updating a cluster when status', allowed: ALONE },
  'rotate-credential': {
    words: 'Rotating the credential of a cluster when status',
    allowed: [...COMPLETE_STATUSES, 'UPDATE_IN_PROGRESS', 'UPDATE_FAILED'] as readonly ClusterStatus[],
  },
} as const;
export type ClusterChange = keyof typeof CHANGES;
export const CLUSTER_CHANGES = Object.keys(CHANGES) as ClusterChange[];

export const allowsChange = (change: ClusterChange, status: ClusterStatus): boolean => CHANGES[change].allowed.includes(status);

/**
 * Magnum drops most of these changes without a word; here the caller is told. Reference section 7.3.
 * @throws InvalidInput 'status-not-allowed'
 */
export function assertChangeAllowed(change: ClusterChange, status: ClusterStatus): void {
  if (!allowsChange(change, status)) throw statusNotAllowed(CHANGES[change].words, status);
}

/**
 * What monitors say about a cluster's health is kept until it is deleted.
 * @throws InvalidInput
 */
export function assertHealthKept(status: ClusterStatus): void {
  if (status === 'DELETE_IN_PROGRESS') throw statusNotAllowed(CHANGES.update.words, status);
}

/**
 * A node group on its way out takes no more changes.
 * @throws InvalidInput
 */
export function assertGroupStays(verb: 'Resizing' | 'Updating' | 'Upgrading' | 'Repairing', status: ClusterStatus): void {
  if (status.startsWith('DELETE_')) throw statusNotAllowed(`${verb} a nodegroup when its status`, status);
}

function statusNotAllowed(words: string, status: ClusterStatus): InvalidInput {
  return new InvalidInput('status-not-allowed', `${words} is "${status}" is not supported.`, { status });
}
