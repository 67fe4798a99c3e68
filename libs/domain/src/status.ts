/** Heat's vocabulary, as Magnum has it on the wire. Source: magnum/objects/fields.py, reference section 8.1. */
export const CLUSTER_STATUSES = [
  'CREATE_IN_PROGRESS',
  'CREATE_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_IN_PROGRESS',
  'UPDATE_COMPLETE',
  'UPDATE_FAILED',
  'DELETE_IN_PROGRESS',
  'DELETE_COMPLETE',
  'DELETE_FAILED',
  'RESUME_COMPLETE',
  'RESUME_FAILED',
  'RESTORE_COMPLETE',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'SNAPSHOT_COMPLETE',
  'CHECK_COMPLETE',
  'ADOPT_COMPLETE',
] as const;
export type ClusterStatus = (typeof CLUSTER_STATUSES)[number];

/** The statuses that make a cluster's show carry `faults`. */
const FAILED_STATUSES: readonly ClusterStatus[] = [
  'CREATE_FAILED',
  'UPDATE_FAILED',
  'DELETE_FAILED',
  'ROLLBACK_FAILED',
  'RESUME_FAILED',
];

export const isFailed = (status: ClusterStatus): boolean => FAILED_STATUSES.includes(status);

export const HEALTH_STATUSES = ['HEALTHY', 'UNHEALTHY', 'UNKNOWN'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/**
 * What can be asked of a cluster. One row of `operations` each. `update` is a PATCH of the cluster's `node_count`.
 * A conductor does not start while a kind has no handler, so nothing can be accepted that nobody does.
 */
export const OPERATION_KINDS = [
  'create',
  'update',
  'resize',
  'upgrade',
  'rollback',
  'node-group-create',
  'node-group-update',
  'node-group-delete',
  'rotate-ca',
  'rotate-credential',
  'repair',
  'addons',
  'delete',
] as const;
/** While these go on the cluster keeps its status. */
export const STATUS_KEEPING_KINDS: readonly OperationKind[] = ['rotate-credential', 'addons'];
export type OperationKind = (typeof OPERATION_KINDS)[number];

/**
 * An operation's own life. `superseded`: another operation took over (a delete during a create). `aborted`: somebody asked
 * for its end. What has failed or was aborted may be resumed.
 *
 *   pending ──> running ──> complete | failed | aborted | superseded
 *      ^ └────────────────────────────────^─────^──────────^
 *      └──────────────────────────────────┴─────┘
 */
export const OPERATION_STATUSES = ['pending', 'running', 'complete', 'failed', 'aborted', 'superseded'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];
export const isTerminal = (status: OperationStatus): boolean => status !== 'pending' && status !== 'running';

/** A stack's and a resource's state: Heat's action and status, kept apart. */
export const STACK_ACTIONS = ['INIT', 'CREATE', 'UPDATE', 'DELETE', 'ROLLBACK'] as const;
export type StackAction = (typeof STACK_ACTIONS)[number];
export const STACK_STATUSES = ['IN_PROGRESS', 'COMPLETE', 'FAILED'] as const;
export type StackStatus = (typeof STACK_STATUSES)[number];

/** How an add-on of a cluster stands. `pending`: what is wanted of it has not been done yet. */
export const ADDON_STATUSES = ['pending', 'applying', 'installed', 'failed', 'disabled'] as const;
export type AddonStatus = (typeof ADDON_STATUSES)[number];

export type NodeRole = 'master' | 'worker';

/** What a node goes through, in order. `server` and `ready` are seen from outside, the others are the node's own words. */
export const NODE_PHASES = [
  'planned',
  'server',
  'boot',
  'bundle',
  'prepare',
  'containerd',
  'kubeadm-init',
  'kubeadm-join',
  'ready',
] as const;
export type NodePhase = (typeof NODE_PHASES)[number];
export type NodePhaseStatus = 'started' | 'done' | 'failed';
