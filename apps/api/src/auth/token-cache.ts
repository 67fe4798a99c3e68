import { createHash } from 'node:crypto';
import { ServiceUnavailable } from '#libs/domain';
import { isNotFound, isUnauthorized, type TokenInfo } from '#libs/openstack';
import { Unauthenticated } from '../http/http-errors.js';

/** An answer of Keystone is believed for so long: a token revoked meanwhile still works. */
const TTL_MS = 60_000;
const MAX_TOKENS = 10_000;

interface Entry {
  readonly info: Promise<TokenInfo>;
  /** Milliseconds; Infinity while the answer is awaited. */
  until: number;
}

/**
 * Who a token speaks for, asked of Keystone once per minute and token. Keyed by the token's hash, bounded, never past
 * the token's own expiry; requests that come together share one question. Failures are not remembered.
 */
export class TokenCache {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly validate: (token: string) => Promise<TokenInfo>,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws Unauthenticated; ServiceUnavailable Keystone does not answer */
  async find(token: string): Promise<TokenInfo> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.entries.get(key);
    if (known && known.until > this.now()) {
      // Looked at again: moves to the young end.
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.info;
    }
    const entry: Entry = { info: this.ask(token), until: Infinity };
    this.remember(key, entry);
    try {
      const info = await entry.info;
      entry.until = Math.min(this.now() + TTL_MS, info.expiresAt.getTime());
      if (entry.until <= this.now()) throw new Unauthenticated();
      return info;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  get size(): number {
    return this.entries.size;
  }

  private remember(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size <= MAX_TOKENS) return;
    const oldest = this.entries.keys().next().value;
    if (oldest !== undefined) this.entries.delete(oldest);
  }

  private async ask(token: string): Promise<TokenInfo> {
    try {
      return await this.validate(token);
    } catch (error) {
      if (isNotFound(error)) throw new Unauthenticated();
      const reason = isUnauthorized(error) ? 'refuses the service user' : 'does not answer';
      throw new ServiceUnavailable(`The identity service ${reason}. Try again later.`, { service: 'identity' }, { cause: error });
    }
  }
}
