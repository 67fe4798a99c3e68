import { STATUS_KEEPING_KINDS, type ClusterStatus, type Scope } from '#libs/domain';
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
    | 'accessBoundAt'
  >
>;
export type NodeGroupProgress = Partial<
  Pick<NodeGroupEntity, 'status' | 'statusReason' | 'stackId' | 'nodeAddresses' | 'nodeFacts' | 'version'>
>;

/** A group, as the operation that ends has changed it. */
export interface OfOperation {
  readonly uuid: string;
  readonly operationUuid: string;
}

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

  /** As they are inside the transaction. Lock the cluster first. */
  async allGroups(tx: Tx, clusterUuid: string): Promise<NodeGroupEntity[]> {
    return tx.manager.find(NodeGroupEntity, { where: { clusterUuid }, order: { id: 'ASC' } });
  }

  /** The same, without the large columns. */
  async groupStatuses(tx: Tx, clusterUuid: string): Promise<Pick<NodeGroupEntity, 'uuid' | 'status'>[]> {
    return tx.manager.find(NodeGroupEntity, {
      select: { uuid: true, status: true },
      where: { clusterUuid },
      order: { id: 'ASC' },
    });
  }

  /** The template the cluster was made from, whoever owns it. A cluster keeps its template from being removed. */
  async template(cluster: Pick<ClusterEntity, 'clusterTemplateUuid'>): Promise<ClusterTemplateEntity> {
    return this.source.manager.findOneByOrFail(ClusterTemplateEntity, { uuid: cluster.clusterTemplateUuid });
  }

  /** Orders the end of an operation and the beginning of the next: whoever changes the status has this lock first. */
  async lock(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query('SELECT 1 FROM clusters WHERE uuid = $1 FOR UPDATE', [uuid]);
  }

  /** As `lock`. @returns the cluster as it is then; null: it has gone */
  async locked(tx: Tx, uuid: string): Promise<ClusterEntity | null> {
    return tx.manager.findOne(ClusterEntity, { where: { uuid }, lock: { mode: 'pessimistic_write' } });
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

  /** The cluster follows another template: only its version is taken over, and the label that names it where there is one. */
  async followTemplate(tx: Tx, uuid: string, to: { templateUuid: string; version: string; tagged: boolean }): Promise<void> {
    await tx.manager.query(
      `UPDATE clusters SET cluster_template_uuid = $2, coe_version = $3, labels = ${TAGGED}, updated_at = now(), revision = revision + 1
       WHERE uuid = $1`,
      [uuid, to.templateUuid, to.version, to.tagged],
    );
  }

  /** The nodes of a group are of this image and version now. @param to.imageId as the template names it */
  async followImage(tx: Tx, uuid: string, to: { imageId: string; version: string; tagged: boolean }): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups SET image_id = $2, version = $3, labels = ${TAGGED}, updated_at = now(), revision = revision + 1
       WHERE uuid = $1`,
      [uuid, to.imageId, to.version, to.tagged],
    );
  }

  /** All groups failed; one that has a reason of its own keeps it. */
  async failGroups(tx: Tx, clusterUuid: string, status: ClusterStatus, reason: string): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups SET status = $2, status_reason = coalesce(status_reason, $3), updated_at = now(), revision = revision + 1
       WHERE cluster_uuid = $1`,
      [clusterUuid, status, reason],
    );
  }

  /** What an operation that cannot end in its own way leaves: in progress becomes failed, but for what other open operations are about. */
  async failInProgress(tx: Tx, operation: { uuid: string; clusterUuid: string }, reason: string): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups g SET status = replace(status, '_IN_PROGRESS', '_FAILED'), status_reason = $3, updated_at = now(),
         revision = revision + 1
       WHERE cluster_uuid = $1 AND status LIKE '%IN_PROGRESS' AND NOT EXISTS (SELECT 1 FROM operations o
         WHERE o.cluster_uuid = $1 AND o.uuid <> $2 AND o.status IN ('pending', 'running')
           AND coalesce(o.request ->> 'nodeGroupUuid', g.uuid::text) = g.uuid::text)`,
      [operation.clusterUuid, operation.uuid, reason],
    );
    await tx.manager.query(
      `UPDATE clusters SET status = replace(status, '_IN_PROGRESS', '_FAILED'), status_reason = $3, updated_at = now(),
         revision = revision + 1
       WHERE uuid = $1 AND status LIKE '%IN_PROGRESS' AND NOT EXISTS (SELECT 1 FROM operations o
         WHERE o.cluster_uuid = $1 AND o.uuid <> $2 AND o.status IN ('pending', 'running') AND o.kind <> ALL ($4))`,
      [operation.clusterUuid, operation.uuid, reason, STATUS_KEEPING_KINDS],
    );
  }

  /**
   * Ends a change of a node group. Its status is left alone while another open operation is about this group: that one
   * has put its own there. Lock the cluster first.
   */
  async settleGroup(tx: Tx, group: OfOperation, status: ClusterStatus, reason: string | null): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups SET status = $3, status_reason = $4, updated_at = now(), revision = revision + 1
       WHERE uuid = $1 AND NOT EXISTS (${OPEN_OF_GROUP})`,
      [group.uuid, group.operationUuid, status, reason],
    );
  }

  /**
   * The count that users see becomes this one again; or, when another open operation wants another count, the one that the
   * next of them goes back to. Lock the cluster first.
   */
  async putBackNodeCount(tx: Tx, group: OfOperation, nodeCount: number): Promise<void> {
    await tx.manager.query(
      `UPDATE node_groups SET node_count = $3, updated_at = now(), revision = revision + 1
       WHERE uuid = $1 AND NOT EXISTS (${OPEN_OF_GROUP} AND o.request ? 'nodeCount')`,
      [group.uuid, group.operationUuid, nodeCount],
    );
    await tx.manager.query(
      `UPDATE operations SET request = request || jsonb_build_object('previousNodeCount', $3::integer)
       WHERE id = (${OPEN_OF_GROUP} AND o.request ? 'previousNodeCount' ORDER BY o.id LIMIT 1)`,
      [group.uuid, group.operationUuid, nodeCount],
    );
  }

  /** Whether another open operation is about this group. */
  async hasOpenOfGroup(tx: Tx, group: OfOperation): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(OPEN_OF_GROUP, [group.uuid, group.operationUuid]);
    return rows.length > 0;
  }

  /**
   * The cluster's status at the end of an operation, by what is left: `UPDATE_IN_PROGRESS` while other changes are open,
   * else failed with the groups' own reasons when a group has failed, else complete. Lock the cluster first; the groups'
   * statuses are settled before.
   * @param verb of the operation that ends; groups may be in other words
   */
  async settle(tx: Tx, clusterUuid: string, operationUuid: string, verb: 'UPDATE' | 'ROLLBACK' = 'UPDATE'): Promise<void> {
    const open: { kind: string }[] = await tx.manager.query(
      `SELECT kind FROM operations WHERE cluster_uuid = $1 AND uuid <> $2 AND status IN ('pending', 'running')
       AND kind <> ALL ($3) ORDER BY id LIMIT 1`,
      [clusterUuid, operationUuid, STATUS_KEEPING_KINDS],
    );
    const [next] = open;
    if (next) {
      const status: ClusterStatus = next.kind === 'rollback' ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_IN_PROGRESS';
      await this.set(tx, clusterUuid, { status, statusReason: null });
      return;
    }
    const failed: { name: string; status_reason: string | null }[] = await tx.manager.query(
      `SELECT name, status_reason FROM node_groups WHERE cluster_uuid = $1 AND status LIKE '%FAILED' ORDER BY id`,
      [clusterUuid],
    );
    const reasons = failed.map(({ name, status_reason }) => status_reason ?? `node group ${name} has failed`);
    await this.set(tx, clusterUuid, {
      status: failed.length > 0 ? `${verb}_FAILED` : `${verb}_COMPLETE`,
      statusReason: failed.length > 1 ? failed.map(({ name }, at) => `${name}: ${reasons[at]}`).join('; ') : (reasons[0] ?? null),
    });
  }

  /**
   * The parts of the cluster's health that are about nodes become those of the nodes there are: gone ones out, new Ready
   * ones in, the others as they were told. A cluster of whose health nothing was told stays so.
   */
  async healthOfNodes(tx: Tx, clusterUuid: string): Promise<void> {
    await tx.manager.query(
      `UPDATE clusters c SET health_status_reason =
         coalesce((SELECT jsonb_object_agg(n.name || '.Ready', 'True') FROM nodes n
           WHERE n.cluster_uuid = c.uuid AND n.ready_at IS NOT NULL AND n.leaving_since IS NULL), '{}')
         || coalesce((SELECT jsonb_object_agg(told.key, told.value) FROM jsonb_each(c.health_status_reason) told
           WHERE told.key NOT LIKE '%.Ready' OR EXISTS (SELECT 1 FROM nodes n
             WHERE n.cluster_uuid = c.uuid AND n.leaving_since IS NULL AND n.name || '.Ready' = told.key)), '{}')
       WHERE c.uuid = $1 AND c.health_status_reason <> '{}'`,
      [clusterUuid],
    );
  }

  /** A group with its nodes and its stack's rows. What they stood for in the cloud must be gone. */
  async removeGroup(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query('DELETE FROM stacks WHERE node_group_uuid = $1', [uuid]);
    await tx.manager.delete(NodeGroupEntity, { uuid });
  }

  /** The cluster with all that hangs on it: groups, nodes, stacks, sealed secrets. Operations and events stay. */
  async remove(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query(`DELETE FROM sealed_secrets WHERE owner_kind = 'cluster' AND owner_uuid = $1`, [uuid]);
    await tx.manager.delete(ClusterEntity, { uuid });
  }
}

/** Open operations but $2 that are about this group. */
const OPEN_OF_GROUP = /* sql */ `
  SELECT o.id FROM operations o WHERE o.status IN ('pending', 'running') AND o.uuid <> $2
    AND o.request ->> 'nodeGroupUuid' = $1::uuid::text
    AND o.cluster_uuid = (SELECT g.cluster_uuid FROM node_groups g WHERE g.uuid = $1::uuid)`;

/** $3 the version, $4 whether the label is wanted where it was not. */
const TAGGED = `CASE WHEN $4 OR labels ? 'kube_tag' THEN labels || jsonb_build_object('kube_tag', $3::text) ELSE labels END`;

const TOUCHED = { updatedAt: () => 'now()', revision: () => 'revision + 1' };
