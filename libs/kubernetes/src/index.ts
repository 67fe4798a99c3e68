export { clusterClient, type ClusterClient, type ClusterVersion } from './cluster-client.js';
export type { CallOptions, ClusterEndpoint } from './transport.js';
export type { NodeAddress, NodeCondition, NodeState, NodeTaint } from './nodes.js';
export type { DrainOptions, DrainResult } from './drain.js';
export { hostOf, isOf as isEtcdMemberOf, type EtcdMember, type EtcdMemberOf, type EtcdSnapshot } from './etcd.js';
export type { ReclaimFacts } from './reclaim.js';
export type { TaintChange, TaintKey } from './taints.js';
export type { KubernetesObject, ObjectLabel, ObjectRef } from './apply.js';
export {
  isConflict,
  isForbidden,
  isNotFound,
  isRetryable,
  isUnauthorized,
  isUnreachable,
  isUntrusted,
  KubernetesError,
  type KubernetesErrorDetail,
  type KubernetesFailure,
} from './errors.js';
