import type { ClusterStatus, HealthStatus, NodeRole, Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import type { Tx } from './unit-of-work.js';

export interface HealthNode {
  readonly uuid: string;
  readonly clusterUuid: string;
  readonly nodeGroupUuid: string;
  readonly name: string;
  readonly role: NodeRole;
  readonly leaving: boolean;
  /** It has been Ready once. */
  readonly ready: boolean;
  readonly notReadySince: Date | null;
  readonly unhealthyReason: string | null;
}

/** A cluster whose API can be asked, as much of it as a look at its health needs. */
export interface ObservedCluster {
  readonly uuid: string;
  readonly projectId: string;
  readonly name: string;
  readonly status: ClusterStatus;
  readonly apiAddress: string;
  readonly floatingIpEnabled: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly healthStatus: HealthStatus | null;
  readonly healthStatusReason: Readonly<Record<string, string>>;
  /** An operation is open: nodes come and go. */
  readonly busy: boolean;
  readonly nodes: readonly HealthNode[];
}

/** What a round of looks at clusters' health reads and writes. */
export class HealthRepository {
  constructor(private readonly source: DataSource) {}

  /**
   * The clusters of one slice, by the index of their uuids: two queries however many there are.
   * @param slice 0 and up; uuids are random, so slices are equal in size
   * @param slices a power of two, at most 256
   */
  async slice(scope: Scope, slice: number, slices: number): Promise<ObservedCluster[]> {
    if (scope.kind !== 'all-projects') throw new Error('health is looked at for every project');
    const [from, to] = sliceOfUuids(slice, slices);
    const clusters: Omit<ObservedCluster, 'nodes'>[] = await this.source.query(
      `SELECT c.uuid, c.project_id AS "projectId", c.name, c.status, c.api_address AS "apiAddress",
         c.floating_ip_enabled AS "floatingIpEnabled", c.labels, c.health_status AS "healthStatus",
         c.health_status_reason AS "healthStatusReason",
         EXISTS (SELECT 1 FROM operations o WHERE o.cluster_uuid = c.uuid AND o.status IN ('pending', 'running')) AS busy
       FROM clusters c WHERE c.uuid >= $1 AND c.uuid <= $2 AND c.api_address IS NOT NULL
         AND c.status NOT IN ('CREATE_IN_PROGRESS', 'DELETE_IN_PROGRESS')`,
      [from, to],
    );
    if (clusters.length === 0) return [];
    const nodes: HealthNode[] = await this.source.query(
      `SELECT uuid, cluster_uuid AS "clusterUuid", node_group_uuid AS "nodeGroupUuid", name, role, leaving_since IS NOT NULL AS leaving,
         ready_at IS NOT NULL AS ready, not_ready_since AS "notReadySince", unhealthy_reason AS "unhealthyReason"
       FROM nodes WHERE cluster_uuid = ANY ($1)`,
      [clusters.map((cluster) => cluster.uuid)],
    );
    const own = new Map<string, HealthNode[]>(clusters.map((cluster) => [cluster.uuid, []]));
    for (const node of nodes) own.get(node.clusterUuid)?.push(node);
    return clusters.map((cluster) => ({ ...cluster, nodes: own.get(cluster.uuid) ?? [] }));
  }

  /** @returns the health before; null: it was so already, or the cluster is not there or about to go */
  async note(
    tx: Tx,
    clusterUuid: string,
    status: HealthStatus,
    reason: Readonly<Record<string, string>>,
  ): Promise<{ readonly before: HealthStatus | null } | null> {
    const [rows]: [{ before: HealthStatus | null }[], number] = await tx.manager.query(
      `UPDATE clusters c SET health_status = $2, health_status_reason = $3::jsonb, updated_at = now(), revision = c.revision + 1
       FROM (SELECT uuid, health_status FROM clusters WHERE uuid = $1 FOR UPDATE) old
       WHERE c.uuid = old.uuid AND c.status NOT IN ('CREATE_IN_PROGRESS', 'DELETE_IN_PROGRESS')
         AND (c.health_status IS DISTINCT FROM $2 OR c.health_status_reason IS DISTINCT FROM $3::jsonb)
       RETURNING old.health_status AS before`,
      [clusterUuid, status, JSON.stringify(reason)],
    );
    return rows[0] ?? null;
  }

  /** These are not Ready now; those of whom that is known keep their time. */
  async markNotReady(tx: Tx, uuids: readonly string[]): Promise<void> {
    if (uuids.length === 0) return;
    await tx.manager.query(`UPDATE nodes SET not_ready_since = now() WHERE uuid = ANY ($1::uuid[]) AND not_ready_since IS NULL`, [
      uuids,
    ]);
  }

  /** These are Ready again. */
  async markReadyAgain(tx: Tx, uuids: readonly string[]): Promise<void> {
    if (uuids.length === 0) return;
    await tx.manager.query(
      `UPDATE nodes SET not_ready_since = NULL WHERE uuid = ANY ($1::uuid[]) AND not_ready_since IS NOT NULL`,
      [uuids],
    );
  }

  /** Whether the cluster's history has an event of this type of the last so many hours. */
  async wasTold(tx: Tx, clusterUuid: string, type: string, hours: number): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM events WHERE cluster_uuid = $1 AND type = $2 AND created_at > now() - $3 * interval '1 hour' LIMIT 1`,
      [clusterUuid, type, hours],
    );
    return rows.length > 0;
  }
}

/** The first and the last uuid of a slice: by their first byte. Pure. */
export function sliceOfUuids(slice: number, slices: number): readonly [string, string] {
  const width = 256 / slices;
  const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
  const [first, last] = [hex(slice * width), hex((slice + 1) * width - 1)];
  return [`${first}000000-0000-0000-0000-000000000000`, `${last}ffffff-ffff-ffff-ffff-ffffffffffff`];
}
