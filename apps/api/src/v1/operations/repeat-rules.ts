import {
  allowsChange,
  CLUSTER_CHANGES,
  Conflict,
  type ClusterChange,
  type ClusterStatus,
  type OperationKind,
} from '#libs/domain';
import type { NodeGroupEntity, OperationEntity } from '#libs/db';
import type { Rule } from '../../policy/default-rules.js';

/** Who may ask for an operation may ask for it again. */
export const RULE_OF: Readonly<Record<OperationKind, Rule>> = {
  create: 'cluster:create',
  update: 'cluster:update',
  resize: 'cluster:resize',
  upgrade: 'cluster:upgrade',
  rollback: 'cluster:update',
  repair: 'cluster:update',
  addons: 'cluster:update',
  'node-group-create': 'nodegroup:create',
  'node-group-update': 'nodegroup:update',
  'node-group-delete': 'nodegroup:delete',
  'rotate-ca': 'certificate:rotate_ca',
  'rotate-credential': 'credential:rotate',
  delete: 'cluster:delete',
};

/** It acts in the name of whoever asks. */
export const actsForCaller = (kind: OperationKind): boolean => kind === 'create' || kind === 'rotate-credential';

/** Its status alone; `isOutdated` and open operations are looked at besides. @throws Conflict */
export function assertEndedBadly({ uuid, status }: Pick<OperationEntity, 'uuid' | 'status'>): void {
  if (status === 'failed' || status === 'aborted') return;
  const why = status === 'pending' || status === 'running' ? 'it has not ended' : `it is ${status}`;
  throw new Conflict('operation-not-repeatable', `Operation ${uuid} cannot be done again: ${why}.`, { operation: uuid, status });
}

/** The cluster's and the group's statuses of which an operation can be done again. @throws Conflict */
export function assertRepeatable(
  operation: Pick<OperationEntity, 'uuid' | 'kind'>,
  cluster: { readonly status: ClusterStatus },
  group: Pick<NodeGroupEntity, 'name' | 'status'> | null,
): void {
  const { kind } = operation;
  const allowed = isChange(kind) ? allowsChange(kind, cluster.status) : cluster.status === FAILED_AS[kind];
  const refusal = (what: string, status: ClusterStatus): Conflict =>
    new Conflict('status-not-repeatable', `A failed ${kind} cannot be done again when ${what} status is "${status}".`, {
      operation: operation.uuid,
      status,
    });
  if (!allowed) throw refusal('the cluster’s', cluster.status);
  if (!group) return;
  const leaves = group.status.startsWith('DELETE_');
  if (leaves !== (kind === 'node-group-delete')) throw refusal(`node group ${group.name}’s`, group.status);
}

/** What the cluster, all its groups, or its own group are in while it is done again; null: they stay. */
export function statusesOf(kind: OperationKind): { cluster: ClusterStatus; group: ClusterStatus; allGroups: boolean } | null {
  switch (kind) {
    case 'create':
      return { cluster: 'CREATE_IN_PROGRESS', group: 'CREATE_IN_PROGRESS', allGroups: true };
    case 'delete':
      return { cluster: 'DELETE_IN_PROGRESS', group: 'DELETE_IN_PROGRESS', allGroups: true };
    case 'rollback':
      return { cluster: 'ROLLBACK_IN_PROGRESS', group: 'ROLLBACK_IN_PROGRESS', allGroups: false };
    case 'node-group-create':
      return { cluster: 'UPDATE_IN_PROGRESS', group: 'CREATE_IN_PROGRESS', allGroups: false };
    case 'node-group-delete':
      return { cluster: 'UPDATE_IN_PROGRESS', group: 'DELETE_IN_PROGRESS', allGroups: false };
    case 'rotate-credential':
    case 'addons':
      return null;
    default:
      return { cluster: 'UPDATE_IN_PROGRESS', group: 'UPDATE_IN_PROGRESS', allGroups: false };
  }
}

const FAILED_AS: Readonly<Partial<Record<OperationKind, ClusterStatus>>> = {
  create: 'CREATE_FAILED',
  delete: 'DELETE_FAILED',
  rollback: 'ROLLBACK_FAILED',
};

const isChange = (kind: OperationKind): kind is OperationKind & ClusterChange => (CLUSTER_CHANGES as string[]).includes(kind);
