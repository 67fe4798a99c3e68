import type { Scope } from '#libs/domain';
import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { ClusterEntity, EventEntity, NodeEntity, NodeGroupEntity, StackEntity, StackResourceEntity } from './entities/index.js';
import { withinScope } from './page.js';
import { inScope } from './scope.js';

export type TreeStack = Pick<
  StackEntity,
  | 'uuid'
  | 'clusterUuid'
  | 'nodeGroupUuid'
  | 'projectId'
  | 'name'
  | 'action'
  | 'status'
  | 'statusReason'
  | 'createdAt'
  | 'updatedAt'
>;
export type TreeResource = Omit<StackResourceEntity, 'attributes' | 'definition' | 'attempts' | 'revision'>;
export type StackDocuments = Pick<StackEntity, 'template' | 'parameters' | 'outputs'>;

/** A cluster with its stacks and its groups, in the order of their creation. */
export interface StackTree {
  readonly cluster: ClusterEntity;
  readonly stacks: readonly TreeStack[];
  readonly groups: readonly NodeGroupEntity[];
}

/** A stack of some cluster, for lists over clusters. */
export interface ListedStack {
  readonly stack: TreeStack;
  readonly cluster: Pick<ClusterEntity, 'uuid' | 'name' | 'userId'>;
  readonly group: Pick<NodeGroupEntity, 'uuid' | 'name' | 'role' | 'isDefault'> | null;
}

export const STACK_SORT_KEYS = ['creation_time', 'updated_time', 'stack_name', 'stack_status'] as const;
export interface StackListing {
  readonly marker: string | null;
  readonly limit: number | null;
  readonly sortKey: (typeof STACK_SORT_KEYS)[number];
  readonly sortDir: 'asc' | 'desc';
  readonly actions: readonly string[] | null;
  readonly statuses: readonly string[] | null;
  readonly uuids: readonly string[] | null;
}

export interface StackEventListing {
  /** Names of stack rows; null: all of the cluster. */
  readonly stacks: readonly string[] | null;
  /** Numbers of events. */
  readonly marker: number | null;
  readonly id: number | null;
  readonly limit: number;
  readonly sortDir: 'asc' | 'desc';
  readonly actions: readonly string[] | null;
  readonly statuses: readonly string[] | null;
  readonly resources: readonly string[] | null;
  readonly types: readonly string[] | null;
  /** Begins of resource names, each followed by the end or a dash; null: all. */
  readonly prefixes: readonly string[] | null;
}

/** What the engine keeps, as one asks who walks from clusters to stacks to nodes. Reads only. */
export class StackTreeRepository {
  constructor(private readonly source: DataSource) {}

  /** The cluster that has a stack, a node group or a node of this uuid; null: none that the scope may see. */
  async clusterOf(scope: Scope, uuid: string): Promise<string | null> {
    const parts = ['stacks', 'node_groups', 'nodes'].map(
      (table) => `SELECT cluster_uuid FROM ${table} WHERE uuid = $1 AND ($2::text IS NULL OR project_id = $2)`,
    );
    const project = scope.kind === 'project' ? scope.projectId : null;
    const [row]: { cluster_uuid: string }[] = await this.source.query(parts.join(' UNION ALL '), [uuid, project]);
    return row?.cluster_uuid ?? null;
  }

  /** Clusters whose uuid begins with these 12 hex digits. */
  async clustersByKey(scope: Scope, key: string): Promise<string[]> {
    const head = `${key.slice(0, 8)}-${key.slice(8, 12)}`;
    const query = this.source.manager
      .createQueryBuilder(ClusterEntity, 'c')
      .select('c.uuid', 'uuid')
      .where('c.uuid BETWEEN :from AND :to', { from: `${head}-0000-0000-000000000000`, to: `${head}-ffff-ffff-ffffffffffff` });
    const rows = await withinScope(query, scope).getRawMany<{ uuid: string }>();
    return rows.map((row) => row.uuid);
  }

  /** Null when the cluster has gone. */
  async tree(scope: Scope, clusterUuid: string): Promise<StackTree | null> {
    const { manager } = this.source;
    const where = { clusterUuid, ...inScope(scope) };
    const [cluster, stacks, groups] = await Promise.all([
      manager.findOneBy(ClusterEntity, { uuid: clusterUuid, ...inScope(scope) }),
      manager.find(StackEntity, { select: OVERVIEW, where, order: { createdAt: 'ASC', uuid: 'ASC' } }),
      manager.find(NodeGroupEntity, { where, order: { id: 'ASC' } }),
    ]);
    return cluster && { cluster, stacks, groups };
  }

  async documents(scope: Scope, stackUuid: string): Promise<StackDocuments> {
    const select = { uuid: true, template: true, parameters: true, outputs: true } as const;
    return this.source.manager.findOneOrFail(StackEntity, { select, where: { uuid: stackUuid, ...inScope(scope) } });
  }

  /** Nodes of these groups, by slot. */
  async nodes(scope: Scope, groupUuids: readonly string[]): Promise<NodeEntity[]> {
    if (groupUuids.length === 0) return [];
    const query = this.source.manager
      .createQueryBuilder(NodeEntity, 'n')
      .where('n.node_group_uuid = ANY (:groupUuids)', { groupUuids });
    return withinScope(query, scope).orderBy('n.slot').getMany();
  }

  /** Rows of these stacks, by name, without what is large in them. */
  async resources(scope: Scope, stackUuids: readonly string[]): Promise<TreeResource[]> {
    if (stackUuids.length === 0) return [];
    const query = this.source.manager
      .createQueryBuilder(StackResourceEntity, 'r')
      .select(RESOURCE_COLUMNS.map((name) => `r.${name}`))
      .innerJoin(StackEntity, 's', 's.uuid = r.stackUuid')
      .where('r.stack_uuid = ANY (:stackUuids)', { stackUuids });
    if (scope.kind === 'project') query.andWhere('s.project_id = :projectId', { projectId: scope.projectId });
    return query.orderBy('r.name').getMany();
  }

  async attributes(resourceUuids: readonly string[]): Promise<Map<string, Record<string, unknown>>> {
    if (resourceUuids.length === 0) return new Map();
    const rows: { uuid: string; attributes: Record<string, unknown> }[] = await this.source.query(
      'SELECT uuid, attributes FROM stack_resources WHERE uuid = ANY ($1::uuid[])',
      [resourceUuids],
    );
    return new Map(rows.map((row) => [row.uuid, row.attributes]));
  }

  /** Stacks over all clusters of the scope, one query; a marker that is not there is as none. */
  async list(scope: Scope, listing: StackListing): Promise<ListedStack[]> {
    const project = scope.kind === 'project' ? scope.projectId : null;
    const key = SORT[listing.sortKey];
    const [direction, compare] = listing.sortDir === 'asc' ? ['ASC', '>'] : ['DESC', '<'];
    const rows: { stack: TreeStack; cluster: ListedStack['cluster']; group: ListedStack['group'] }[] = await this.source.query(
      `SELECT ${LISTED} FROM ${LISTED_FROM}
       WHERE ($1::text IS NULL OR s.project_id = $1) AND ($2::text[] IS NULL OR s.action = ANY ($2))
         AND ($3::text[] IS NULL OR s.status = ANY ($3)) AND ($4::uuid[] IS NULL OR s.uuid = ANY ($4))
         AND ($5::uuid IS NULL OR NOT EXISTS (SELECT 1 FROM stacks m WHERE m.uuid = $5)
           OR (${key}, s.uuid) ${compare} (SELECT ${key}, s.uuid FROM ${LISTED_FROM} WHERE s.uuid = $5))
       ORDER BY ${key} ${direction}, s.uuid ${direction} LIMIT $6`,
      [project, listing.actions, listing.statuses, listing.uuids, listing.marker, listing.limit],
    );
    return rows.map(({ stack, ...rest }) => ({ ...rest, stack: { ...stack, ...times(stack) } }));
  }

  async count(scope: Scope, { actions, statuses, uuids }: StackListing): Promise<number> {
    const project = scope.kind === 'project' ? scope.projectId : null;
    const [row]: { n: string }[] = await this.source.query(
      `SELECT count(*) AS n FROM stacks s
       WHERE ($1::text IS NULL OR s.project_id = $1) AND ($2::text[] IS NULL OR s.action = ANY ($2))
         AND ($3::text[] IS NULL OR s.status = ANY ($3)) AND ($4::uuid[] IS NULL OR s.uuid = ANY ($4))`,
      [project, actions, statuses, uuids],
    );
    return Number(row?.n ?? 0);
  }

  /** Events of stacks and of their resources. */
  async events(scope: Scope, clusterUuid: string, listing: StackEventListing): Promise<EventEntity[]> {
    const query = this.source.manager
      .createQueryBuilder(EventEntity, 'e')
      .where(`e.cluster_uuid = :clusterUuid AND e.type IN ('stack', 'stack.resource')`, { clusterUuid });
    among(query, `e.data->>'stack'`, 'stacks', listing.stacks);
    among(query, `e.data->>'action'`, 'actions', listing.actions);
    among(query, `e.data->>'status'`, 'statuses', listing.statuses);
    among(query, `e.data->>'resource'`, 'resources', listing.resources);
    among(query, `e.data->>'resourceType'`, 'types', listing.types);
    if (listing.prefixes)
      query.andWhere(`(e.data->>'resource' = ANY (:prefixes) OR e.data->>'resource' LIKE ANY (:patterns))`, {
        prefixes: listing.prefixes,
        patterns: listing.prefixes.map((prefix) => `${prefix.replace(/[\\%_]/g, '\\$&')}-%`),
      });
    if (listing.id !== null) query.andWhere('e.id = :id', { id: listing.id });
    const [direction, compare] = listing.sortDir === 'asc' ? (['ASC', '>'] as const) : (['DESC', '<'] as const);
    if (listing.marker !== null) query.andWhere(`e.id ${compare} :marker`, { marker: listing.marker });
    return withinScope(query, scope).orderBy('e.id', direction).limit(listing.limit).getMany();
  }
}

const OVERVIEW = {
  uuid: true,
  clusterUuid: true,
  nodeGroupUuid: true,
  projectId: true,
  name: true,
  action: true,
  status: true,
  statusReason: true,
  createdAt: true,
  updatedAt: true,
} as const;

const RESOURCE_COLUMNS = [
  'uuid',
  'stackUuid',
  'name',
  'type',
  'physicalName',
  'physicalId',
  'action',
  'status',
  'statusReason',
  'requires',
  'createdAt',
  'updatedAt',
] as const satisfies readonly (keyof TreeResource)[];

const LISTED = `json_build_object('uuid', s.uuid, 'clusterUuid', s.cluster_uuid, 'nodeGroupUuid', s.node_group_uuid, 'projectId', s.project_id,
    'name', s.name, 'action', s.action, 'status', s.status, 'statusReason', s.status_reason, 'createdAt', s.created_at,
    'updatedAt', s.updated_at) AS stack,
  json_build_object('uuid', c.uuid, 'name', c.name, 'userId', c.user_id) AS cluster,
  CASE WHEN g.uuid IS NULL THEN NULL
    ELSE json_build_object('uuid', g.uuid, 'name', g.name, 'role', g.role, 'isDefault', g.is_default) END AS "group"`;
const LISTED_FROM = `stacks s JOIN clusters c ON c.uuid = s.cluster_uuid LEFT JOIN node_groups g ON g.uuid = s.node_group_uuid`;

/** By name: as the names begin, which is all that an order needs. */
const SORT: Readonly<Record<StackListing['sortKey'], string>> = {
  creation_time: 's.created_at',
  updated_time: `coalesce(s.updated_at, '-infinity'::timestamptz)`,
  stack_name: `(lower(c.name) || ' ' || c.uuid::text || ' ' || coalesce(g.name, ''))`,
  stack_status: 's.status',
};

/** JSON has times as text. */
function times(stack: TreeStack): Pick<TreeStack, 'createdAt' | 'updatedAt'> {
  return { createdAt: new Date(stack.createdAt), updatedAt: stack.updatedAt === null ? null : new Date(stack.updatedAt) };
}

function among(query: SelectQueryBuilder<EventEntity>, field: string, name: string, values: readonly string[] | null): void {
  if (values) query.andWhere(`${field} = ANY (:${name})`, { [name]: values });
}
