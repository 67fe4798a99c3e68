import { Conflict, NotFound, type ClusterStatus, type Scope } from '#libs/domain';
import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { ClusterEntity, NodeGroupEntity } from './entities/index.js';
import { afterMarker, withinScope, isUuidText, sortableColumns, type PageRequest } from './page.js';
import { noteFound } from './request-work.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

/** What a cluster's views need of its node groups. */
export interface GroupSummary {
  readonly clusterUuid: string;
  readonly name: string;
  readonly role: string;
  readonly nodeCount: number;
  readonly nodeAddresses: string[];
  readonly status: ClusterStatus;
  readonly statusReason: string | null;
}

export type ClusterChanges = Partial<Pick<ClusterEntity, 'status' | 'statusReason' | 'healthStatus' | 'healthStatusReason'>>;

export class ClustersRepository {
  constructor(private readonly source: DataSource) {}

  /** Names that `sort_key` may have. */
  sortKeys(): string[] {
    return sortableColumns(this.source.getMetadata(ClusterEntity));
  }

  /** @throws NotFound the marker is not there */
  async page(scope: Scope, page: PageRequest): Promise<ClusterEntity[]> {
    const rows = await afterMarker(this.visible(scope), page).getMany();
    if (rows.length === 0 && page.marker !== null) await this.get(scope, page.marker);
    return rows;
  }

  /**
   * @param ident uuid or name
   * @throws NotFound nothing the scope may see; Conflict several have the name
   */
  async get(scope: Scope, ident: string): Promise<ClusterEntity> {
    const column = isUuidText(ident) ? 'uuid' : 'name';
    const rows = await this.visible(scope).andWhere(`c.${column} = :ident`, { ident }).orderBy('c.id').limit(2).getMany();
    if (rows.length > 1) {
      throw new Conflict('ambiguous-cluster', 'Multiple clusters exist with same name. Please use the cluster uuid instead.', {
        cluster: ident,
      });
    }
    const [row] = rows;
    if (!row) throw new NotFound('cluster-not-found', `Cluster ${ident} could not be found.`, { cluster: ident });
    noteFound('cluster', row.uuid);
    return row;
  }

  /** The node groups of these clusters in one query, masters first, in the order of their creation. */
  async groupsOf(scope: Scope, clusterUuids: readonly string[]): Promise<Map<string, GroupSummary[]>> {
    const groups = new Map<string, GroupSummary[]>(clusterUuids.map((uuid) => [uuid, []]));
    if (clusterUuids.length === 0) return groups;
    const rows = await withinScope(this.source.manager.createQueryBuilder(NodeGroupEntity, 'g'), scope)
      .select(['g.id', 'g.clusterUuid', 'g.name', 'g.role', 'g.nodeCount', 'g.nodeAddresses', 'g.status', 'g.statusReason'])
      .andWhere('g.cluster_uuid = ANY (:clusterUuids)', { clusterUuids })
      .orderBy('g.id')
      .getMany();
    for (const row of rows) groups.get(row.clusterUuid)?.push(row);
    return groups;
  }

  /** Clusters of the scope, and their nodes, masters included. */
  async count(scope: Scope): Promise<{ clusters: number; nodes: number }> {
    const where = scope.kind === 'project' ? 'WHERE project_id = $1' : '';
    const rows: { clusters: string; nodes: string }[] = await this.source.query(
      `SELECT (SELECT count(*) FROM clusters ${where}) AS clusters,
              (SELECT coalesce(sum(node_count), 0) FROM node_groups ${where}) AS nodes`,
      scope.kind === 'project' ? [scope.projectId] : [],
    );
    return { clusters: Number(rows[0]?.clusters ?? 0), nodes: Number(rows[0]?.nodes ?? 0) };
  }

  /** Serialises the changes of one cluster. @returns null when it has gone meanwhile */
  async lock(tx: Tx, uuid: string): Promise<ClusterEntity | null> {
    return tx.manager.findOne(ClusterEntity, { where: { uuid }, lock: { mode: 'pessimistic_write' } });
  }

  /** The cluster and all its node groups go into a status together. */
  async setStatus(tx: Tx, uuid: string, status: ClusterStatus, reason: string | null = null): Promise<void> {
    for (const [table, column] of [
      ['clusters', 'uuid'],
      ['node_groups', 'cluster_uuid'],
    ]) {
      await tx.manager.query(
        `UPDATE ${table} SET status = $2, status_reason = $3, updated_at = now(), revision = revision + 1 WHERE ${column} = $1`,
        [uuid, status, reason],
      );
    }
  }

  /** The cluster's own row; its node groups have theirs. */
  async change(tx: Tx, uuid: string, changed: ClusterChanges): Promise<void> {
    await tx.manager.update(
      ClusterEntity,
      { uuid },
      { ...values<ClusterEntity>(changed), updatedAt: () => 'now()', revision: () => 'revision + 1' },
    );
  }

  private visible(scope: Scope): SelectQueryBuilder<ClusterEntity> {
    return withinScope(this.source.manager.createQueryBuilder(ClusterEntity, 'c').where('true'), scope);
  }
}
