import { tokenInfo, tokenReply, type TokenInfo } from '../auth.js';
import { gone } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

/** Keystone tokens of others. */
export class Tokens {
  constructor(private readonly api: ServiceApi) {}

  /**
   * Who a token speaks for, without its catalogue. Needs role admin or service.
   * @throws OpenStackError, `isNotFound` when Keystone does not know it or it is no longer good
   */
  async validate(token: string): Promise<TokenInfo> {
    const reply = await this.api.call({
      service: 'identity',
      method: 'GET',
      template: '/auth/tokens',
      query: { nocatalog: true },
      headers: { 'x-subject-token': token },
      reply: tokenReply,
    });
    return tokenInfo(reply.body);
  }

  /** Makes a token worthless at once. */
  async revoke(token: string): Promise<void> {
    await gone(
      this.api.call({
        service: 'identity',
        method: 'DELETE',
        template: '/auth/tokens',
        headers: { 'x-subject-token': token },
      }),
    );
  }
}
