export { ClusterTemplateEntity } from './cluster-template.entity.js';
export { ClusterEntity } from './cluster.entity.js';
export { NodeGroupEntity, type NodeFacts, type NodeTaint } from './node-group.entity.js';
export { NodeEntity, NodePhaseEntity } from './node.entity.js';
export { OperationEntity, OperationStepEntity, type StoredFailure } from './operation.entity.js';
export { EventEntity, type EventLevel } from './event.entity.js';
export { StackEntity, StackResourceEntity } from './stack.entity.js';
export { ConductorEntity, IdempotencyKeyEntity, LeaseEntity, QuotaEntity, SealedSecretEntity } from './service.entities.js';
export { ClusterReclaimEntity, type ReclaimFacts } from './cluster-reclaim.entity.js';
