import type { OperationKind, OperationStatus, Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { OperationEntity, OperationStepEntity, type StoredFailure } from './entities/index.js';
import { inScope } from './scope.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

/** A new operation: pending, marked as sent, because its job follows the commit. */
export type NewOperation = Pick<
  OperationEntity,
  'uuid' | 'clusterUuid' | 'projectId' | 'userId' | 'requestId' | 'kind' | 'request'
> & {
  /** What it may take, by the database's clock; null: as long as the conductor lets it. */
  readonly deadlineMinutes: number | null;
  /** The minutes count from here when it is later than now. */
  readonly notBefore?: Date | null;
  readonly retryOf?: string | null;
};

export class OperationsRepository {
  constructor(private readonly source: DataSource) {}

  async insert(tx: Tx, operation: NewOperation): Promise<void> {
    const { deadlineMinutes, notBefore, ...columns } = operation;
    await tx.manager.insert(OperationEntity, {
      ...values<OperationEntity>(columns),
      sentAt: () => 'now()',
      ...(deadlineMinutes === null ? {} : { deadlineAt: () => deadline(deadlineMinutes, notBefore ?? null) }),
    });
  }

  /** How far the database's clock is ahead of this process's, in ms: stored times are its. */
  async clockOffsetMs(): Promise<number> {
    const before = Date.now();
    const [row]: { now: Date }[] = await this.source.query('SELECT clock_timestamp() AS now');
    return (row?.now.getTime() ?? 0) - (before + Date.now()) / 2;
  }

  async find(scope: Scope, uuid: string): Promise<OperationEntity | null> {
    return this.source.manager.findOneBy(OperationEntity, { uuid, ...inScope(scope) });
  }

  async steps(scope: Scope, uuid: string): Promise<OperationStepEntity[]> {
    if (!(await this.find(scope, uuid))) return [];
    return this.source.manager.find(OperationStepEntity, { where: { operationUuid: uuid }, order: { position: 'ASC' } });
  }

  /** The cluster's unfinished operations, in the order in which they were asked for. */
  async open(scope: Scope, clusterUuid: string): Promise<OperationEntity[]> {
    return this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where('o.clusterUuid = :clusterUuid', { clusterUuid })
      .andWhere(`o.status IN ('pending', 'running')`)
      .andWhere(inScope(scope))
      .orderBy('o.id')
      .getMany();
  }

  /** Whether an unfinished operation of this kind is there, seen from inside the transaction. */
  async hasOpen(tx: Tx, clusterUuid: string, kind: OperationKind): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM operations WHERE cluster_uuid = $1 AND kind = $2 AND status IN ('pending', 'running') LIMIT 1`,
      [clusterUuid, kind],
    );
    return rows.length > 0;
  }

  /** When the last of the cluster's unfinished operations is to have ended, seen from inside the transaction. */
  async lastDeadline(tx: Tx, clusterUuid: string): Promise<Date | null> {
    const rows: { at: Date | null }[] = await tx.manager.query(
      `SELECT max(deadline_at) AS at FROM operations WHERE cluster_uuid = $1 AND status IN ('pending', 'running')`,
      [clusterUuid],
    );
    return rows[0]?.at ?? null;
  }

  /**
   * Asks the runners of the cluster's unfinished operations to stop. The caller also notifies channel `operations`.
   * @returns how many were open
   */
  async requestAbort(tx: Tx, clusterUuid: string): Promise<number> {
    const result = await tx.manager
      .createQueryBuilder()
      .update(OperationEntity)
      .set({ abortRequested: true })
      .where(`cluster_uuid = :clusterUuid AND status IN ('pending', 'running')`, { clusterUuid })
      .execute();
    return result.affected ?? 0;
  }

  /** Of these running operations, the ones that were asked to stop. */
  async abortRequested(scope: Scope, uuids: readonly string[]): Promise<string[]> {
    if (uuids.length === 0) return [];
    const rows = await this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .select('o.uuid')
      .where('o.uuid IN (:...uuids) AND o.abortRequested', { uuids })
      .andWhere(inScope(scope))
      .getMany();
    return rows.map((row) => row.uuid);
  }

  /** A conductor takes it up, for the first time or again. */
  async start(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query(
      `UPDATE operations SET status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now())
       WHERE uuid = $1`,
      [uuid],
    );
  }

  /** @returns how often this step has been begun, this time included */
  async startStep(tx: Tx, uuid: string, step: { name: string; position: number; progress: number }): Promise<number> {
    await tx.manager.query('UPDATE operations SET step = $2, progress = greatest(progress, $3) WHERE uuid = $1', [
      uuid,
      step.name,
      step.progress,
    ]);
    const rows: { attempts: number }[] = await tx.manager.query(
      `INSERT INTO operation_steps AS s (operation_uuid, name, position, status) VALUES ($1, $2, $3, 'running')
       ON CONFLICT (operation_uuid, name) DO UPDATE
         SET status = 'running', attempts = s.attempts + 1, error = NULL, finished_at = NULL
       RETURNING attempts`,
      [uuid, step.name, step.position],
    );
    return rows[0]?.attempts ?? 1;
  }

  /** Keeps what a conductor found out beside what was asked for. No secrets. */
  async addToRequest(tx: Tx, uuid: string, found: Record<string, unknown>): Promise<void> {
    await tx.manager.query('UPDATE operations SET request = request || $2::jsonb WHERE uuid = $1', [uuid, JSON.stringify(found)]);
  }

  /** What the newest of the cluster's operations that found something out under this key has written there; undefined: none has. */
  async lastFound(scope: Scope, clusterUuid: string, key: string): Promise<unknown> {
    const row = await this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where(`o.clusterUuid = :clusterUuid AND o.request ? :key`, { clusterUuid, key })
      .andWhere(inScope(scope))
      .orderBy('o.id', 'DESC')
      .limit(1)
      .getOne();
    return row?.request[key];
  }

  /** Whether an unfinished operation wants a number of nodes for this group. */
  async hasOpenCount(scope: Scope, group: { clusterUuid: string; uuid: string }): Promise<boolean> {
    const open = await this.open(scope, group.clusterUuid);
    return open.some(({ request }) => request['nodeGroupUuid'] === group.uuid && 'nodeCount' in request);
  }

  /** The cluster's operations of this kind, newest first: back to the last one that was completed, which is among them. */
  async sinceComplete(scope: Scope, clusterUuid: string, kind: OperationKind): Promise<OperationEntity[]> {
    return (
      this.source.manager
        .createQueryBuilder(OperationEntity, 'o')
        .where('o.clusterUuid = :clusterUuid AND o.kind = :kind', { clusterUuid, kind })
        // A cluster that lives for years has thousands: the older ones are not read.
        .andWhere(`o.id >= coalesce((${LAST_COMPLETE}), 0)`)
        .andWhere(inScope(scope))
        .orderBy('o.id', 'DESC')
        .getMany()
    );
  }

  /** Requests of this kind about a group, newest first: back to the last one that was completed, which is not among them. */
  async requestsSinceComplete(
    scope: Scope,
    group: { clusterUuid: string; uuid: string },
    kind: OperationKind,
  ): Promise<Record<string, unknown>[]> {
    const rows = await this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .where(`o.clusterUuid = :clusterUuid AND o.kind = :kind AND o.request ->> 'nodeGroupUuid' = :uuid`, { ...group, kind })
      .andWhere(`o.id > coalesce((${LAST_COMPLETE} AND done.request ->> 'nodeGroupUuid' = :uuid), 0)`)
      .andWhere(inScope(scope))
      .orderBy('o.id', 'DESC')
      .getMany();
    return rows.map((row) => row.request);
  }

  async endStep(tx: Tx, uuid: string, name: string, error: StoredFailure | null): Promise<void> {
    await tx.manager.query(
      `UPDATE operation_steps SET status = $3, error = $4, finished_at = now() WHERE operation_uuid = $1 AND name = $2`,
      [uuid, name, error ? 'failed' : 'complete', error ? JSON.stringify(error) : null],
    );
  }

  /**
   * Ends it. An operation that was asked to stop can only be superseded.
   * @returns false when it was asked to stop: nothing is written
   */
  async finish(
    tx: Tx,
    uuid: string,
    status: Extract<OperationStatus, 'complete' | 'failed' | 'superseded'>,
    error: StoredFailure | null = null,
  ): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE operations SET status = $2, error = $3, finished_at = now(),
         progress = CASE WHEN $2 = 'complete' THEN 100 ELSE progress END
       WHERE uuid = $1 AND (NOT abort_requested OR $2 = 'superseded')`,
      [uuid, status, error ? JSON.stringify(error) : null],
    );
    return count > 0;
  }

  /** What the operation has to report in the end, shown to users: added to what is there. No secrets. */
  async addToResult(tx: Tx, uuid: string, found: Record<string, unknown>): Promise<void> {
    await tx.manager.query(`UPDATE operations SET result = coalesce(result, '{}') || $2::jsonb WHERE uuid = $1`, [
      uuid,
      JSON.stringify(found),
    ]);
  }

  /** Not before `delayMs` from now is it to be taken up again. */
  async postpone(tx: Tx, uuid: string, delayMs: number): Promise<void> {
    await tx.manager.query(`UPDATE operations SET not_before = now() + $2 * interval '1 millisecond' WHERE uuid = $1`, [
      uuid,
      delayMs,
    ]);
  }

  /**
   * Unfinished operations that are due, that nobody works on (no live lease of their cluster), and whose last job is
   * older than `quietMs`; marks them as sent. Two sweeps at once share them.
   */
  async claimLost(scope: Scope, quietMs: number, limit: number): Promise<string[]> {
    if (scope.kind !== 'all-projects') throw new Error('the sweep acts for every project');
    const [rows]: [{ uuid: string }[], number] = await this.source.query(
      `UPDATE operations SET sent_at = clock_timestamp()
       WHERE id IN (
         SELECT o.id FROM operations o
         WHERE o.status IN ('pending', 'running') AND o.not_before <= clock_timestamp()
           AND (o.sent_at IS NULL OR o.sent_at < clock_timestamp() - $1 * interval '1 millisecond')
           AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = 'cluster:' || o.cluster_uuid AND l.expires_at > clock_timestamp())
         ORDER BY o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED)
       RETURNING uuid`,
      [quietMs, limit],
    );
    return rows.map((row) => row.uuid);
  }

  /** What was sealed for operations that have ended, or are not there: nobody needs it any more. */
  async eraseSecretsOfFinished(scope: Scope): Promise<void> {
    if (scope.kind !== 'all-projects') throw new Error('the sweep acts for every project');
    await this.source.query(
      `DELETE FROM sealed_secrets s WHERE s.owner_kind = 'operation' AND s.created_at < now() - interval '1 minute'
       AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.uuid = s.owner_uuid AND o.status IN ('pending', 'running'))`,
    );
  }

  /** Retention: finished operations older than this many days, with their steps. A cluster that lives keeps the newest of each kind. */
  async removeFinished(olderThanDays: number): Promise<void> {
    await this.source.query(
      `DELETE FROM operations o
       USING (SELECT id, row_number() OVER (PARTITION BY cluster_uuid, kind ORDER BY id DESC) AS place FROM operations) ranked
       WHERE ranked.id = o.id AND o.status NOT IN ('pending', 'running')
         AND o.finished_at < now() - $1 * interval '1 day'
         AND (ranked.place > ${KEPT_OF_EACH_KIND} OR NOT EXISTS (SELECT 1 FROM clusters c WHERE c.uuid = o.cluster_uuid))`,
      [olderThanDays],
    );
  }
}

/** Numbers and times of our own making: nothing here comes from outside. */
const deadline = (minutes: number, notBefore: Date | null): string =>
  `greatest(now(), ${notBefore ? `'${notBefore.toISOString()}'::timestamptz` : 'now()'}) + ${minutes} * interval '1 minute'`;

/** An autoscaler asks for hundreds a day; what later operations look back to is among the newest. */
const KEPT_OF_EACH_KIND = 100;

/** Of the cluster's operations of a kind. */
const LAST_COMPLETE = /* sql */ `
  SELECT max(done.id) FROM operations done
  WHERE done.cluster_uuid = :clusterUuid AND done.kind = :kind AND done.status = 'complete'`;
