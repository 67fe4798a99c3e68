import type { GroupSummary } from './clusters.repository.js';
import { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity, OperationEntity, QuotaEntity } from './entities/index.js';
import type { ResourceKind } from './request-work.js';
import type { Tx } from './unit-of-work.js';

const LOCKS: Readonly<Record<Exclude<ResourceKind, 'quota'>, string>> = {
  cluster: 'SELECT 1 FROM clusters WHERE uuid = $1 FOR UPDATE',
  'cluster-template': 'SELECT 1 FROM cluster_templates WHERE uuid = $1 FOR UPDATE',
  operation: 'SELECT 1 FROM clusters WHERE uuid = (SELECT cluster_uuid FROM operations WHERE uuid = $1) FOR UPDATE',
  // Changes of groups lock the cluster first.
  'node-group': 'SELECT 1 FROM clusters WHERE uuid = (SELECT cluster_uuid FROM node_groups WHERE uuid = $1) FOR UPDATE',
};

/** A resource as a transaction sees it, whole: what a condition on its state compares. The caller has been let through already. */
export class ResourceStateRepository {
  /** Until the transaction ends nobody else changes it. @param ident uuid; of a quota see `quotaIdent` */
  async lock(tx: Tx, kind: ResourceKind, ident: string): Promise<void> {
    if (kind === 'quota') {
      await tx.manager.query('SELECT 1 FROM quotas WHERE project_id = $1 AND resource = $2 FOR UPDATE', quotaKey(ident));
    } else await tx.manager.query(LOCKS[kind], [ident]);
  }

  async cluster(
    tx: Tx,
    uuid: string,
  ): Promise<{ row: ClusterEntity; groups: GroupSummary[]; templateLabels: Record<string, string> } | null> {
    const row = await tx.manager.findOneBy(ClusterEntity, { uuid });
    if (!row) return null;
    const groups = await tx.manager.find(NodeGroupEntity, { where: { clusterUuid: uuid }, order: { id: 'ASC' } });
    const template = await tx.manager.findOneBy(ClusterTemplateEntity, { uuid: row.clusterTemplateUuid });
    return { row, groups, templateLabels: template?.labels ?? {} };
  }

  async clusterTemplate(tx: Tx, uuid: string): Promise<ClusterTemplateEntity | null> {
    return tx.manager.findOneBy(ClusterTemplateEntity, { uuid });
  }

  async nodeGroup(tx: Tx, uuid: string): Promise<{ row: NodeGroupEntity; clusterLabels: Record<string, string> } | null> {
    const row = await tx.manager.findOneBy(NodeGroupEntity, { uuid });
    if (!row) return null;
    const cluster = await tx.manager.findOneBy(ClusterEntity, { uuid: row.clusterUuid });
    return { row, clusterLabels: cluster?.labels ?? {} };
  }

  async operation(tx: Tx, uuid: string): Promise<OperationEntity | null> {
    return tx.manager.findOneBy(OperationEntity, { uuid });
  }

  async quota(tx: Tx, ident: string): Promise<QuotaEntity | null> {
    const [projectId, resource] = quotaKey(ident);
    return tx.manager.findOneBy(QuotaEntity, { projectId, resource });
  }
}

function quotaKey(ident: string): [string, string] {
  return JSON.parse(ident) as [string, string];
}
