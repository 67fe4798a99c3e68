import { JeroboamError } from '#libs/domain';
import type { DataSource, EntityManager } from 'typeorm';
import { SealedSecretEntity } from './entities/index.js';
import type { Tx } from './unit-of-work.js';

/** What `KeyRing` of libs/pki does. */
export interface Sealer {
  /** The key that seals. */
  readonly currentKeyId: string;
  seal(plain: Buffer, aad: string): { keyId: string; sealed: Buffer };
  open(secret: { keyId: string; sealed: Buffer }, aad: string): Buffer;
}

export interface SecretOwner {
  readonly kind: 'cluster' | 'operation' | 'service';
  readonly uuid: string;
}

/** A secret ready to be stored with other rows. */
export interface SealedSecret {
  readonly owner: SecretOwner;
  readonly purpose: string;
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** One that cannot be opened. */
export interface UnreadableSecret {
  /** `cluster/UUID/purpose` */
  readonly secret: string;
  readonly keyId: string;
  readonly why: string;
}

const BATCH = 100;

/** The owner of what belongs to the installation itself. */
export const SERVICE_OWNER: SecretOwner = { kind: 'service', uuid: '00000000-0000-0000-0000-000000000000' };

/** Secrets at rest: sealed before they reach the database, the seal bound to owner and purpose. */
export class SecretStore {
  constructor(
    private readonly source: DataSource,
    private readonly sealer: Sealer,
  ) {}

  /** Seals for a statement that stores the secret together with other rows. */
  seal(owner: SecretOwner, purpose: string, plain: Buffer | string): SealedSecret {
    return { owner, purpose, ...this.sealer.seal(Buffer.from(plain), aad(owner, purpose)) };
  }

  /** Replaces what was there under this purpose. */
  async put(tx: Tx, owner: SecretOwner, purpose: string, plain: Buffer | string): Promise<void> {
    const { keyId, sealed } = this.sealer.seal(Buffer.from(plain), aad(owner, purpose));
    await tx.manager.upsert(
      SealedSecretEntity,
      { ownerKind: owner.kind, ownerUuid: owner.uuid, purpose, keyId, sealed, createdAt: () => 'now()' },
      ['ownerUuid', 'ownerKind', 'purpose'],
    );
  }

  /** Stores only if nothing is there yet. @returns what is stored afterwards, this or the earlier one */
  async putOnce(tx: Tx, owner: SecretOwner, purpose: string, plain: Buffer | string): Promise<Buffer> {
    const { keyId, sealed } = this.sealer.seal(Buffer.from(plain), aad(owner, purpose));
    await tx.manager
      .createQueryBuilder()
      .insert()
      .into(SealedSecretEntity)
      .values({ ownerKind: owner.kind, ownerUuid: owner.uuid, purpose, keyId, sealed })
      .orIgnore()
      .execute();
    const row = await tx.manager.findOneByOrFail(SealedSecretEntity, { ownerKind: owner.kind, ownerUuid: owner.uuid, purpose });
    return this.sealer.open(row, aad(owner, purpose));
  }

  /** The secret in clear, or null. */
  async find(owner: SecretOwner, purpose: string): Promise<Buffer | null> {
    const row = await this.source.manager.findOneBy(SealedSecretEntity, {
      ownerKind: owner.kind,
      ownerUuid: owner.uuid,
      purpose,
    });
    return row ? this.sealer.open(row, aad(owner, purpose)) : null;
  }

  /** All of the owner's secrets by purpose, in one query. */
  async all(owner: SecretOwner): Promise<Map<string, Buffer>> {
    const rows = await this.source.manager.findBy(SealedSecretEntity, { ownerKind: owner.kind, ownerUuid: owner.uuid });
    return new Map(rows.map((row) => [row.purpose, this.sealer.open(row, aad(owner, row.purpose))]));
  }

  /** How many secrets each key has sealed; secret attributes of stacks' resources count too. */
  async countsByKey(): Promise<Map<string, number>> {
    const rows: { keyId: string; count: number }[] = await this.source.query(
      `SELECT s.key AS "keyId", count(*)::integer AS count FROM (
         SELECT key_id AS key FROM sealed_secrets
         UNION ALL
         SELECT split_part(a.value ->> 'sealed', ':', 1) FROM stack_resources r, jsonb_each(r.attributes) a
         WHERE jsonb_typeof(a.value) = 'object' AND a.value ? 'sealed') s
       GROUP BY s.key ORDER BY s.key`,
    );
    return new Map(rows.map(({ keyId, count }) => [keyId, count]));
  }

  /**
   * Seals with the first key what another one has sealed, a hundred at a time, each in one transaction: may be stopped and
   * run again, beside everything else. Attributes of stacks' resources stay: none of our templates has a secret one.
   * @param told after each hundred: how many are done
   * @returns how many are done, and those that cannot be opened: they stay as they are
   */
  async sealAgain(told: (done: number) => void = () => undefined): Promise<{ done: number; unreadable: UnreadableSecret[] }> {
    const unreadable: UnreadableSecret[] = [];
    let seen = 0;
    for (let last: SealedSecretEntity | undefined; ;) {
      const batch = await this.source.transaction(async (manager) => {
        const rows = await this.sealedByOthers(manager, last);
        for (const row of rows) unreadable.push(...(await this.sealRowAgain(manager, row)));
        return rows;
      });
      seen += batch.length;
      const done = seen - unreadable.length;
      if (batch.length > 0) told(done);
      if (batch.length < BATCH) return { done, unreadable };
      last = batch.at(-1);
    }
  }

  private sealedByOthers(manager: EntityManager, behind: SealedSecretEntity | undefined): Promise<SealedSecretEntity[]> {
    const query = manager
      .createQueryBuilder(SealedSecretEntity, 's')
      .where('s.keyId <> :first', { first: this.sealer.currentKeyId })
      .orderBy({ 's.ownerKind': 'ASC', 's.ownerUuid': 'ASC', 's.purpose': 'ASC' })
      .limit(BATCH)
      .setLock('pessimistic_write');
    if (behind) {
      const { ownerKind, ownerUuid, purpose } = behind;
      query.andWhere('(s.ownerKind, s.ownerUuid, s.purpose) > (:ownerKind, :ownerUuid, :purpose)', {
        ownerKind,
        ownerUuid,
        purpose,
      });
    }
    return query.getMany();
  }

  /** @returns itself when it cannot be opened */
  private async sealRowAgain(manager: EntityManager, row: SealedSecretEntity): Promise<UnreadableSecret[]> {
    const { ownerKind, ownerUuid, purpose } = row;
    const secret = aad({ kind: ownerKind as SecretOwner['kind'], uuid: ownerUuid }, purpose);
    try {
      const { keyId, sealed } = this.sealer.seal(this.sealer.open(row, secret), secret);
      await manager.update(SealedSecretEntity, { ownerKind, ownerUuid, purpose }, { keyId, sealed });
      return [];
    } catch (error) {
      if (!(error instanceof JeroboamError)) throw error;
      return [{ secret, keyId: row.keyId, why: error.message }];
    }
  }

  /** Erases one purpose, or all of the owner's. Nothing there is fine. */
  async erase(tx: Tx, owner: SecretOwner, purpose?: string): Promise<void> {
    await tx.manager.delete(SealedSecretEntity, {
      ownerKind: owner.kind,
      ownerUuid: owner.uuid,
      ...(purpose === undefined ? {} : { purpose }),
    });
  }
}

const aad = (owner: SecretOwner, purpose: string): string => `${owner.kind}/${owner.uuid}/${purpose}`;
