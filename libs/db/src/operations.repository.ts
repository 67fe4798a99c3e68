import { NotFound, STATUS_KEEPING_KINDS, type OperationKind, type OperationStatus, type Scope } from '#libs/domain';
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

  /** As the transaction sees it. @throws NotFound the cluster has no such operation */
  async ofCluster(tx: Tx, clusterUuid: string, uuid: string): Promise<OperationEntity> {
    const found = await tx.manager.findOneBy(OperationEntity, { clusterUuid, uuid });
    if (!found) throw new NotFound('operation-not-found', `Operation ${uuid} could not be found.`, { operationId: uuid });
    return found;
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

  /** What the newest unfinished operation of this kind was asked to do, seen from inside the transaction; null: there is none. */
  async openRequest(tx: Tx, clusterUuid: string, kind: OperationKind): Promise<Record<string, unknown> | null> {
    const rows: { request: Record<string, unknown> }[] = await tx.manager.query(
      `SELECT request FROM operations WHERE cluster_uuid = $1 AND kind = $2 AND status IN ('pending', 'running')
       AND NOT abort_requested ORDER BY id DESC LIMIT 1`,
      [clusterUuid, kind],
    );
    return rows[0]?.request ?? null;
  }

  /** Whether any operation of the cluster is unfinished, seen from inside the transaction. */
  async hasAnyOpen(tx: Tx, clusterUuid: string): Promise<boolean> {
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM operations WHERE cluster_uuid = $1 AND status IN ('pending', 'running') LIMIT 1`,
      [clusterUuid],
    );
    return rows.length > 0;
  }

  /** When the last of the cluster's unfinished operations is to have ended, seen from inside the transaction. */
  async lastDeadline(tx: Tx, clusterUuid: string): Promise<Date | null> {
    const rows: { at: Date | null }[] = await tx.manager.query(
      `SELECT max(deadline_at) AS at FROM operations
       WHERE cluster_uuid = $1 AND status IN ('pending', 'running') AND NOT abort_requested`,
      [clusterUuid],
    );
    return rows[0]?.at ?? null;
  }

  /**
   * Another operation takes over from all that are unfinished: their runners stop. The caller also notifies channel `operations`.
   * @returns how many were open
   */
  async requestAbort(tx: Tx, clusterUuid: string): Promise<number> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE operations SET abort_requested = true, aborted_by = NULL WHERE cluster_uuid = $1 AND status IN ('pending', 'running')`,
      [clusterUuid],
    );
    return count;
  }

  /**
   * Another operation takes over from the unfinished ones of these kinds about one node group. Lock the cluster first.
   * @returns what they were asked for, the oldest first
   */
  async overtake(
    tx: Tx,
    group: { clusterUuid: string; uuid: string },
    kinds: readonly OperationKind[],
  ): Promise<Record<string, unknown>[]> {
    const [rows]: [{ id: string; request: Record<string, unknown> }[], number] = await tx.manager.query(
      `UPDATE operations SET abort_requested = true, aborted_by = NULL
       WHERE cluster_uuid = $1 AND request ->> 'nodeGroupUuid' = $2 AND kind = ANY ($3) AND status IN ('pending', 'running')
       RETURNING id, request`,
      [group.clusterUuid, group.uuid, kinds],
    );
    return rows.toSorted((a, b) => Number(a.id) - Number(b.id)).map(({ request }) => request);
  }

  /**
   * Somebody asks for the end of an unfinished operation. One that another takes over from ends as that.
   * @returns false when it has ended
   */
  async abort(tx: Tx, uuid: string, userId: string): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE operations SET abort_requested = true, not_before = now(), sent_at = now(),
         aborted_by = CASE WHEN abort_requested THEN aborted_by ELSE $2 END
       WHERE uuid = $1 AND status IN ('pending', 'running')`,
      [uuid, userId],
    );
    return count > 0;
  }

  /** Of these running operations, the ones that are to stop: because of a user, or because another one takes over. */
  async stopRequested(scope: Scope, uuids: readonly string[]): Promise<{ uuid: string; abortedBy: string | null }[]> {
    if (uuids.length === 0) return [];
    return this.source.manager
      .createQueryBuilder(OperationEntity, 'o')
      .select(['o.id', 'o.uuid', 'o.abortedBy'])
      .where('o.uuid IN (:...uuids) AND o.abortRequested', { uuids })
      .andWhere(inScope(scope))
      .getMany();
  }

  /**
   * One that has ended is to be done after all: pending again, under its own uuid, its steps where they ended. What it had
   * planned is forgotten: it is planned anew from what stands.
   * @returns false when it is not ended
   */
  async reopen(tx: Tx, uuid: string, deadlineMinutes: number): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE operations SET status = 'pending', error = NULL, result = NULL, abort_requested = false, aborted_by = NULL,
         finished_at = NULL, not_before = now(), sent_at = now(), deadline_at = ${deadline(deadlineMinutes, null)},
         request = (request - $2::text[]) || jsonb_build_object('resumedAt', now())
       WHERE uuid = $1 AND status NOT IN ('pending', 'running')`,
      [uuid, PLANNED],
    );
    return count > 0;
  }

  /** Whether the cluster has an operation that was asked for after this one, and is about the same or about all of it. */
  async isOutdated(tx: Tx, operation: Pick<OperationEntity, 'id' | 'clusterUuid' | 'kind' | 'request'>): Promise<boolean> {
    const { id, clusterUuid, kind, request } = operation;
    const rows: unknown[] = await tx.manager.query(
      `SELECT 1 FROM operations WHERE cluster_uuid = $1 AND id > $2 AND (CASE WHEN kind = ANY ($5) THEN kind END) IS NOT DISTINCT FROM $3::text
         AND ($4::text IS NULL OR request ->> 'nodeGroupUuid' IS NULL OR request ->> 'nodeGroupUuid' = $4) LIMIT 1`,
      [
        clusterUuid,
        id,
        STATUS_KEEPING_KINDS.includes(kind) ? kind : null,
        request['nodeGroupUuid'] ?? null,
        STATUS_KEEPING_KINDS,
      ],
    );
    return rows.length > 0;
  }

  /** A conductor takes it up, for the first time or again. */
  async start(tx: Tx, uuid: string): Promise<void> {
    await tx.manager.query(
      `UPDATE operations SET status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now())
       WHERE uuid = $1`,
      [uuid],
    );
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

  /**
   * Ends it. One that another takes over from can only be superseded; one whose end a user asked for may also have ended
   * by itself meanwhile.
   * @returns false when another takes over: nothing is written
   */
  async finish(
    tx: Tx,
    uuid: string,
    status: Extract<OperationStatus, 'complete' | 'failed' | 'aborted' | 'superseded'>,
    error: StoredFailure | null = null,
  ): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      `UPDATE operations SET status = $2, error = $3, finished_at = now(),
         progress = CASE WHEN $2 = 'complete' THEN 100 ELSE progress END
       WHERE uuid = $1 AND (NOT abort_requested OR aborted_by IS NOT NULL OR $2 = 'superseded')`,
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

/** What conductors find out and plan while they work; `resolved` stays, it is the same next time. */
const PLANNED = ['own', 'draining', 'returned'];
/** All that they add to a request. */
const FOUND = [...PLANNED, 'resolved', 'upgrade', 'repair', 'switched', 'rollbackOf', 'resumedAt'];

/** What was asked for, without what was found out: for an operation that does it again. */
export function askedFor(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(request).filter(([key]) => !FOUND.includes(key)));
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
