import { NotFound, type Scope, type StackAction, type StackStatus } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { isUuidText } from './page.js';

/** How many resources of a stack are how far. */
export interface ResourceCounts {
  readonly total: number;
  readonly complete: number;
  readonly inProgress: number;
  readonly failed: number;
}

/** A stack without its large columns. */
export interface StackOverview {
  readonly uuid: string;
  readonly clusterUuid: string;
  readonly nodeGroupUuid: string | null;
  readonly name: string;
  readonly backend: 'native' | 'heat';
  readonly action: StackAction;
  readonly status: StackStatus;
  readonly statusReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
  readonly resources: ResourceCounts;
}

/** With its documents; hidden parameters are not among them. */
export interface WholeStack extends StackOverview {
  readonly template: Record<string, unknown>;
  readonly parameters: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

/** A resource without attributes and definition. */
export interface ResourceOverview {
  readonly uuid: string;
  readonly name: string;
  readonly type: string;
  readonly physicalName: string;
  readonly physicalId: string | null;
  readonly action: StackAction;
  readonly status: StackStatus;
  readonly statusReason: string | null;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

export interface ResourcePage {
  /** Name of the last resource seen. */
  readonly marker: string | null;
  readonly limit: number;
  /** Only those in one of these; null: all. */
  readonly statuses: readonly StackStatus[] | null;
}

/** Stacks as the users of their cluster see them. Nothing here is written. */
export class StackViewsRepository {
  constructor(private readonly source: DataSource) {}

  /** In the order of their creation, one query. @param marker uuid of the last stack seen */
  async page(scope: Scope, clusterUuid: string, marker: string | null, limit: number): Promise<StackOverview[]> {
    return this.source.query(
      `SELECT ${OVERVIEW} FROM ${STACKS}
       WHERE s.cluster_uuid = $1 AND ($2::text IS NULL OR s.project_id = $2)
         AND ($3::uuid IS NULL OR (s.created_at, s.uuid) > (SELECT m.created_at, m.uuid FROM stacks m WHERE m.uuid = $3))
       ORDER BY s.created_at, s.uuid LIMIT $4`,
      [clusterUuid, projectOf(scope), marker, limit],
    );
  }

  /** @param ident uuid, or the name within the cluster. @throws NotFound */
  async get(scope: Scope, clusterUuid: string, ident: string): Promise<WholeStack> {
    const [row]: WholeStack[] = await this.source.query(
      `SELECT ${OVERVIEW}, s.template, s.parameters, s.outputs FROM ${STACKS}
       WHERE s.cluster_uuid = $1 AND ($2::text IS NULL OR s.project_id = $2) AND s.${isUuidText(ident) ? 'uuid' : 'name'} = $3`,
      [clusterUuid, projectOf(scope), ident],
    );
    if (!row) throw new NotFound('stack-not-found', `Stack ${ident} could not be found.`, { stack: ident });
    return row;
  }

  /** By name. */
  async resources(scope: Scope, stackUuid: string, page: ResourcePage): Promise<ResourceOverview[]> {
    return this.source.query(
      `SELECT r.uuid, r.name, r.type, r.physical_name AS "physicalName", r.physical_id AS "physicalId", r.action, r.status,
         r.status_reason AS "statusReason", r.attempts, r.created_at AS "createdAt", r.updated_at AS "updatedAt"
       FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
       WHERE r.stack_uuid = $1 AND ($2::text IS NULL OR s.project_id = $2)
         AND ($3::text IS NULL OR r.name > $3) AND ($4::text[] IS NULL OR r.status = ANY ($4))
       ORDER BY r.name LIMIT $5`,
      [stackUuid, projectOf(scope), page.marker, page.statuses, page.limit],
    );
  }
}

const projectOf = (scope: Scope): string | null => (scope.kind === 'project' ? scope.projectId : null);

const OVERVIEW = `s.uuid, s.cluster_uuid AS "clusterUuid", s.node_group_uuid AS "nodeGroupUuid", s.name, s.backend, s.action, s.status,
  s.status_reason AS "statusReason", s.created_at AS "createdAt", s.updated_at AS "updatedAt", n.resources`;

/** What has not been begun counts into the total alone. */
const STACKS = `stacks s CROSS JOIN LATERAL (
  SELECT json_build_object('total', count(*), 'complete', count(*) FILTER (WHERE r.status = 'COMPLETE' AND r.action <> 'INIT'),
    'inProgress', count(*) FILTER (WHERE r.status = 'IN_PROGRESS'), 'failed', count(*) FILTER (WHERE r.status = 'FAILED')) AS resources
  FROM stack_resources r WHERE r.stack_uuid = s.uuid) n`;
