import type { RequestContext } from '#libs/domain';
import type { TokenInfo } from '#libs/openstack';
import { Unauthenticated } from '../http/http-errors.js';
import type { Policy } from '../policy/policy.js';
import type { TokenCache } from './token-cache.js';

/** Turns a request's `X-Auth-Token` into who asks. */
export class Authenticator {
  constructor(
    private readonly tokens: TokenCache,
    private readonly policy: Policy,
  ) {}

  /** @throws Unauthenticated; ServiceUnavailable Keystone does not answer */
  async authenticate(requestId: string, token: string | string[] | undefined): Promise<RequestContext> {
    if (typeof token !== 'string' || token === '' || token.length > 8192) throw new Unauthenticated();
    const caller = callerOf(requestId, token, await this.tokens.find(token));
    return { ...caller, isAdmin: this.policy.isAdmin(caller) };
  }
}

function callerOf(requestId: string, token: string, info: TokenInfo): Omit<RequestContext, 'isAdmin'> {
  return {
    requestId,
    userId: info.userId,
    userName: info.userName,
    userDomainId: info.userDomainId ?? undefined,
    projectId: info.projectId,
    projectDomainId: info.projectDomainId ?? undefined,
    domainId: info.domainId ?? undefined,
    roles: info.roles.map((role) => role.name),
    systemScope: info.systemScope ?? undefined,
    token,
    tokenExpiresAt: info.expiresAt,
  };
}
