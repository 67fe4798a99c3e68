import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { JeroboamError } from '#libs/domain';

/** One key of the ring: a short name that is stored beside what it sealed, and 32 random bytes. */
export interface RingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** What is stored: the name of the ring's key, and the sealed bytes (1 + 16 + 12 + 16 bytes longer than the plain ones). */
export interface Sealed {
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** A sealed value that cannot be opened: its key is not in the ring, it was changed, or it belongs to someone else. */
export class SecretUnreadable extends JeroboamError {
  override readonly code = 'secret-unreadable';
  override readonly status = 500;
}

/*
 * Version 1:   version (1) | salt (16) | nonce (12) | ciphertext | tag (16)
 *
 * AES-256-GCM under a data key of its own, HKDF-SHA256(ring key, salt). A ring's key may therefore seal without
 * count: a random 96-bit nonce alone would bound it to 2^32 values (NIST SP 800-38D, 8.3).
 */
const VERSION = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + SALT_BYTES + NONCE_BYTES;

/**
 * Seals and opens secrets, and derives others that need not be stored. Holds the master keys of the service: the first
 * one seals and derives, all of them open. To rotate, put a new key first; what others have sealed is opened and sealed
 * again (`SecretStore.sealAgain`); then the old key can go. Pure computation, safe to share; the keys never show in `toJSON` or `inspect`.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #first: string;

  /** @throws RangeError no key, a key that is not 32 bytes, or an id used twice */
  constructor(keys: readonly RingKey[]) {
    const first = keys[0];
    if (!first) throw new RangeError('a key ring needs a key');
    const byId = new Map<string, Buffer>();
    for (const { id, key } of keys) {
      if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) throw new RangeError('the id of a key is 1 to 32 letters, digits, _ or -');
      if (key.length !== 32) throw new RangeError(`key ${id} of the key ring is not 32 bytes`);
      if (byId.has(id)) throw new RangeError(`key ${id} is twice in the key ring`);
      byId.set(id, Buffer.from(key));
    }
    this.#keys = byId;
    this.#first = first.id;
  }

  /** The key that seals. */
  get currentKeyId(): string {
    return this.#first;
  }

  /** All keys, the first one first. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /**
   * Seals with the first key. Two calls never give the same bytes.
   * @param aad whose secret it is, for what: `${ownerKind}/${ownerUuid}/${purpose}`; opening needs the same text
   */
  seal(plain: Buffer, aad: string): Sealed {
    const keyId = this.#first;
    const salt = randomBytes(SALT_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', dataKey(this.#key(keyId), salt), nonce);
    cipher.setAAD(bound(keyId, aad));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return { keyId, sealed: Buffer.concat([Buffer.of(VERSION), salt, nonce, body, cipher.getAuthTag()]) };
  }

  /** @throws SecretUnreadable key not in the ring, bytes changed, another owner or purpose, unknown version */
  open({ keyId, sealed }: Sealed, aad: string): Buffer {
    const version = sealed[0];
    if (version !== VERSION) throw unreadable('its format is unknown', keyId, aad);
    if (sealed.length < HEADER_BYTES + TAG_BYTES) throw unreadable('it is cut short', keyId, aad);
    if (!this.#keys.has(keyId)) throw unreadable(`key ${keyId} is not in the key ring`, keyId, aad);
    const salt = sealed.subarray(1, 1 + SALT_BYTES);
    const nonce = sealed.subarray(1 + SALT_BYTES, HEADER_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', dataKey(this.#key(keyId), salt), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(bound(keyId, aad));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw unreadable('it was changed, or sealed for another owner, purpose or key', keyId, aad, cause);
    }
  }

  /**
   * A secret that is made again whenever it is needed instead of being stored: HKDF-SHA256 of the first key. The same
   * purpose and id give the same bytes until the ring rotates: whoever checks one uses `derivations`.
   * @param bytes at most 8160
   */
  derive(purpose: string, id: string, bytes = 32): Buffer {
    return expand(this.#key(this.#first), purpose, id, bytes);
  }

  /** The same secret by every key of the ring, the first key's first: what may be presented during a rotation. */
  derivations(purpose: string, id: string, bytes = 32): Buffer[] {
    return [...this.#keys.values()].map((key) => expand(key, purpose, id, bytes));
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id);
    if (!key) throw new RangeError(`no key ${id}`);
    return key;
  }
}

function dataKey(key: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, 'jeroboam seal v1', 32));
}

/** Each part's length goes first, so that no two (purpose, id) pairs share an info text. */
function expand(key: Buffer, purpose: string, id: string, bytes: number): Buffer {
  const info = `${Buffer.byteLength(purpose)}:${purpose}${Buffer.byteLength(id)}:${id}`;
  return Buffer.from(hkdfSync('sha256', key, 'jeroboam derive v1', info, bytes));
}

function bound(keyId: string, aad: string): Buffer {
  return Buffer.from(`jeroboam sealed v${VERSION}\n${keyId}\n${aad}`);
}

function unreadable(why: string, keyId: string, aad: string, cause?: unknown): SecretUnreadable {
  return new SecretUnreadable(`The sealed secret ${aad} cannot be opened: ${why}.`, { keyId, secret: aad }, { cause });
}
