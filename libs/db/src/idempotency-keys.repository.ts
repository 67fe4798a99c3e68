import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { ResourceKind } from './request-work.js';
import type { Tx } from './unit-of-work.js';

/** A request as its key knows it. Keys belong to a user in a project. */
export interface IdempotentRequest {
  readonly projectId: string;
  readonly userId: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  /** sha256, hex */
  readonly requestHash: string;
}

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** The right to run the request. */
export interface Claim {
  readonly claim: string;
  /** For what the request makes; the same for whoever runs it again. */
  readonly resourceUuid: string;
  /** What an earlier run has committed before it ended without an answer: uuids, and the tag of what it has left. */
  readonly done: Partial<Record<ResourceKind | 'etag', string>> | null;
}

export type ClaimResult =
  | ({ readonly kind: 'mine' } & Claim)
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  /** The key was used for another request. */
  | { readonly kind: 'other-request' }
  /** Somebody runs it. */
  | { readonly kind: 'running' };

/** Requests with an `Idempotency-Key`, and the answers that were given to them. */
export class IdempotencyKeysRepository {
  constructor(private readonly source: DataSource) {}

  /** Takes the key, or takes over from a run that has not been heard of for `ttlMs`: of any number at once one gets it. */
  async claim(request: IdempotentRequest, ttlMs: number): Promise<ClaimResult> {
    const { projectId, userId, key, method, path, requestHash } = request;
    const claim = randomUUID();
    const [taken]: { resource_uuid: string; done: Claim['done'] }[] = await this.source.query(
      `INSERT INTO idempotency_keys AS k
         (project_id, user_id, key, method, path, request_hash, resource_uuid, claim, claimed_until)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + $9 * interval '1 millisecond')
       ON CONFLICT (project_id, user_id, key) DO UPDATE
         SET claim = excluded.claim, claimed_until = excluded.claimed_until
         WHERE k.status IS NULL AND k.claimed_until < clock_timestamp() AND k.request_hash = excluded.request_hash
       RETURNING resource_uuid, done`,
      [projectId, userId, key, method, path, requestHash, randomUUID(), claim, ttlMs],
    );
    if (taken) return { kind: 'mine', claim, resourceUuid: taken.resource_uuid, done: taken.done };
    return this.look(request);
  }

  /** Those who are still at it say so. */
  async renew(claims: readonly string[], ttlMs: number): Promise<void> {
    await this.source.query(
      `UPDATE idempotency_keys SET claimed_until = clock_timestamp() + $2 * interval '1 millisecond'
       WHERE claim = ANY ($1) AND status IS NULL`,
      [claims, ttlMs],
    );
  }

  /**
   * Inside the transaction that does the work.
   * @returns false when somebody else has taken over: nothing may be committed
   */
  async markDone(tx: Tx, claim: string, done: Claim['done']): Promise<boolean> {
    const [, count]: [unknown[], number] = await tx.manager.query(
      'UPDATE idempotency_keys SET done = $2 WHERE claim = $1 AND status IS NULL',
      [claim, JSON.stringify(done)],
    );
    return count > 0;
  }

  /** The answer, for everybody who comes with the key from now on. */
  async keep(claim: string, { status, headers, body }: KeptAnswer): Promise<void> {
    await this.source.query(
      `UPDATE idempotency_keys SET status = $2, headers = $3, body = $4, answered_at = now() WHERE claim = $1 AND status IS NULL`,
      [claim, status, JSON.stringify(headers), body],
    );
  }

  /** The run has ended without an answer worth keeping: whoever comes next runs it again, and finds what was done. */
  async letGo(claim: string): Promise<void> {
    await this.source.query(
      `UPDATE idempotency_keys SET claimed_until = clock_timestamp() - interval '1 millisecond'
       WHERE claim = $1 AND status IS NULL`,
      [claim],
    );
  }

  /** Forgets the key, if nothing was done under it. */
  async forget(claim: string): Promise<void> {
    await this.source.query('DELETE FROM idempotency_keys WHERE claim = $1 AND status IS NULL AND done IS NULL', [claim]);
    await this.letGo(claim);
  }

  /** Retention. */
  async removeOld(olderThanHours: number): Promise<void> {
    await this.source.query(`DELETE FROM idempotency_keys WHERE created_at < now() - $1 * interval '1 hour'`, [olderThanHours]);
  }

  private async look({ projectId, userId, key, requestHash }: IdempotentRequest): Promise<ClaimResult> {
    const [row]: { request_hash: string; status: number | null; headers: Record<string, string>; body: string | null }[] =
      await this.source.query(
        'SELECT request_hash, status, headers, body FROM idempotency_keys WHERE project_id = $1 AND user_id = $2 AND key = $3',
        [projectId, userId, key],
      );
    // Forgotten meanwhile: the next claim gets it.
    if (!row) return { kind: 'running' };
    if (row.request_hash !== requestHash) return { kind: 'other-request' };
    if (row.status === null) return { kind: 'running' };
    return { kind: 'answered', answer: { status: row.status, headers: row.headers, body: row.body } };
  }
}
