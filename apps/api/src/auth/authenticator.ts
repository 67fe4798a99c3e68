import type { RequestContext } from '#libs/domain';
import type { TokenInfo } from '#libs/openstack';
import { Unauthenticated } from '../http/http-errors.js';
import type { TokenCache } from './token-cache.js';

/** Turns a request's `X-Auth-Token` into who asks. */
export class Authenticator {
  constructor(private readonly tokens: TokenCache) {}

  /** @throws Unauthenticated; ServiceUnavailable Keystone does not answer */
  async authenticate(requestId: string, token: string | string[] | undefined): Promise<RequestContext> {
    if (typeof token !== 'string' || token === '' || token.length > 8192) throw new Unauthenticated();
    return contextOf(requestId, token, await this.tokens.find(token));
  }
}

export function contextOf(requestId: string, token: string, info: TokenInfo): RequestContext {
  const roles = info.roles.map((role) => role.name);
  return {
    requestId,
    userId: info.userId,
    userName: info.userName,
    userDomainId: info.userDomainId ?? undefined,
    projectId: info.projectId,
    projectDomainId: info.projectDomainId ?? undefined,
    roles,
    systemScope: info.systemScope ?? undefined,
    isAdmin: roles.some((role) => role.toLowerCase() === 'admin'),
    token,
    tokenExpiresAt: info.expiresAt,
  };
}
