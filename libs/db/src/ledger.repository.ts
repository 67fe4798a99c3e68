import type { ClusterStatus, NodeRole, Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { LedgerFindingEntity, type StackResourceEntity } from './entities/index.js';
import { withinScope } from './page.js';
import type { Tx } from './unit-of-work.js';

/** A row of `stack_resources`, as much of it as a comparison with the cloud needs. */
export type LedgerRow = Pick<StackResourceEntity, 'uuid' | 'type' | 'physicalName' | 'physicalId' | 'action' | 'status'> & {
  readonly clusterUuid: string;
  readonly nodeGroupUuid: string | null;
  readonly stackUuid: string;
  /** Null but for types of which more than the id is compared. */
  readonly definition: Record<string, unknown> | null;
  /** Its ids are in our own form. */
  readonly native: boolean;
  /** It has not been written since the look at the cloud began. */
  readonly settled: boolean;
};

export interface LedgerNode {
  readonly uuid: string;
  readonly nodeGroupUuid: string;
  readonly name: string;
  readonly role: NodeRole;
  readonly leaving: boolean;
  readonly ready: boolean;
  readonly unhealthyReason: string | null;
}

export interface LedgerCluster {
  readonly uuid: string;
  readonly projectId: string;
  readonly name: string;
  readonly status: ClusterStatus;
  readonly labels: Readonly<Record<string, string>>;
  readonly trustId: string | null;
  readonly trusteeUserId: string | null;
  /** An operation is open: nothing can be said of it now. */
  readonly busy: boolean;
  readonly rows: readonly LedgerRow[];
  readonly nodes: readonly LedgerNode[];
}

export type Finding = Pick<
  LedgerFindingEntity,
  'class' | 'kind' | 'objectId' | 'name' | 'clusterUuid' | 'projectId' | 'resourceUuid' | 'nodeUuid' | 'message'
>;

/** What a look has taken in. */
export interface Looked {
  readonly kinds: readonly string[];
  /** Clusters of which nothing could be said. */
  readonly busy: readonly string[];
  /** The only cluster it was about; null: all. */
  readonly only: string | null;
}

/** Types of which a scan compares properties. */
const COMPARED = ['OS::Neutron::SecurityGroup', 'OS::Neutron::FloatingIP', 'OS::Neutron::RouterInterface'];

/** What the service believes to be in the cloud, and what was found to be otherwise. */
export class LedgerRepository {
  constructor(private readonly source: DataSource) {}

  /** By the database's clock, which also writes the rows. */
  async now(): Promise<Date> {
    const [row]: { at: Date }[] = await this.source.query('SELECT clock_timestamp() AS at');
    return row?.at ?? new Date();
  }

  /** The next clusters in the order of their uuids, with all rows. @param since when the look at the cloud began */
  async clusters(
    scope: Scope,
    after: string | null,
    limit: number,
    since: Date,
    only: string | null = null,
  ): Promise<LedgerCluster[]> {
    if (scope.kind !== 'all-projects') throw new Error('the ledger is compared for every project');
    const clusters: ClusterRow[] = await this.source.query(
      `SELECT c.uuid, c.project_id, c.name, c.status, c.labels, c.trust_id, c.trustee_user_id,
         EXISTS (SELECT 1 FROM operations o WHERE o.cluster_uuid = c.uuid AND o.status IN ('pending', 'running')) AS busy
       FROM clusters c WHERE ($1::uuid IS NULL OR c.uuid > $1) AND ($3::uuid IS NULL OR c.uuid = $3) ORDER BY c.uuid LIMIT $2`,
      [after, limit, only],
    );
    if (clusters.length === 0) return [];
    const uuids = clusters.map((cluster) => cluster.uuid);
    const rows: LedgerRow[] = await this.source.query(
      `SELECT r.uuid, r.type, r.physical_name AS "physicalName", r.physical_id AS "physicalId", r.action, r.status,
         s.cluster_uuid AS "clusterUuid", s.node_group_uuid AS "nodeGroupUuid", s.uuid AS "stackUuid", s.backend = 'native' AS native,
         CASE WHEN r.type = ANY ($2) THEN r.definition END AS definition,
         greatest(r.created_at, r.updated_at) < $3 AS settled
       FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid WHERE s.cluster_uuid = ANY ($1)`,
      [uuids, COMPARED, since],
    );
    const nodes: (LedgerNode & { clusterUuid: string })[] = await this.source.query(
      `SELECT uuid, cluster_uuid AS "clusterUuid", node_group_uuid AS "nodeGroupUuid", name, role, leaving_since IS NOT NULL AS leaving,
         ready_at IS NOT NULL AS ready, unhealthy_reason AS "unhealthyReason"
       FROM nodes WHERE cluster_uuid = ANY ($1)`,
      [uuids],
    );
    const rowsOf = byCluster(rows);
    const nodesOf = byCluster(nodes);
    return clusters.map(({ project_id: projectId, trust_id: trustId, trustee_user_id: trusteeUserId, ...cluster }) => ({
      ...cluster,
      projectId,
      trustId,
      trusteeUserId,
      rows: rowsOf.get(cluster.uuid) ?? [],
      nodes: nodesOf.get(cluster.uuid) ?? [],
    }));
  }

  /** Of these uuids, the clusters that are gone and of which an operation is remembered, with their projects. */
  async gone(scope: Scope, uuids: readonly string[]): Promise<Map<string, string>> {
    if (scope.kind !== 'all-projects') throw new Error('the ledger is compared for every project');
    const rows: { uuid: string; project_id: string }[] = await this.source.query(
      `SELECT o.cluster_uuid AS uuid, min(o.project_id) AS project_id FROM operations o
       WHERE o.cluster_uuid = ANY ($1::uuid[]) AND NOT EXISTS (SELECT 1 FROM clusters c WHERE c.uuid = o.cluster_uuid)
       GROUP BY o.cluster_uuid`,
      [uuids],
    );
    return new Map(rows.map((row) => [row.uuid, row.project_id]));
  }

  /** Whether an operation of the cluster is open. Lock the cluster first. */
  async isBusy(tx: Tx, clusterUuid: string): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM operations WHERE cluster_uuid = $1 AND status IN ('pending', 'running') LIMIT 1`,
      [clusterUuid],
    );
    return rows.length > 0;
  }

  /**
   * How many repairs for this reason have been tried since the oldest difference that there is now was found, or in the last
   * so many hours, and how long ago the last ended.
   */
  async healings(
    tx: Tx,
    clusterUuid: string,
    reason: string,
    hours: number | null = null,
  ): Promise<{ repairs: number; sinceMs: number }> {
    const rows: { repairs: string; since: number | null }[] = await tx.manager.query(
      `SELECT count(*) AS repairs, (extract(epoch FROM now() - max(finished_at)) * 1000)::float8 AS since FROM operations
       WHERE cluster_uuid = $1 AND kind = 'repair' AND request ->> 'reason' = $2
         AND created_at > coalesce(now() - $3::float8 * interval '1 hour', (SELECT min(first_seen_at) FROM ledger_findings
           WHERE cluster_uuid = $1 AND class IN ('missing', 'changed', 'down')))`,
      [clusterUuid, reason, hours],
    );
    return { repairs: Number(rows[0]?.repairs ?? 0), sinceMs: rows[0]?.since ?? Infinity };
  }

  /**
   * Whether nothing in the ledger wants this object, seen from inside the transaction: no open operation of its cluster, and
   * no row that has its key, or whose object is another one. What a removal asks right before it acts.
   */
  async isUnwanted(tx: Tx, finding: Pick<Finding, 'clusterUuid' | 'resourceUuid' | 'objectId' | 'kind'>): Promise<boolean> {
    const { clusterUuid, resourceUuid, objectId, kind } = finding;
    const rows: { open: boolean; wanted: boolean; named: boolean; credential: boolean }[] = await tx.manager.query(
      `SELECT
         EXISTS (SELECT 1 FROM operations o WHERE o.cluster_uuid = $1 AND o.status IN ('pending', 'running')) AS open,
         EXISTS (SELECT 1 FROM stack_resources r WHERE r.uuid = $2 AND (r.physical_id IS NULL OR r.physical_id = $3)
           AND NOT (r.action = 'INIT' OR (r.action = 'DELETE' AND r.status = 'COMPLETE'))) AS wanted,
         EXISTS (SELECT 1 FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
           WHERE s.cluster_uuid = $1 AND r.type = $4 AND r.physical_id = $3) AS named,
         EXISTS (SELECT 1 FROM clusters c WHERE c.uuid = $1 AND (c.trustee_user_id = $3 OR c.trust_id = $3)) AS credential`,
      [clusterUuid, resourceUuid, objectId, kind],
    );
    const [row] = rows;
    return row !== undefined && !row.open && !row.wanted && !row.named && !row.credential;
  }

  /** The row has this object, if it still has none and nothing works on it. @returns whether it was so */
  async adopt(tx: Tx, finding: Pick<Finding, 'clusterUuid' | 'resourceUuid' | 'objectId'>): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE stack_resources r SET physical_id = $3, updated_at = now(), revision = r.revision + 1
       WHERE r.uuid = $2 AND r.physical_id IS NULL AND r.status <> 'COMPLETE'
         AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.cluster_uuid = $1 AND o.status IN ('pending', 'running'))`,
      [finding.clusterUuid, finding.resourceUuid, finding.objectId],
    );
    return count > 0;
  }

  /**
   * What a look has found is all there is now, of the clusters and kinds that were looked at.
   * @returns what was not known before, and what is so no longer
   */
  async sync(tx: Tx, found: readonly Finding[], looked: Looked): Promise<{ added: LedgerFindingEntity[]; cleared: Finding[] }> {
    const added: LedgerFindingEntity[] = [];
    if (found.length > 0) {
      const rows: { id: string; is_new: boolean }[] = await tx.manager.query(
        `INSERT INTO ledger_findings AS f (class, kind, object_id, name, cluster_uuid, project_id, resource_uuid, node_uuid, message)
         SELECT n."class", n."kind", n."objectId", n."name", n."clusterUuid", n."projectId", n."resourceUuid", n."nodeUuid", n."message"
         FROM jsonb_to_recordset($1::jsonb) AS n ("class" text, "kind" text, "objectId" text, "name" text, "clusterUuid" uuid,
           "projectId" text, "resourceUuid" uuid, "nodeUuid" uuid, "message" text)
         ON CONFLICT (class, kind, object_id) DO UPDATE SET last_seen_at = now(), message = excluded.message
         RETURNING f.id, f.first_seen_at = f.last_seen_at AS is_new`,
        [JSON.stringify(found)],
      );
      const fresh = rows.filter((row) => row.is_new).map((row) => Number(row.id));
      // No condition would be all rows.
      if (fresh.length > 0)
        added.push(
          ...(await tx.manager.findBy(
            LedgerFindingEntity,
            fresh.map((id) => ({ id })),
          )),
        );
    }
    const [cleared]: [Finding[], number] = await tx.manager.query(
      `DELETE FROM ledger_findings f WHERE f.kind = ANY ($2) AND NOT (f.cluster_uuid = ANY ($3::uuid[]))
         AND ($4::uuid IS NULL OR f.cluster_uuid = $4)
         AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset($1::jsonb) AS n ("class" text, "kind" text, "objectId" text)
           WHERE n."class" = f.class AND n."kind" = f.kind AND n."objectId" = f.object_id)
       RETURNING f.id, f.class, f.kind, f.object_id AS "objectId", f.name, f.cluster_uuid AS "clusterUuid", f.project_id AS "projectId",
         f.resource_uuid AS "resourceUuid", f.node_uuid AS "nodeUuid", f.message`,
      [
        JSON.stringify(found.map(({ class: kind, ...one }) => ({ class: kind, kind: one.kind, objectId: one.objectId }))),
        looked.kinds,
        looked.busy,
        looked.only,
      ],
    );
    return { added, cleared };
  }

  async remove(tx: Tx, ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await tx.manager.query('DELETE FROM ledger_findings WHERE id = ANY ($1::bigint[])', [ids]);
  }

  /** By class, the oldest first. */
  async list(scope: Scope, clusterUuid: string | null = null, limit = 10_000): Promise<LedgerFindingEntity[]> {
    const query = this.source.manager.createQueryBuilder(LedgerFindingEntity, 'f').where('true');
    if (clusterUuid !== null) query.andWhere('f.cluster_uuid = :clusterUuid', { clusterUuid });
    return withinScope(query, scope).orderBy('f.id').limit(limit).getMany();
  }
}

function byCluster<T extends { readonly clusterUuid: string }>(all: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const own = found.get(one.clusterUuid);
    if (own) own.push(one);
    else found.set(one.clusterUuid, [one]);
  }
  return found;
}

interface ClusterRow {
  readonly uuid: string;
  readonly project_id: string;
  readonly name: string;
  readonly status: ClusterStatus;
  readonly labels: Record<string, string>;
  readonly trust_id: string | null;
  readonly trustee_user_id: string | null;
  readonly busy: boolean;
}
