export * from './entities/index.js';
export { createDataSource, Database, migrate, type DatabaseSettings } from './data-source.js';
export { PreparedClient } from './prepared-client.js';
export {
  isDatabaseAway,
  isForeignKeyViolation,
  isUniqueViolation,
  sqlState,
  UnitOfWork,
  type Lease,
  type Tx,
} from './unit-of-work.js';
export {
  SecretStore,
  SERVICE_OWNER,
  type SealedSecret,
  type Sealer,
  type SecretOwner,
  type UnreadableSecret,
} from './secret-store.js';
export { noteFound, requestWork, type RequestWork, type ResourceKind } from './request-work.js';
export {
  IdempotencyKeysRepository,
  type Claim,
  type ClaimResult,
  type IdempotentRequest,
  type KeptAnswer,
} from './idempotency-keys.repository.js';
export { ResourceStateRepository } from './resource-state.repository.js';
export { Grouped } from './grouped.js';
export { Signals, type Channel } from './signals.js';
export { values } from './values.js';
export { StacksRepository, type StackSummary } from './stacks.repository.js';
export * from './stack-signals.repository.js';
export {
  StackViewsRepository,
  type ResourceOverview,
  type ResourcePage,
  type StackOverview,
  type WholeStack,
} from './stack-views.repository.js';
export {
  STACK_SORT_KEYS,
  StackTreeRepository,
  type ListedStack,
  type StackDocuments,
  type StackEventListing,
  type StackListing,
  type StackTree,
  type TreeResource,
  type TreeStack,
} from './stack-tree.repository.js';
export type * from './stacks.store.js';
export { CLUSTER_SECRET, clusterOwner, trustOf, type StoredAuthorities, type StoredAuthority } from './authorities.js';
export {
  ensureBootstrapAuthority,
  findAuthorities,
  findRotation,
  OPERATION_TOKEN,
  operationOwner,
  storeAuthorities,
} from './cluster-secrets.js';
export { clusterLease, LeasesRepository } from './leases.repository.js';
export { askedFor, OperationsRepository, type NewOperation } from './operations.repository.js';
export { OperationStepsRepository, type StepTurn } from './operation-steps.repository.js';
export { EventsRepository, type NewEvent } from './events.repository.js';
export { NodesRepository, type FailedNode, type NewNode } from './nodes.repository.js';
export { ClusterAddonsRepository, type AddonProgress, type NewAddon, type WantedAddon } from './cluster-addons.repository.js';
export { ConductorsRepository } from './conductors.repository.js';
export {
  LedgerRepository,
  type Finding,
  type LedgerCluster,
  type LedgerNode,
  type LedgerRow,
  type Looked,
} from './ledger.repository.js';
export { HealthRepository, type HealthNode, type ObservedCluster } from './health.repository.js';
export { inScope } from './scope.js';
export {
  ClusterWorkRepository,
  type ClusterProgress,
  type NodeGroupProgress,
  type OfOperation,
} from './cluster-work.repository.js';
export { isUuidText, type PageRequest } from './page.js';
export { ClusterTemplatesRepository, type NewClusterTemplate } from './cluster-templates.repository.js';
export { ClusterCreationRepository, type ClusterBirth, type NewCluster } from './cluster-creation.repository.js';
export { ClustersRepository, type ClusterChanges, type GroupSummary } from './clusters.repository.js';
export { NodeGroupsRepository, type NewNodeGroup, type NodeGroupChanges } from './node-groups.repository.js';
export { quotaIdent, QuotasRepository, type QuotaPage, type QuotaUse } from './quotas.repository.js';
export { EventFeedRepository, type EventFilter, type EventPage, type EventPosition } from './event-feed.repository.js';
export { ClusterHistoryRepository, type NodeObjects } from './cluster-history.repository.js';
export {
  NodeBootstrapRepository,
  type BundleRows,
  type FoundNode,
  type MasterTurn,
  type PhaseReport,
} from './node-bootstrap.repository.js';
export { ClusterRemovalRepository, type StandingResource, type StackCount } from './cluster-removal.repository.js';
export * from './ca-rotation.js';
export * from './ending-certificates.repository.js';
