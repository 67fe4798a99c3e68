import { Superseded, type Scope, type StackBackendName } from '#libs/domain';
import type { DataSource, EntityManager } from 'typeorm';
import { StackEntity, StackResourceEntity } from './entities/index.js';
import type {
  LoadedStack,
  NewStack,
  ResourceChange,
  StackChange,
  StackCheckpoint,
  StackRecord,
  StackResourceRecord,
  StackStore,
} from './stacks.store.js';
import type { Lease, UnitOfWork } from './unit-of-work.js';

export type StackSummary = Omit<StackRecord, 'template' | 'parameters' | 'outputs'>;

/** Stacks and their resources. A checkpoint's statements are as many whatever the number of rows in it. */
export class StacksRepository implements StackStore {
  constructor(
    private readonly source: DataSource,
    private readonly uow: UnitOfWork,
  ) {}

  async open(lease: Lease, stack: NewStack): Promise<LoadedStack> {
    return this.uow.fenced(lease, async ({ manager }) => {
      const where = { clusterUuid: stack.clusterUuid, name: stack.name };
      const there = await manager.findOneBy(StackEntity, where);
      if (!there) {
        await manager.query(INSERT_STACK, [json(stack)]);
        await manager.query(INSERT_RESOURCES, [stack.uuid, json(stack.resources)]);
      }
      const row = there ?? (await manager.findOneByOrFail(StackEntity, where));
      return { stack: row, resources: await resourcesOf(manager, row.uuid) };
    });
  }

  async load(scope: Scope, stackUuid: string): Promise<LoadedStack | null> {
    const { manager } = this.source;
    const stack = await manager.findOneBy(StackEntity, { uuid: stackUuid, ...within(scope) });
    return stack && { stack, resources: await resourcesOf(manager, stack.uuid) };
  }

  /** The cluster's stacks in order of creation, without the large columns. */
  async listOfCluster(scope: Scope, clusterUuid: string): Promise<StackSummary[]> {
    return this.source.manager.find(StackEntity, {
      select: {
        uuid: true,
        clusterUuid: true,
        nodeGroupUuid: true,
        projectId: true,
        name: true,
        backend: true,
        action: true,
        status: true,
        statusReason: true,
      },
      where: { clusterUuid, ...within(scope) },
      order: { createdAt: 'ASC', name: 'ASC' },
    });
  }

  /** Who builds the cluster's stack of that name; where it has no row yet, who built the cluster's first; null: none is there. */
  async backendFor(clusterUuid: string, name: string): Promise<StackBackendName | null> {
    const rows: { backend: StackBackendName }[] = await this.source.manager.query(
      'SELECT backend FROM stacks WHERE cluster_uuid = $1 ORDER BY name = $2 DESC, created_at, name LIMIT 1',
      [clusterUuid, name],
    );
    return rows[0]?.backend ?? null;
  }

  async backendOf(stackUuid: string): Promise<StackBackendName | null> {
    const row = await this.source.manager.findOne(StackEntity, { select: { backend: true }, where: { uuid: stackUuid } });
    return row?.backend ?? null;
  }

  async write(lease: Lease, stackUuid: string, checkpoint: StackCheckpoint): Promise<void> {
    const { resources, removed = [], added = [], stack, events } = checkpoint;
    if (removed.length === 0 && added.length === 0) return this.writeStatement(lease, stackUuid, checkpoint);
    await this.uow.fenced(lease, async ({ manager }) => {
      await updateResources(manager, stackUuid, resources);
      if (removed.length > 0) await manager.query(DELETE_RESOURCES, [stackUuid, removed]);
      if (added.length > 0) await manager.query(INSERT_RESOURCES, [stackUuid, json(added)]);
      if (stack) await updateStack(manager, stackUuid, stack);
      if (events.length > 0) await manager.query(insertEvents('$2'), [stackUuid, json(events)]);
    });
  }

  /** Nothing comes or goes: all of the checkpoint or none of it, in one statement. */
  private async writeStatement(lease: Lease, stackUuid: string, { resources, stack, events }: StackCheckpoint): Promise<void> {
    const parameters = [stackUuid, json(resources), json(events), ...(stack ? stackColumns(stack) : NO_STACK)];
    const row = await this.uow.fencedStatement<{ written: number; stood: boolean }>(lease, WRITE_CHECKPOINT, parameters);
    mustBeAll(stackUuid, resources, row.written);
    if (stack) mustStand(stackUuid, row.stood);
  }
}

const INSERT_STACK = /* sql */ `
  INSERT INTO stacks (uuid, cluster_uuid, node_group_uuid, project_id, name, backend, action, status, template, parameters)
  SELECT n."uuid", n."clusterUuid", n."nodeGroupUuid", n."projectId", n."name", COALESCE(n."backend", 'native'), 'CREATE', 'IN_PROGRESS', n."template", n."parameters"
  FROM jsonb_to_record($1::jsonb) AS n ("uuid" uuid, "clusterUuid" uuid, "nodeGroupUuid" uuid, "projectId" text, "name" text, "backend" text,
    "template" jsonb, "parameters" jsonb)`;

const INSERT_RESOURCES = /* sql */ `
  INSERT INTO stack_resources (uuid, stack_uuid, name, type, physical_name, requires)
  SELECT n."uuid", $1::uuid, n."name", n."type", n."physicalName", n."requires"
  FROM jsonb_to_recordset($2::jsonb) AS n ("uuid" uuid, "name" text, "type" text, "physicalName" text, "requires" jsonb)`;

/** What a list of `ResourceChange` is as rows. */
const CHANGES = /* sql */ `AS c ("uuid" uuid, "revision" integer, "action" text, "status" text, "statusReason" text,
    "physicalId" text, "attempts" integer, "name" text, "attributes" jsonb, "definition" jsonb, "requires" jsonb)`;

const SET_RESOURCE = /* sql */ `
  SET action = c."action", status = c."status", status_reason = c."statusReason", physical_id = c."physicalId",
    attempts = c."attempts", name = COALESCE(c."name", r.name), attributes = COALESCE(c."attributes", r.attributes),
    definition = COALESCE(c."definition", r.definition), requires = COALESCE(c."requires", r.requires),
    updated_at = now(), revision = r.revision + 1`;

const UPDATE_RESOURCES = /* sql */ `
  UPDATE stack_resources r ${SET_RESOURCE}
  FROM jsonb_to_recordset($2::jsonb) ${CHANGES}
  WHERE r.uuid = c."uuid" AND r.revision = c."revision" AND r.stack_uuid = $1::uuid`;

const DELETE_RESOURCES = /* sql */ `DELETE FROM stack_resources WHERE stack_uuid = $1::uuid AND uuid = ANY ($2::uuid[])`;

/** @param first the number of the first parameter of `stackColumns` */
const updateStackFrom = (first: number, stackUuid = '$1'): string => /* sql */ `
  UPDATE stacks
  SET action = $${first}::text, status = $${first + 1}::text, status_reason = $${first + 2}::text,
    outputs = COALESCE($${first + 3}::jsonb, outputs), template = COALESCE($${first + 4}::jsonb, template),
    parameters = COALESCE($${first + 5}::jsonb, parameters), remote = COALESCE($${first + 6}::jsonb, remote),
    updated_at = now(), revision = revision + 1
  WHERE uuid = ${stackUuid}::uuid`;

const UPDATE_STACK = updateStackFrom(2);

const insertEvents = (events: string, stackUuid = '$1'): string => /* sql */ `
  INSERT INTO events (cluster_uuid, project_id, operation_uuid, type, level, message, data)
  SELECT s.cluster_uuid, s.project_id, e."operationUuid", e."type", e."level", e."message", e."data"
  FROM stacks s, jsonb_to_recordset(${events}::jsonb) AS e ("operationUuid" uuid, "type" text, "level" text, "message" text, "data" jsonb)
  WHERE s.uuid = ${stackUuid}::uuid`;

/** $4 stack, $5 changes, $6 events, $7 to $13 the stack's own change or nulls. The rows are locked before they are counted: whoever waits for another writer finds none. */
const WRITE_CHECKPOINT = /* sql */ `
  wanted AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($5::jsonb) ${CHANGES}),
  found AS MATERIALIZED (
    SELECT r.uuid FROM stack_resources r JOIN wanted c ON r.uuid = c."uuid" AND r.revision = c."revision"
    WHERE r.stack_uuid = $4::uuid AND EXISTS (SELECT FROM held) FOR UPDATE OF r),
  fit AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM held) AS held, (SELECT count(*) FROM found)::integer AS written,
      EXISTS (SELECT FROM held) AND (SELECT count(*) FROM found) = (SELECT count(*) FROM wanted) AS whole),
  changed AS (
    UPDATE stack_resources r ${SET_RESOURCE}
    FROM wanted c WHERE r.stack_uuid = $4::uuid AND r.uuid = c."uuid" AND (SELECT whole FROM fit)),
  standing AS (${updateStackFrom(7, '$4')} AND $7::text IS NOT NULL AND (SELECT whole FROM fit) RETURNING 1),
  told AS (${insertEvents('$6', '$4')} AND (SELECT whole FROM fit))
  SELECT held, written, EXISTS (SELECT FROM standing) AS stood FROM fit`;

async function updateResources(manager: EntityManager, stackUuid: string, changes: readonly ResourceChange[]): Promise<void> {
  if (changes.length > 0) mustBeAll(stackUuid, changes, await affected(manager, UPDATE_RESOURCES, [stackUuid, json(changes)]));
}

/** @throws Superseded when not all of them were as they were known */
function mustBeAll(stackUuid: string, changes: readonly ResourceChange[], written: number): void {
  if (written === changes.length) return;
  throw new Superseded('a resource of the stack was written by someone else', { stackUuid, expected: changes.length, written });
}

async function updateStack(manager: EntityManager, stackUuid: string, change: StackChange): Promise<void> {
  const written = await affected(manager, UPDATE_STACK, [stackUuid, ...stackColumns(change)]);
  mustStand(stackUuid, written > 0);
}

/** @throws Superseded when it does not */
function mustStand(stackUuid: string, stood: boolean): void {
  if (!stood) throw new Superseded('the stack is not there any more', { stackUuid });
}

const stackColumns = (change: StackChange): (string | null)[] => [
  change.action,
  change.status,
  change.statusReason?.replaceAll('\0', '') ?? null,
  ...[change.outputs, change.template, change.parameters, change.remote].map((one) => (one === undefined ? null : json(one))),
];

const NO_STACK: readonly null[] = Array.from({ length: 7 }, () => null);

async function resourcesOf(manager: EntityManager, stackUuid: string): Promise<StackResourceRecord[]> {
  return manager.findBy(StackResourceEntity, { stackUuid });
}

const within = (scope: Scope): { projectId?: string } => (scope.kind === 'project' ? { projectId: scope.projectId } : {});

/** Postgres takes no NUL in text; a cloud may send one. */
const json = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'string' && item.includes('\0') ? item.replaceAll('\0', '') : item,
  );

/** TypeORM gives an UPDATE's answer as rows and their number. */
async function affected(manager: EntityManager, sql: string, parameters: unknown[]): Promise<number> {
  const [, count] = (await manager.query(sql, parameters)) as [unknown[], number];
  return count;
}
