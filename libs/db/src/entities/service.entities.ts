import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, JsonColumn, RevisionColumn, TextColumn, TimeColumn } from './columns.js';

/** A secret, sealed by the key ring; the row's address is bound into the seal. */
@Entity('sealed_secrets')
export class SealedSecretEntity {
  @Column({ type: 'text', name: 'owner_kind', primary: true }) ownerKind: string;
  @Column({ type: 'uuid', name: 'owner_uuid', primary: true }) ownerUuid: string;
  @Column({ type: 'text', primary: true }) purpose: string;
  @Column({ type: 'text', name: 'key_id' }) keyId: string;
  @Column({ type: 'bytea' }) sealed: Buffer;
  @CreatedAtColumn() createdAt: Date;
}

/** A project's own limit. */
@Entity('quotas')
@Index('quotas_project_resource_key', ['projectId', 'resource'], { unique: true })
export class QuotaEntity {
  @Column({ type: 'integer', primary: true, generated: 'identity', generatedIdentity: 'ALWAYS' }) id: number;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text' }) resource: string;
  @Column({ type: 'integer', name: 'hard_limit' }) hardLimit: number;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}

/** A request with an `Idempotency-Key`, and its answer once there is one. */
@Entity('idempotency_keys')
export class IdempotencyKeyEntity {
  @Column({ type: 'text', name: 'project_id', primary: true }) projectId: string;
  @Column({ type: 'text', name: 'user_id', primary: true }) userId: string;
  @Column({ type: 'text', primary: true }) key: string;
  @Column({ type: 'text' }) method: string;
  @Column({ type: 'text' }) path: string;
  /** sha256, hex, of what the request says. */
  @Column({ type: 'text', name: 'request_hash' }) requestHash: string;
  /** The uuid of what the request makes: a second run of it after a crash finds what the first one made. */
  @Column({ type: 'uuid', name: 'resource_uuid' }) resourceUuid: string;
  /** Null: not answered yet. */
  @Column({ type: 'integer', nullable: true }) status: number | null;
  @JsonColumn('headers') headers: Record<string, string>;
  @TextColumn('body') body: string | null;
  /** Whose turn it is: only its holder may write an answer, and only until `claimedUntil` nobody else may take over. */
  @Index('idempotency_keys_claim_idx', { unique: true })
  @Column({ type: 'uuid' })
  claim: string;
  @Column({ type: 'timestamptz', name: 'claimed_until' }) claimedUntil: Date;
  /** What its transaction has done, written in that transaction: kinds of resources and their uuids. */
  @Column({ type: 'jsonb', nullable: true }) done: Record<string, string> | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('answered_at') answeredAt: Date | null;
}

/** A conductor's heartbeat: what `GET /v1/mservices` shows. */
@Entity('conductors')
export class ConductorEntity {
  @Column({ type: 'integer', primary: true, generated: 'identity', generatedIdentity: 'ALWAYS' }) id: number;
  @Column({ type: 'text', unique: true }) host: string;
  @Column({ type: 'integer', name: 'report_count', default: 0 }) reportCount: number;
  @Column({ type: 'timestamptz', name: 'last_seen_at', default: () => 'now()' }) lastSeenAt: Date;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
}

/** The right to act for something until a time; `epoch` is the fencing number and only grows. */
@Entity('leases')
export class LeaseEntity {
  @Column({ type: 'text', primary: true }) name: string;
  @Column({ type: 'text' }) owner: string;
  /** Text: compared, never calculated with. */
  @Column({ type: 'bigint' }) epoch: string;
  @Column({ type: 'timestamptz', name: 'expires_at' }) expiresAt: Date;
}
