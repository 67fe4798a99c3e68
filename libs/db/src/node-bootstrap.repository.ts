import { NODE_PHASES, type NodePhase, type NodePhaseStatus } from '#libs/domain';
import type { DataSource } from 'typeorm';
import {
  ClusterEntity,
  ClusterTemplateEntity,
  NodeEntity,
  NodeGroupEntity,
  StackEntity,
} from './entities/index.js';

/** A master's place in the queue of those that make the control plane. */
export interface MasterTurn {
  readonly uuid: string;
  /** kubeadm has ended well on it. */
  readonly joined: boolean;
}

export interface PhaseReport {
  readonly phase: NodePhase;
  readonly status: NodePhaseStatus;
  readonly exitCode: number | null;
  /** Masked already. */
  readonly logTail: string | null;
}

/** What a node's bundle is made from. */
export interface BundleRows {
  readonly node: NodeEntity;
  readonly group: NodeGroupEntity;
  readonly cluster: ClusterEntity;
  readonly template: ClusterTemplateEntity;
  /** Of the infrastructure stack. */
  readonly outputs: Record<string, unknown>;
}

/**
 * Nodes as they speak for themselves. No scope: a node proves by its nonce that it is the one whose uuid it names, and
 * sees and changes that row alone.
 */
export class NodeBootstrapRepository {
  constructor(private readonly source: DataSource) {}

  async find(nodeUuid: string): Promise<{ node: NodeEntity; cluster: ClusterEntity } | null> {
    const { manager } = this.source;
    const node = await manager.findOneBy(NodeEntity, { uuid: nodeUuid });
    const cluster = node && (await manager.findOneBy(ClusterEntity, { uuid: node.clusterUuid }));
    return cluster ? { node, cluster } : null;
  }

  /** In the order in which they make the control plane: the default group's first. */
  async masters(clusterUuid: string): Promise<MasterTurn[]> {
    return this.source.query(
      `SELECT n.uuid, n.joined_at IS NOT NULL AS joined FROM nodes n JOIN node_groups g ON g.uuid = n.node_group_uuid
       WHERE n.cluster_uuid = $1 AND n.role = 'master' ORDER BY g.is_default DESC, g.id, n.slot`,
      [clusterUuid],
    );
  }

  /**
   * Takes the one fetch of this node's bundle for a key; the same key may take it again for ten minutes.
   * @returns whether it was given
   */
  async claimBundle(nodeUuid: string, keyHash: string): Promise<boolean> {
    const [rows]: [unknown[], number] = await this.source.query(
      `UPDATE nodes SET bundle_key_hash = $2, bundle_fetched_at = coalesce(bundle_fetched_at, now()), updated_at = now()
       WHERE uuid = $1 AND (bundle_key_hash IS NULL
         OR (bundle_key_hash = $2 AND bundle_fetched_at > now() - interval '10 minutes'))
       RETURNING uuid`,
      [nodeUuid, keyHash],
    );
    return rows.length > 0;
  }

  async bundleRows(nodeUuid: string): Promise<BundleRows> {
    const { manager } = this.source;
    const node = await manager.findOneByOrFail(NodeEntity, { uuid: nodeUuid });
    const [group, cluster] = await Promise.all([
      manager.findOneByOrFail(NodeGroupEntity, { uuid: node.nodeGroupUuid }),
      manager.findOneByOrFail(ClusterEntity, { uuid: node.clusterUuid }),
    ]);
    const [template, stack] = await Promise.all([
      manager.findOneByOrFail(ClusterTemplateEntity, { uuid: cluster.clusterTemplateUuid }),
      cluster.stackId === null
        ? null
        : manager.findOne(StackEntity, { select: { uuid: true, outputs: true }, where: { uuid: cluster.stackId } }),
    ]);
    return { node, group, cluster, template, outputs: stack?.outputs ?? {} };
  }

  /**
   * Stores a report: history, the node's newest phase, an event for what ended, and the nudge, in one statement. A report
   * that is there already, or is older than what is known, changes nothing.
   * @returns false: no such node
   */
  async report(nodeUuid: string, report: PhaseReport): Promise<boolean> {
    const rows: { known: boolean }[] = await this.source.query(REPORT, [
      nodeUuid,
      report.phase,
      report.status,
      report.exitCode,
      report.logTail,
      [...NODE_PHASES],
    ]);
    return rows[0]?.known === true;
  }

  /** A fetch that was refused: the cluster's users see it. */
  async warn(nodeUuid: string, message: string, data: Record<string, unknown>): Promise<void> {
    await this.source.query(
      `INSERT INTO events (cluster_uuid, project_id, node_uuid, type, level, message, data)
       SELECT cluster_uuid, project_id, uuid, 'node.bundle-refused', 'warning', 'node ' || name || ': ' || $2, $3::jsonb
       FROM nodes WHERE uuid = $1`,
      [nodeUuid, message, JSON.stringify(data)],
    );
  }
}

/** $1 node, $2 phase, $3 status, $4 exit code, $5 log tail, $6 all phases in order */
const REPORT = `
  WITH moved AS (
    UPDATE nodes SET phase = $2, phase_status = $3, phase_at = now(), updated_at = now(),
      joined_at = CASE WHEN $2 IN ('kubeadm-init', 'kubeadm-join') AND $3 = 'done' THEN coalesce(joined_at, now()) ELSE joined_at END
    WHERE uuid = $1 AND (
      array_position($6::text[], phase) < array_position($6::text[], $2)
      OR (phase = $2 AND phase_status <> $3 AND phase_status <> 'done'))
    RETURNING uuid, cluster_uuid, project_id, name),
  history AS (
    INSERT INTO node_phases (node_uuid, phase, status, exit_code, log_tail)
    SELECT uuid, $2, $3, $4::integer, $5 FROM moved),
  told AS (
    INSERT INTO events (cluster_uuid, project_id, node_uuid, type, level, message, data)
    SELECT cluster_uuid, project_id, uuid, 'node.phase', CASE WHEN $3 = 'failed' THEN 'error' ELSE 'info' END,
      'node ' || name || ': ' || $2 || ' ' || $3
        || CASE WHEN $3 = 'failed' AND $4::integer IS NOT NULL THEN ' with exit code ' || $4 ELSE '' END,
      jsonb_build_object('node', name, 'phase', $2::text, 'status', $3::text, 'exitCode', $4::integer)
    FROM moved WHERE $3 <> 'started'),
  nudge AS (SELECT pg_notify('jeroboam_nodes', cluster_uuid::text) FROM moved)
  SELECT EXISTS (SELECT 1 FROM nodes WHERE uuid = $1) AS known, (SELECT count(*) FROM nudge) AS nudged`;
