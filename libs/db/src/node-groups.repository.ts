import { Conflict, isNodeCalled, NotFound, type Scope } from '#libs/domain';
import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { NodeEntity, NodeGroupEntity } from './entities/index.js';
import { afterMarker, withinScope, isUuidText, sortableColumns, type PageRequest } from './page.js';
import { noteFound } from './request-work.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

export type NewNodeGroup = Omit<
  NodeGroupEntity,
  'id' | 'createdAt' | 'updatedAt' | 'revision' | 'nodeAddresses' | 'nodeFacts' | 'stackId' | 'statusReason' | 'version'
>;

export type NodeGroupChanges = Partial<
  Pick<NodeGroupEntity, 'nodeCount' | 'minNodeCount' | 'maxNodeCount' | 'nodeLabels' | 'nodeTaints' | 'status' | 'statusReason'>
>;

export class NodeGroupsRepository {
  constructor(private readonly source: DataSource) {}

  /** Names that `sort_key` may have. */
  sortKeys(): string[] {
    return sortableColumns(this.source.getMetadata(NodeGroupEntity));
  }

  /** @param role null: every role. @throws NotFound the marker is not there */
  async page(scope: Scope, clusterUuid: string, page: PageRequest, role: string | null): Promise<NodeGroupEntity[]> {
    const query = this.ofCluster(scope, clusterUuid);
    if (role !== null) query.andWhere('g.role = :role', { role });
    const rows = await afterMarker(query, page).getMany();
    if (rows.length === 0 && page.marker !== null) await this.get(scope, clusterUuid, page.marker);
    return rows;
  }

  /**
   * @param ident uuid, name or the running number as text
   * @throws NotFound
   */
  async get(scope: Scope, clusterUuid: string, ident: string): Promise<NodeGroupEntity> {
    const query = this.ofCluster(scope, clusterUuid);
    if (isUuidText(ident)) query.andWhere('g.uuid = :ident', { ident });
    else if (/^\d{1,15}$/.test(ident)) query.andWhere('(g.id = :number OR g.name = :ident)', { number: ident, ident });
    else query.andWhere('g.name = :ident', { ident });
    const rows = await query.orderBy('g.id').limit(2).getMany();
    if (rows.length > 1) {
      throw new Conflict(
        'ambiguous-node-group',
        'Multiple nodegroups exist with same name. Please use the nodegroup uuid instead.',
        {
          nodeGroup: ident,
        },
      );
    }
    const [row] = rows;
    if (!row) throw new NotFound('node-group-not-found', `Nodegroup ${ident} could not be found.`, { nodeGroup: ident });
    noteFound('node-group', row.uuid);
    return row;
  }

  async isNameTaken(scope: Scope, clusterUuid: string, name: string): Promise<boolean> {
    return (await this.ofCluster(scope, clusterUuid).andWhere('g.name = :name', { name }).getCount()) > 0;
  }

  /** All groups of a cluster that the transaction has locked, in the order of their creation. */
  async all(tx: Tx, clusterUuid: string): Promise<NodeGroupEntity[]> {
    return tx.manager.find(NodeGroupEntity, { where: { clusterUuid }, order: { id: 'ASC' } });
  }

  /** @throws a unique violation when the cluster has a group of this name */
  async insert(tx: Tx, row: NewNodeGroup): Promise<NodeGroupEntity> {
    await tx.manager.insert(NodeGroupEntity, values<NodeGroupEntity>(row));
    noteFound('node-group', row.uuid);
    return tx.manager.findOneByOrFail(NodeGroupEntity, { uuid: row.uuid });
  }

  async change(tx: Tx, uuid: string, changed: NodeGroupChanges): Promise<NodeGroupEntity> {
    await tx.manager.update(
      NodeGroupEntity,
      { uuid },
      { ...values<NodeGroupEntity>(changed), updatedAt: () => 'now()', revision: () => 'revision + 1' },
    );
    return tx.manager.findOneByOrFail(NodeGroupEntity, { uuid });
  }

  /** uuids of the group's nodes that are named: by server id, uuid, name or slot. */
  async nodesCalled(tx: Tx, uuid: string, entries: readonly string[]): Promise<string[]> {
    const nodes = await tx.manager.findBy(NodeEntity, { nodeGroupUuid: uuid });
    return nodes.filter((node) => entries.some((entry) => isNodeCalled(node, entry))).map((node) => node.uuid);
  }

  private ofCluster(scope: Scope, clusterUuid: string): SelectQueryBuilder<NodeGroupEntity> {
    const query = this.source.manager
      .createQueryBuilder(NodeGroupEntity, 'g')
      .where('g.cluster_uuid = :clusterUuid', { clusterUuid });
    return withinScope(query, scope);
  }
}
