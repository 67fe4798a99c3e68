import type { ClusterStatus, Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity } from './entities/index.js';
import { inScope } from './scope.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

/** What a conductor finds out about a cluster while it works on it. */
export type ClusterProgress = Partial<
  Pick<
    ClusterEntity,
    | 'status'
    | 'statusReason'
    | 'healthStatus'
    | 'healthStatusReason'
    | 'stackId'
    | 'apiAddress'
    | 'coeVersion'
    | 'containerVersion'
    | 'trustId'
    | 'trusteeUserId'
  >
>;
export type NodeGroupProgress = Partial<
  Pick<NodeGroupEntity, 'status' | 'statusReason' | 'stackId' | 'nodeAddresses' | 'nodeFacts' | 'version'>
>;

/** Clusters and their node groups as their conductor sees and changes them. */
export class ClusterWorkRepository {
  constructor(private readonly source: DataSource) {}

  async find(scope: Scope, uuid: string): Promise<ClusterEntity | null> {
    return this.source.manager.findOneBy(ClusterEntity, { uuid, ...inScope(scope) });
  }

  /** In the order of their creation: the default masters first. */
  async groups(scope: Scope, clusterUuid: string): Promise<NodeGroupEntity[]> {
    return this.source.manager.find(NodeGroupEntity, { where: { clusterUuid, ...inScope(scope) }, order: { id: 'ASC' } });
  }

  /** The template the cluster was made from, whoever owns it. A cluster keeps its template from being removed. */
  async template(cluster: ClusterEntity): Promise<ClusterTemplateEntity> {
    return this.source.manager.findOneByOrFail(ClusterTemplateEntity, { uuid: cluster.clusterTemplateUuid });
  }

  /** Orders the end of an operation and the beginning of the next: whoever changes the status has this lock first. */
  async lock(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query('SELECT 1 FROM clusters WHERE uuid = $1 FOR UPDATE', [uuid]);
  }

  async set(tx: Tx, uuid: string, progress: ClusterProgress): Promise<void> {
    await tx.manager.update(ClusterEntity, { uuid }, { ...values<ClusterEntity>(progress), ...TOUCHED });
  }

  async setGroup(tx: Tx, uuid: string, progress: NodeGroupProgress): Promise<void> {
    await tx.manager.update(NodeGroupEntity, { uuid }, { ...values<NodeGroupEntity>(progress), ...TOUCHED });
  }

  async setGroups(tx: Tx, clusterUuid: string, progress: NodeGroupProgress): Promise<void> {
    await tx.manager.update(NodeGroupEntity, { clusterUuid }, { ...values<NodeGroupEntity>(progress), ...TOUCHED });
  }

  /** All groups failed; one that has a reason of its own keeps it. */
  async failGroups(tx: Tx, clusterUuid: string, status: ClusterStatus, reason: string): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups SET status = $2, status_reason = coalesce(status_reason, $3), updated_at = now(), revision = revision + 1
       WHERE cluster_uuid = $1`,
      [clusterUuid, status, reason],
    );
  }

  /** The cluster with all that hangs on it: groups, nodes, stacks, sealed secrets. Operations and events stay. */
  async remove(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query(`DELETE FROM sealed_secrets WHERE owner_kind = 'cluster' AND owner_uuid = $1`, [uuid]);
    await tx.manager.delete(ClusterEntity, { uuid });
  }
}

const TOUCHED = { updatedAt: () => 'now()', revision: () => 'revision + 1' };
