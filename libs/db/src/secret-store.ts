import type { DataSource } from 'typeorm';
import { SealedSecretEntity } from './entities/index.js';
import type { Tx } from './unit-of-work.js';

/** What `KeyRing` of libs/pki does. */
export interface Sealer {
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
