import { NotFound, type Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { EventEntity, NodeEntity, NodePhaseEntity, OperationEntity, OperationStepEntity } from './entities/index.js';
import { withinScope } from './page.js';

/** What the users of a cluster see of its life: events, operations, nodes. Each list is one query. */
export class ClusterHistoryRepository {
  constructor(private readonly source: DataSource) {}

  /** @param after number of the last event seen */
  async events(scope: Scope, clusterUuid: string, after: number, limit: number): Promise<EventEntity[]> {
    const query = this.source.manager
      .createQueryBuilder(EventEntity, 'e')
      .where('e.cluster_uuid = :clusterUuid AND e.id > :after', { clusterUuid, after });
    return withinScope(query, scope).orderBy('e.id').limit(limit).getMany();
  }

  /** Whether there is anything to tell of this cluster, though it may be gone. */
  async isKnown(scope: Scope, clusterUuid: string): Promise<boolean> {
    const query = this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where('o.cluster_uuid = :clusterUuid', { clusterUuid });
    return withinScope(query, scope).getExists();
  }

  /** The newest first. @param before number of the last operation seen; null: from the newest */
  async operations(scope: Scope, clusterUuid: string, before: number | null, limit: number): Promise<OperationEntity[]> {
    const query = this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where('o.cluster_uuid = :clusterUuid', { clusterUuid });
    if (before !== null) query.andWhere('o.id < :before', { before });
    return withinScope(query, scope).orderBy('o.id', 'DESC').limit(limit).getMany();
  }

  /** @throws NotFound */
  async operation(scope: Scope, clusterUuid: string, uuid: string): Promise<OperationEntity> {
    const query = this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where('o.cluster_uuid = :clusterUuid AND o.uuid = :uuid', { clusterUuid, uuid });
    const row = await withinScope(query, scope).getOne();
    if (!row) throw new NotFound('operation-not-found', `Operation ${uuid} could not be found.`, { operationId: uuid });
    return row;
  }

  /** In the order of the steps. */
  async steps(scope: Scope, operationUuid: string): Promise<OperationStepEntity[]> {
    const query = this.source.manager
      .createQueryBuilder(OperationStepEntity, 's')
      .innerJoin(OperationEntity, 'o', 'o.uuid = s.operation_uuid')
      .where('s.operation_uuid = :operationUuid', { operationUuid });
    if (scope.kind === 'project') query.andWhere('o.project_id = :projectId', { projectId: scope.projectId });
    return query.orderBy('s.position').getMany();
  }

  /** Masters first, then by group and slot. */
  async nodes(scope: Scope, clusterUuid: string, limit: number): Promise<NodeEntity[]> {
    const query = this.source.manager.createQueryBuilder(NodeEntity, 'n').where('n.cluster_uuid = :clusterUuid', { clusterUuid });
    return withinScope(query, scope)
      .orderBy('n.role')
      .addOrderBy('n.node_group_uuid')
      .addOrderBy('n.slot')
      .limit(limit)
      .getMany();
  }

  /** What these nodes have reported, in order. */
  async phases(scope: Scope, nodeUuids: readonly string[]): Promise<Map<string, NodePhaseEntity[]>> {
    const phases = new Map<string, NodePhaseEntity[]>(nodeUuids.map((uuid) => [uuid, []]));
    if (nodeUuids.length === 0) return phases;
    const query = this.source.manager
      .createQueryBuilder(NodePhaseEntity, 'p')
      .innerJoin(NodeEntity, 'n', 'n.uuid = p.node_uuid')
      .where('p.node_uuid = ANY (:nodeUuids)', { nodeUuids });
    if (scope.kind === 'project') query.andWhere('n.project_id = :projectId', { projectId: scope.projectId });
    for (const row of await query.orderBy('p.id').getMany()) phases.get(row.nodeUuid)?.push(row);
    return phases;
  }
}
