import { NotFound, type Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { EventEntity, NodeEntity, NodePhaseEntity, OperationEntity, OperationStepEntity } from './entities/index.js';
import { isUuidText, withinScope } from './page.js';

/** What the users of a cluster see of its life: operations, nodes. Each list is one query. */
export class ClusterHistoryRepository {
  constructor(private readonly source: DataSource) {}

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

  /** Requests to the cloud that an operation's resources have kept: failed ones first, then the newest. */
  async cloudRequests(scope: Scope, operationUuid: string, limit: number): Promise<EventEntity[]> {
    const query = this.source.manager
      .createQueryBuilder(EventEntity, 'e')
      .where(`e.operation_uuid = :operationUuid AND e.type = 'stack.resource' AND e.data ? 'requestId'`, { operationUuid });
    return withinScope(query, scope).orderBy(`e.level`).addOrderBy('e.id', 'DESC').limit(limit).getMany();
  }

  /**
   * Masters first, then by group and slot.
   * @param marker uuid of the last node seen
   */
  async nodes(scope: Scope, clusterUuid: string, marker: string | null, limit: number): Promise<NodeEntity[]> {
    const query = this.source.manager.createQueryBuilder(NodeEntity, 'n').where('n.cluster_uuid = :clusterUuid', { clusterUuid });
    if (marker !== null) {
      query.andWhere(
        `(n.role, n.node_group_uuid, n.slot) > (SELECT m.role, m.node_group_uuid, m.slot FROM nodes m WHERE m.uuid = :marker)`,
        { marker },
      );
    }
    return withinScope(query, scope)
      .orderBy('n.role')
      .addOrderBy('n.node_group_uuid')
      .addOrderBy('n.slot')
      .limit(limit)
      .getMany();
  }

  /** @param ident uuid or name. @throws NotFound */
  async node(scope: Scope, clusterUuid: string, ident: string): Promise<NodeEntity> {
    const column = isUuidText(ident) ? 'uuid' : 'name';
    const query = this.source.manager
      .createQueryBuilder(NodeEntity, 'n')
      .where(`n.cluster_uuid = :clusterUuid AND n.${column} = :ident`, { clusterUuid, ident });
    const row = await withinScope(query, scope).getOne();
    if (!row) throw new NotFound('node-not-found', `Node ${ident} could not be found.`, { node: ident });
    return row;
  }

  /** Ports and volumes that the stacks have made for these nodes: by the node's uuid. */
  async objects(nodes: readonly NodeEntity[]): Promise<Map<string, NodeObjects>> {
    const found = new Map<string, { ports: string[]; volumes: string[] }>(
      nodes.map((node) => [node.uuid, { ports: [], volumes: [] }]),
    );
    const [first] = nodes;
    if (!first) return found;
    const rows: { physical_name: string; type: string; physical_id: string; node_group_uuid: string }[] = await this.source.query(
      `SELECT r.physical_name, r.type, r.physical_id, s.node_group_uuid
       FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
       WHERE s.cluster_uuid = $1 AND s.node_group_uuid = ANY ($2) AND r.type IN ('OS::Neutron::Port', 'OS::Cinder::Volume')
         AND r.physical_id IS NOT NULL ORDER BY r.physical_name`,
      [first.clusterUuid, [...new Set(nodes.map((node) => node.nodeGroupUuid))]],
    );
    const byName = new Map(nodes.map((node) => [node.name, node.uuid]));
    for (const { physical_name: name, type, physical_id: id } of rows) {
      const own = found.get(ownerOf(name, byName) ?? '');
      if (own) (type === 'OS::Cinder::Volume' ? own.volumes : own.ports).push(id);
    }
    return found;
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

/** What belongs to a node in the cloud, by id. */
export interface NodeObjects {
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
}

/** `k1-...-worker-3-port` is of `k1-...-worker-3`. */
function ownerOf(physicalName: string, byName: ReadonlyMap<string, string>): string | undefined {
  for (let name = physicalName; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('-')))) {
    const uuid = byName.get(name);
    if (uuid !== undefined) return uuid;
  }
  return undefined;
}
