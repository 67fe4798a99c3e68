import type { NodePhase, NodePhaseStatus, NodeRole, Scope } from '#libs/domain';
import { IsNull, type DataSource } from 'typeorm';
import { NodeEntity, NodePhaseEntity, type NodeFacts } from './entities/index.js';
import { inScope } from './scope.js';
import type { Tx } from './unit-of-work.js';

export interface NewNode {
  readonly uuid: string;
  readonly clusterUuid: string;
  readonly nodeGroupUuid: string;
  readonly projectId: string;
  readonly name: string;
  readonly slot: number;
  readonly role: NodeRole;
  /** Null: as its group says. */
  readonly facts: NodeFacts | null;
}

/** A node whose newest phase failed, in its own words. */
export interface FailedNode {
  readonly name: string;
  readonly phase: NodePhase;
  readonly exitCode: number | null;
  readonly logTail: string | null;
}

export class NodesRepository {
  constructor(private readonly source: DataSource) {}

  /** Rows of all of these in one statement; those there already (same group and slot) stay as they are. */
  async insertMissing(tx: Tx, nodes: readonly NewNode[]): Promise<void> {
    if (nodes.length === 0) return;
    await tx.manager.query(
      `INSERT INTO nodes (uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, facts)
       SELECT uuid, cluster_uuid, node_group_uuid, project_id, name, slot, role, facts
       FROM jsonb_to_recordset($1::jsonb) AS n (uuid uuid, cluster_uuid uuid, node_group_uuid uuid, project_id text,
         name text, slot integer, role text, facts jsonb)
       ON CONFLICT (node_group_uuid, slot) DO NOTHING`,
      [
        JSON.stringify(
          nodes.map((node) => ({
            uuid: node.uuid,
            cluster_uuid: node.clusterUuid,
            node_group_uuid: node.nodeGroupUuid,
            project_id: node.projectId,
            name: node.name,
            slot: node.slot,
            role: node.role,
            facts: node.facts,
          })),
        ),
      ],
    );
  }

  async ofCluster(scope: Scope, clusterUuid: string): Promise<NodeEntity[]> {
    return this.source.manager.find(NodeEntity, {
      where: { clusterUuid, ...inScope(scope) },
      order: { nodeGroupUuid: 'ASC', slot: 'ASC' },
    });
  }

  /** These are to go; those marked before keep their time. */
  async markLeaving(tx: Tx, uuids: readonly string[]): Promise<void> {
    await tx.manager.query(
      `UPDATE nodes SET leaving_since = now(), updated_at = now() WHERE uuid = ANY ($1::uuid[]) AND leaving_since IS NULL`,
      [uuids],
    );
  }

  /** These stay after all. */
  async unmarkLeaving(tx: Tx, uuids: readonly string[]): Promise<void> {
    await tx.manager.query(
      `UPDATE nodes SET leaving_since = NULL, updated_at = now() WHERE uuid = ANY ($1::uuid[]) AND leaving_since IS NOT NULL`,
      [uuids],
    );
  }

  /**
   * It is unwell; since when stays as it was told first.
   * @param overwrites what the reason must begin with that is there already: somebody else's stays
   * @returns whether that is news
   */
  async markUnhealthy(tx: Tx, uuid: string, reason: string, overwrites = ''): Promise<boolean> {
    const [rows]: [{ is_news: boolean }[], number] = await tx.manager.query(
      `UPDATE nodes n SET unhealthy_since = coalesce(n.unhealthy_since, now()), unhealthy_reason = $2, updated_at = now()
       FROM nodes old WHERE n.uuid = $1 AND old.uuid = n.uuid AND n.unhealthy_reason IS DISTINCT FROM $2
         AND starts_with(coalesce(n.unhealthy_reason, $3), $3)
       RETURNING old.unhealthy_since IS NULL AS is_news`,
      [uuid, reason, overwrites],
    );
    return rows[0]?.is_news ?? false;
  }

  /**
   * Nothing is known against it any more.
   * @param begins of the reason that is taken back: somebody else's stays
   * @returns whether that is news
   */
  async markHealthy(tx: Tx, uuid: string, begins = ''): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE nodes SET unhealthy_since = NULL, unhealthy_reason = NULL, updated_at = now()
       WHERE uuid = $1 AND unhealthy_since IS NOT NULL AND starts_with(coalesce(unhealthy_reason, ''), $2)`,
      [uuid, begins],
    );
    return count > 0;
  }

  /** The cluster's nodes as they are inside the transaction. Lock the cluster first. */
  async all(tx: Tx, clusterUuid: string): Promise<NodeEntity[]> {
    return tx.manager.find(NodeEntity, { where: { clusterUuid }, order: { nodeGroupUuid: 'ASC', slot: 'ASC' } });
  }

  /** Those of the group that have never been Ready are to go. */
  async markUnreadyLeaving(tx: Tx, nodeGroupUuid: string): Promise<void> {
    await tx.manager.query(
      `UPDATE nodes SET leaving_since = now(), updated_at = now()
       WHERE node_group_uuid = $1 AND ready_at IS NULL AND leaving_since IS NULL`,
      [nodeGroupUuid],
    );
  }

  /** How many nodes of the group are to stay. */
  async countStanding(tx: Tx, nodeGroupUuid: string): Promise<number> {
    const rows: { count: string }[] = await tx.manager.query(
      'SELECT count(*) FROM nodes WHERE node_group_uuid = $1 AND leaving_since IS NULL',
      [nodeGroupUuid],
    );
    return Number(rows[0]?.count ?? 0);
  }

  /** Nodes of the group that have no facts of their own have these from now on. */
  async fixFacts(tx: Tx, nodeGroupUuid: string, facts: NodeFacts): Promise<void> {
    await tx.manager.query('UPDATE nodes SET facts = $2::jsonb WHERE node_group_uuid = $1 AND facts IS NULL', [
      nodeGroupUuid,
      JSON.stringify(facts),
    ]);
  }

  /** The address is on this node now, and on no other one of the cluster. */
  async moveFloatingIp(tx: Tx, clusterUuid: string, uuid: string, floatingIp: string): Promise<void> {
    await tx.manager.query(
      `UPDATE nodes SET floating_ip = CASE WHEN uuid = $2 THEN $3 END, updated_at = now()
       WHERE cluster_uuid = $1 AND (uuid = $2 OR floating_ip = $3)`,
      [clusterUuid, uuid, floatingIp],
    );
  }

  /** What they stood for in the cloud must be gone. */
  async remove(tx: Tx, uuids: readonly string[]): Promise<void> {
    await tx.manager.query('DELETE FROM nodes WHERE uuid = ANY ($1::uuid[])', [uuids]);
  }

  /**
   * Takes over what the node-group stacks have learnt so far: server ids, fixed addresses, and from them the addresses
   * from which each node's requests may come. One statement, safe to repeat, touches only rows that change.
   * Found by physical name: server = node's name, port = `<name>-port`.
   * @param withinSeconds only what the stacks have written since then: cheap, for those who look often. Default: everything
   * @returns how many nodes changed
   */
  async syncFromStacks(
    tx: Tx,
    clusterUuid: string,
    outsideAddresses: readonly string[],
    withinSeconds: number | null = null,
  ): Promise<number> {
    const result: [unknown[], number] = await tx.manager.query(SYNC_FROM_STACKS, [
      clusterUuid,
      JSON.stringify(outsideAddresses),
      withinSeconds,
    ]);
    return result[1];
  }

  /** The first master answers at this address, and its own requests may come from it. */
  async setFirstMasterFloatingIp(tx: Tx, clusterUuid: string, floatingIp: string): Promise<void> {
    await tx.manager.query(
      `UPDATE nodes n SET floating_ip = $2 FROM node_groups g
       WHERE g.uuid = n.node_group_uuid AND g.is_default AND n.cluster_uuid = $1 AND n.role = 'master' AND n.slot = 0`,
      [clusterUuid, floatingIp],
    );
  }

  /** The fixed address of the first master of the default group; null while it has none. */
  async firstMasterIp(tx: Tx, clusterUuid: string): Promise<string | null> {
    const rows: { private_ip: string | null }[] = await tx.manager.query(
      `SELECT n.private_ip FROM nodes n JOIN node_groups g ON g.uuid = n.node_group_uuid
       WHERE n.cluster_uuid = $1 AND n.role = 'master' AND g.is_default ORDER BY n.slot LIMIT 1`,
      [clusterUuid],
    );
    return rows[0]?.private_ip ?? null;
  }

  /** Kubernetes says Ready: phase `ready` for those of these names that were not. @returns the names that became so */
  async markReady(tx: Tx, clusterUuid: string, names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const [rows]: [{ uuid: string; name: string }[], number] = await tx.manager.query(
      `UPDATE nodes SET phase = 'ready', phase_status = 'done', phase_at = now(), ready_at = now(), updated_at = now()
       WHERE cluster_uuid = $1 AND name = ANY ($2) AND ready_at IS NULL RETURNING uuid, name`,
      [clusterUuid, names],
    );
    if (rows.length > 0) {
      await tx.manager.query(`INSERT INTO node_phases (node_uuid, phase, status) SELECT unnest($1::uuid[]), 'ready', 'done'`, [
        rows.map((row) => row.uuid),
      ]);
    }
    return rows.map((row) => row.name);
  }

  /** Nodes that shall stay and whose newest report is a failure, at most `limit`. */
  async failed(scope: Scope, clusterUuid: string, limit: number): Promise<FailedNode[]> {
    const nodes = await this.source.manager.find(NodeEntity, {
      where: { clusterUuid, phaseStatus: 'failed', leavingSince: IsNull(), ...inScope(scope) },
      order: { slot: 'ASC' },
      take: limit,
    });
    return Promise.all(
      nodes.map(async (node) => {
        const last = await this.source.manager.findOne(NodePhaseEntity, {
          where: { nodeUuid: node.uuid, status: 'failed' satisfies NodePhaseStatus },
          order: { id: 'DESC' },
        });
        return { name: node.name, phase: node.phase, exitCode: last?.exitCode ?? null, logTail: last?.logTail ?? null };
      }),
    );
  }
}

/** $1 cluster, $2 addresses outside, $3 seconds or null. */
const SYNC_FROM_STACKS = /* sql */ `
  WITH learnt AS (
    SELECT r.type, r.physical_name, r.physical_id, r.attributes #>> '{fixed_ips,0,ip_address}' AS address
    FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
    WHERE s.cluster_uuid = $1 AND r.type IN ('OS::Nova::Server', 'OS::Neutron::Port') AND r.action IN ('CREATE', 'UPDATE')
      AND ($3::integer IS NULL OR r.updated_at > now() - make_interval(secs => $3::integer))),
  seen AS (
    SELECT n.uuid, n.floating_ip, coalesce(server.physical_id, n.server_id) AS server_id, coalesce(port.address, n.private_ip) AS private_ip
    FROM nodes n
    LEFT JOIN learnt server ON server.type = 'OS::Nova::Server' AND server.physical_name = n.name
    LEFT JOIN learnt port ON port.type = 'OS::Neutron::Port' AND port.physical_name = n.name || '-port'
    WHERE n.cluster_uuid = $1 AND ($3::integer IS NULL OR server.type IS NOT NULL OR port.type IS NOT NULL)),
  wanted AS (
    SELECT seen.*, CASE WHEN private_ip IS NULL THEN '[]'::jsonb
      ELSE jsonb_build_array(private_ip) || $2::jsonb
        || CASE WHEN floating_ip IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(floating_ip) END END AS sources
    FROM seen)
  UPDATE nodes SET server_id = wanted.server_id, private_ip = wanted.private_ip, allowed_sources = wanted.sources,
    phase = CASE WHEN nodes.phase = 'planned' AND wanted.server_id IS NOT NULL THEN 'server' ELSE nodes.phase END,
    phase_status = CASE WHEN nodes.phase = 'planned' AND wanted.server_id IS NOT NULL THEN 'started' ELSE nodes.phase_status END,
    updated_at = now()
  FROM wanted
  WHERE nodes.uuid = wanted.uuid
    AND (nodes.server_id, nodes.private_ip, nodes.allowed_sources)
      IS DISTINCT FROM (wanted.server_id, wanted.private_ip, wanted.sources)`;
