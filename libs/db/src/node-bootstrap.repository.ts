import { NODE_PHASES, type NodePhase, type NodePhaseStatus } from '#libs/domain';
import { Any, type DataSource } from 'typeorm';
import {
  ClusterAddonEntity,
  ClusterEntity,
  ClusterTemplateEntity,
  NodeEntity,
  NodeGroupEntity,
  StackEntity,
} from './entities/index.js';
import { Grouped } from './grouped.js';
import { runAgain } from './unit-of-work.js';

/** A master's place in the queue of those that make the control plane. */
export interface MasterTurn {
  readonly uuid: string;
  /** kubeadm has ended well on it. */
  readonly joined: boolean;
  /** It is to go. */
  readonly leaving: boolean;
  /** Its newest report is a failure: it has given up. */
  readonly failed: boolean;
}

export interface PhaseReport {
  readonly phase: NodePhase;
  readonly status: NodePhaseStatus;
  readonly exitCode: number | null;
  /** Masked already. */
  readonly logTail: string | null;
}

export interface FoundNode {
  readonly node: NodeEntity;
  readonly cluster: ClusterEntity;
}

/** What a node's bundle is made from. */
export interface BundleRows extends FoundNode {
  readonly group: NodeGroupEntity;
  readonly template: ClusterTemplateEntity;
  /** Of the infrastructure stack. */
  readonly outputs: Record<string, unknown>;
  /** Names of the add-ons that the cluster has or is to have. */
  readonly addons: ReadonlySet<string>;
}

/**
 * Nodes as they speak for themselves. No scope: a node proves by its nonce that it is the one whose uuid it names, and
 * sees and changes that row alone.
 */
export class NodeBootstrapRepository {
  private readonly found: Grouped<string, FoundNode | null>;
  private readonly surroundings: Grouped<FoundNode, BundleRows>;
  private readonly claims: Grouped<Claim, boolean>;
  private readonly reports: Grouped<NodeReport, boolean>;

  constructor(private readonly source: DataSource) {
    // Nodes come in thousands, and all at once.
    this.found = new Grouped((uuids) => this.findAll(uuids));
    this.surroundings = new Grouped((nodes) => this.allBundleRows(nodes));
    this.claims = new Grouped(
      (claims) => this.claimAll(claims),
      ({ nodeUuid }) => nodeUuid,
    );
    this.reports = new Grouped(
      (reports) => this.reportAll(reports),
      ({ nodeUuid }) => nodeUuid,
    );
  }

  /** A node and its cluster as they are now. */
  async find(nodeUuid: string): Promise<FoundNode | null> {
    return this.found.run(nodeUuid);
  }

  /** In the order in which they make the control plane: the default group's first. */
  async masters(clusterUuid: string): Promise<MasterTurn[]> {
    return this.source.query(
      `SELECT n.uuid, n.joined_at IS NOT NULL AS joined, n.leaving_since IS NOT NULL AS leaving, n.phase_status = 'failed' AS failed
       FROM nodes n JOIN node_groups g ON g.uuid = n.node_group_uuid
       WHERE n.cluster_uuid = $1 AND n.role = 'master' ORDER BY g.is_default DESC, g.id, n.slot`,
      [clusterUuid],
    );
  }

  /**
   * Takes the one fetch of this node's bundle for a key; the same key may take it again for ten minutes.
   * @returns whether it was given
   */
  async claimBundle(nodeUuid: string, keyHash: string): Promise<boolean> {
    return this.claims.run({ nodeUuid, keyHash });
  }

  /** What belongs to the bundle of a node that was found. */
  async bundleRows(found: FoundNode): Promise<BundleRows> {
    return this.surroundings.run(found);
  }

  /**
   * Stores a report: history, the node's newest phase, an event for what ended, and the nudge when it is something that
   * others wait for, in one statement. A report that is there already, or is older than what is known, changes nothing.
   * @returns false: no such node
   */
  async report(nodeUuid: string, report: PhaseReport): Promise<boolean> {
    return this.reports.run({ nodeUuid, ...report });
  }

  /** A fetch that was refused: the cluster's users see it, once in ten seconds for each node however often it is tried. */
  async warn(nodeUuid: string, message: string, data: Record<string, unknown>): Promise<void> {
    await this.source.query(
      `INSERT INTO events (cluster_uuid, project_id, node_uuid, type, level, message, data)
       SELECT cluster_uuid, project_id, uuid, 'node.bundle-refused', 'warning', 'node ' || name || ': ' || $2, $3::jsonb
       FROM nodes n WHERE uuid = $1 AND NOT EXISTS (
         SELECT 1 FROM events e WHERE e.cluster_uuid = n.cluster_uuid AND e.node_uuid = n.uuid
           AND e.type = 'node.bundle-refused' AND e.created_at > now() - interval '10 seconds')`,
      [nodeUuid, message, JSON.stringify(data)],
    );
  }

  private async findAll(uuids: readonly string[]): Promise<(FoundNode | null)[]> {
    const { manager } = this.source;
    const nodes = new Map((await manager.findBy(NodeEntity, { uuid: Any(distinct(uuids)) })).map((node) => [node.uuid, node]));
    const clusterUuids = distinct([...nodes.values()].map((node) => node.clusterUuid));
    const clusters = byUuid(clusterUuids.length === 0 ? [] : await manager.findBy(ClusterEntity, { uuid: Any(clusterUuids) }));
    return uuids.map((uuid) => {
      const node = nodes.get(uuid);
      const cluster = node && clusters.get(node.clusterUuid);
      return node && cluster ? { node, cluster } : null;
    });
  }

  private async allBundleRows(found: readonly FoundNode[]): Promise<BundleRows[]> {
    const { manager } = this.source;
    const stackUuids = distinct(found.map(({ cluster }) => cluster.stackId).filter((uuid) => uuid !== null));
    const clusterUuids = distinct(found.map(({ cluster }) => cluster.uuid));
    const [groups, templates, stacks, addons] = await Promise.all([
      manager.findBy(NodeGroupEntity, { uuid: Any(distinct(found.map(({ node }) => node.nodeGroupUuid))) }),
      manager.findBy(ClusterTemplateEntity, { uuid: Any(distinct(found.map(({ cluster }) => cluster.clusterTemplateUuid))) }),
      manager.find(StackEntity, { select: { uuid: true, outputs: true }, where: { uuid: Any(stackUuids) } }),
      manager.find(ClusterAddonEntity, {
        select: { clusterUuid: true, name: true },
        where: { clusterUuid: Any(clusterUuids), enabled: true },
      }),
    ]);
    const [groupOf, templateOf, stackOf] = [byUuid(groups), byUuid(templates), byUuid(stacks)];
    return found.map(({ node, cluster }) => ({
      node,
      cluster,
      group: groupOf.get(node.nodeGroupUuid) as NodeGroupEntity,
      template: templateOf.get(cluster.clusterTemplateUuid) as ClusterTemplateEntity,
      outputs: stackOf.get(cluster.stackId ?? '')?.outputs ?? {},
      addons: new Set(addons.filter(({ clusterUuid }) => clusterUuid === cluster.uuid).map(({ name }) => name)),
    }));
  }

  private async claimAll(claims: readonly Claim[]): Promise<boolean[]> {
    const [rows]: [{ uuid: string }[], number] = await runAgain(() =>
      this.source.query(CLAIM, [claims.map(({ nodeUuid }) => nodeUuid), claims.map(({ keyHash }) => keyHash)]),
    );
    const given = new Set(rows.map(({ uuid }) => uuid));
    return claims.map(({ nodeUuid }) => given.has(nodeUuid));
  }

  private async reportAll(reports: readonly NodeReport[]): Promise<boolean[]> {
    const rows: { uuid: string }[] = await runAgain(() =>
      this.source.query(REPORT, [
        reports.map((report) => report.nodeUuid),
        reports.map((report) => report.phase),
        reports.map((report) => report.status),
        reports.map((report) => report.exitCode),
        reports.map((report) => report.logTail),
        [...NODE_PHASES],
      ]),
    );
    const known = new Set(rows.map(({ uuid }) => uuid));
    return reports.map(({ nodeUuid }) => known.has(nodeUuid));
  }
}

interface Claim {
  readonly nodeUuid: string;
  readonly keyHash: string;
}

interface NodeReport extends PhaseReport {
  readonly nodeUuid: string;
}

const distinct = (uuids: readonly string[]): string[] => [...new Set(uuids)];
const byUuid = <T extends { uuid: string }>(rows: readonly T[]): Map<string, T> => new Map(rows.map((row) => [row.uuid, row]));

/** $1 nodes, $2 hashes of their keys. A node is there once. */
const CLAIM = /* sql */ `
  WITH given AS (
    SELECT g.uuid, g.key_hash FROM unnest($1::uuid[], $2::text[]) AS g (uuid, key_hash)
    JOIN nodes n ON n.uuid = g.uuid ORDER BY n.uuid FOR UPDATE OF n)
  UPDATE nodes n
  SET bundle_key_hash = g.key_hash, bundle_fetched_at = coalesce(n.bundle_fetched_at, now()), updated_at = now()
  FROM given g
  WHERE n.uuid = g.uuid AND (n.bundle_key_hash IS NULL
    OR (n.bundle_key_hash = g.key_hash AND n.bundle_fetched_at > now() - interval '10 minutes'))
  RETURNING n.uuid`;

/** Reports kept of one node. A whole way has some twenty; a machine in foreign hands must not fill the database. */
const MOST_REPORTS = 200;

/**
 * $1 nodes, $2 phases, $3 statuses, $4 exit codes, $5 log tails, $6 all phases in order. A node is there once. Rows are
 * locked in order, so that two of these cannot wait for each other. The nudge wakes every API and conductor: only the end
 * of kubeadm and failures are worth it.
 */
const REPORT = /* sql */ `
  WITH given AS (
    SELECT g.* FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::text[])
      AS g (uuid, phase, status, exit_code, log_tail)
    JOIN nodes n ON n.uuid = g.uuid ORDER BY n.uuid FOR UPDATE OF n),
  moved AS (
    UPDATE nodes n SET phase = g.phase, phase_status = g.status, phase_at = now(), updated_at = now(),
      joined_at = CASE WHEN g.phase IN ('kubeadm-init', 'kubeadm-join') AND g.status = 'done' THEN coalesce(n.joined_at, now())
        ELSE n.joined_at END
    FROM given g
    WHERE n.uuid = g.uuid AND (
      array_position($6::text[], n.phase) < array_position($6::text[], g.phase)
      OR (n.phase = g.phase AND n.phase_status <> g.status AND n.phase_status <> 'done'))
      AND (SELECT count(*) FROM node_phases p WHERE p.node_uuid = n.uuid) < ${MOST_REPORTS}
    RETURNING n.uuid, n.cluster_uuid, n.project_id, n.name, g.phase AS to_phase, g.status AS to_status, g.exit_code, g.log_tail),
  history AS (
    INSERT INTO node_phases (node_uuid, phase, status, exit_code, log_tail)
    SELECT uuid, to_phase, to_status, exit_code, log_tail FROM moved),
  told AS (
    INSERT INTO events (cluster_uuid, project_id, node_uuid, type, level, message, data)
    SELECT cluster_uuid, project_id, uuid, 'node.phase', CASE WHEN to_status = 'failed' THEN 'error' ELSE 'info' END,
      'node ' || name || ': ' || to_phase || ' ' || to_status
        || CASE WHEN to_status = 'failed' AND exit_code IS NOT NULL THEN ' with exit code ' || exit_code ELSE '' END,
      jsonb_build_object('node', name, 'phase', to_phase, 'status', to_status, 'exitCode', exit_code)
    FROM moved WHERE to_status <> 'started'),
  nudge AS (
    SELECT pg_notify('jeroboam_nodes', cluster_uuid::text)
    FROM (SELECT DISTINCT cluster_uuid FROM moved
      WHERE to_status = 'failed' OR (to_status = 'done' AND to_phase IN ('kubeadm-init', 'kubeadm-join'))) AS worth)
  SELECT uuid, (SELECT count(*) FROM nudge) AS nudged FROM given`;
