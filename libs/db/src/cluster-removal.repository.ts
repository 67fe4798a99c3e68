import type { Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import type { ReclaimFacts } from './entities/index.js';
import type { Tx } from './unit-of-work.js';

/** An object of one of the cluster's stacks that may stand in the cloud. */
export interface StandingResource {
  readonly type: string;
  /** Null: an attempt was made whose answer nobody kept, or somebody has once seen that it was gone. */
  readonly physicalId: string | null;
  readonly physicalName: string;
  /** Whether it belongs to a node group and not to what the groups stand on. */
  readonly ofGroup: boolean;
}

export interface StackCount {
  readonly uuid: string;
  readonly name: string;
  readonly nodeGroup: string | null;
  /** Objects that may stand in the cloud, by type. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What a deletion has to know of a cluster. */
export class ClusterRemovalRepository {
  constructor(private readonly source: DataSource) {}

  /** What was said last counts. */
  async putReclaim(tx: Tx, clusterUuid: string, facts: ReclaimFacts): Promise<void> {
    await tx.manager.query(
      `INSERT INTO cluster_reclaims (cluster_uuid, facts) VALUES ($1, $2)
       ON CONFLICT (cluster_uuid) DO UPDATE SET facts = excluded.facts, asked_at = now()`,
      [clusterUuid, JSON.stringify(facts)],
    );
  }

  /** Null: Kubernetes never answered. */
  async findReclaim(clusterUuid: string): Promise<ReclaimFacts | null> {
    const rows: { facts: ReclaimFacts }[] = await this.source.query(
      'SELECT facts FROM cluster_reclaims WHERE cluster_uuid = $1',
      [clusterUuid],
    );
    return rows[0]?.facts ?? null;
  }

  /** What the stacks' rows know to be in the cloud. */
  async standing(clusterUuid: string): Promise<StandingResource[]> {
    return this.source.query(
      `SELECT r.type, r.physical_id AS "physicalId", r.physical_name AS "physicalName", s.node_group_uuid IS NOT NULL AS "ofGroup"
       FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
       WHERE s.cluster_uuid = $1 AND ${MAY_STAND}`,
      [clusterUuid],
    );
  }

  /** How much stands in each stack; node groups first, as they go first. */
  async countStacks(scope: Scope, clusterUuid: string): Promise<StackCount[]> {
    const rows: { uuid: string; name: string; node_group: string | null; resources: Record<string, number> | null }[] =
      await this.source.query(
        `SELECT s.uuid, s.name, g.name AS node_group,
           (SELECT jsonb_object_agg(t.type, t.count) FROM (SELECT r.type, count(*) FROM stack_resources r
             WHERE r.stack_uuid = s.uuid AND ${MAY_STAND}
             GROUP BY r.type) t) AS resources
         FROM stacks s LEFT JOIN node_groups g ON g.uuid = s.node_group_uuid
         WHERE s.cluster_uuid = $1 AND ($2::text IS NULL OR s.project_id = $2)
         ORDER BY s.node_group_uuid IS NULL, g.id`,
        [clusterUuid, scope.kind === 'project' ? scope.projectId : null],
      );
    return rows.map(({ node_group, resources, ...row }) => ({ ...row, nodeGroup: node_group, resources: resources ?? {} }));
  }

  /** Rows of what a forced deletion gives up. @returns how many there were */
  async forget(tx: Tx, stackUuid: string, physicalNames: readonly string[]): Promise<number> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      'DELETE FROM stack_resources WHERE stack_uuid = $1 AND physical_name = ANY($2)',
      [stackUuid, physicalNames],
    );
    return count;
  }

  async forgetStack(tx: Tx, stackUuid: string): Promise<void> {
    await tx.manager.query('DELETE FROM stacks WHERE uuid = $1', [stackUuid]);
  }
}

/** Of a row `r`. */
const MAY_STAND = `(r.physical_id IS NOT NULL OR (r.action <> 'DELETE' AND r.attempts > 0))`;
