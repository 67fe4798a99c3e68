import { randomBytes } from 'node:crypto';
import { SecretStore, type ClusterEntity, type SecretOwner } from '#libs/db';
import { OperationFailure, type ErrorCode } from '#libs/domain';
import { isForbidden, isUnauthorized, type CloudSession, type TokenInfo } from '#libs/openstack';
import { Stacks } from '#libs/stack';
import { Injectable } from '@nestjs/common';
import { assertHolder, type OperationContext } from '../operations/operation.js';
import { backendOf, INFRASTRUCTURE } from '../operations/stacks.js';
import { ClusterIdentity, type Trustee } from './cluster-identity.js';

export interface WantedTrustee {
  /** Unique in the trustee domain: by it the user is found again after a crash. */
  readonly name: string;
  /** Where its password is sealed before the user exists. */
  readonly secret: { readonly owner: SecretOwner; readonly purpose: string };
  /** What a caller is to do whose token can make no trust. */
  readonly hint: string;
}

/** Makes and removes what clusters act by. */
@Injectable()
export class Trustees {
  constructor(
    private readonly identity: ClusterIdentity,
    private readonly secrets: SecretStore,
    private readonly stacks: Stacks,
  ) {}

  /**
   * A trustee with exactly the roles of the caller's token; at a second attempt the one that the first has made.
   * @throws OperationFailure the token is not good, or may not make a trust
   */
  async ensure(ctx: OperationContext, token: Buffer | null, wanted: WantedTrustee): Promise<Trustee> {
    if (!token) throw trustFailure('token-gone', 'the token of the request is not there any more', 'ask again');
    const caller = this.identity.caller(token.toString('utf8')).withSignal(ctx.signal);
    const [trustor] = await Promise.all([
      caller.whoAmI().catch((error: unknown) => {
        if (!isUnauthorized(error)) throw error;
        throw trustFailure('token-expired', 'the token of the request is no longer good', 'ask again with a fresh token');
      }),
      // Shared by all clusters, but the first one would wait for it.
      this.identity.trusteeAdmin().withSignal(ctx.signal).whoAmI(),
    ]);
    if (trustor.applicationCredential?.restricted) throw cannotDelegate(wanted);
    const { trusteeUserId, password } = await this.ensureUser(ctx, wanted);
    const trustId = await this.ensureTrust(ctx, caller, trustor, trusteeUserId, wanted);
    return { trustId, trusteeUserId, password };
  }

  /** The cluster's owner by the trust that it has; null without one. */
  async ownerOf(ctx: OperationContext): Promise<CloudSession | null> {
    return (await this.identity.owner(ctx.cluster))?.withSignal(ctx.signal) ?? null;
  }

  /** Ids of the trustee domain's users with one of these names. */
  async named(ctx: OperationContext, names: readonly string[]): Promise<string[]> {
    const admin = this.identity.trusteeAdmin().withSignal(ctx.signal);
    const domainId = (await admin.whoAmI()).domainId;
    if (!domainId) return [];
    const found = await Promise.all(
      [...new Set(names)].map(async (name) => {
        const users = await admin.identity.users.list({ name, domain_id: domainId });
        return users.filter((user) => user.name === name).map((user) => user.id);
      }),
    );
    return found.flat();
  }

  /** The user and every trust that it is the trustee of. May be repeated. */
  async remove(ctx: OperationContext, userId: string): Promise<void> {
    const service = this.identity.service().withSignal(ctx.signal);
    for (const trust of await service.identity.trusts.list({ trustee_user_id: userId })) {
      await assertHolder(ctx);
      ctx.log.info({ trust: trust.id }, 'deleting the trust');
      await service.identity.trusts.delete(trust.id);
    }
    await this.removeUser(ctx, userId);
  }

  async removeUser(ctx: OperationContext, userId: string): Promise<void> {
    await assertHolder(ctx);
    ctx.log.info({ user: userId }, 'deleting the trustee user');
    await this.identity.trusteeAdmin().identity.users.delete(userId);
  }

  private async ensureUser(
    ctx: OperationContext,
    { name, secret }: WantedTrustee,
  ): Promise<{ trusteeUserId: string; password: string }> {
    // Sealed before the user exists: whoever goes on after a crash knows the password.
    const sealed = await ctx.write((tx) =>
      this.secrets.putOnce(tx, secret.owner, secret.purpose, randomBytes(32).toString('base64url')),
    );
    const password = sealed.toString('utf8');
    const admin = this.identity.trusteeAdmin().withSignal(ctx.signal);
    const domainId = (await admin.whoAmI()).domainId;
    if (!domainId) throw trustFailure('trustee-domain', 'the trustee domain cannot be used');
    // A first attempt of a first run finds nothing: then the look is saved.
    if (ctx.attempt > 1) {
      const [found] = await this.named(ctx, [name]);
      if (found !== undefined) {
        await admin.identity.users.update(found, { password });
        return { trusteeUserId: found, password };
      }
    }
    // Whoever was frozen until here and has lost the lease would make a user that nobody knows: its cluster may be gone.
    await assertHolder(ctx);
    ctx.log.info({ user: name }, 'creating the trustee user');
    const made = await admin.identity.users.create({
      name,
      domain_id: domainId,
      password,
      enabled: true,
      description: `jeroboam: trustee of cluster ${ctx.cluster.name} (${ctx.cluster.uuid})`,
    });
    return { trusteeUserId: made.id, password };
  }

  private async ensureTrust(
    ctx: OperationContext,
    caller: CloudSession,
    trustor: TokenInfo,
    trusteeUserId: string,
    wanted: WantedTrustee,
  ): Promise<string> {
    const { projectId } = ctx.cluster;
    try {
      if (ctx.attempt > 1) {
        const there = await caller.identity.trusts.list({ trustor_user_id: trustor.userId });
        const found = there.find((trust) => trust.trustee_user_id === trusteeUserId && trust.project_id === projectId);
        if (found) return found.id;
      }
      await assertHolder(ctx);
      const made = await caller.identity.trusts.create({
        trustor_user_id: trustor.userId,
        trustee_user_id: trusteeUserId,
        project_id: projectId,
        impersonation: true,
        ...(await this.redelegation(ctx.cluster)),
        roles: trustor.roles.map(({ id }) => ({ id })),
      });
      return made.id;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (trustor.applicationCredential) throw cannotDelegate(wanted, error);
      const words = `Keystone refused the trust: ${(error as Error).message}`;
      throw trustFailure('trust-refused', words, HINT_PASSWORD, error);
    }
  }

  /** Heat makes a trust of its own from ours (`deferred_auth_method = trusts`, its default). Nobody else may pass ours on. */
  private async redelegation({ uuid, labels }: ClusterEntity): Promise<object> {
    const stack = { clusterUuid: uuid, name: INFRASTRUCTURE, backend: backendOf({ labels }) };
    const isHeat = (await this.stacks.nameFor(stack)) === 'heat';
    return isHeat ? { allow_redelegation: true, redelegation_count: 1 } : { allow_redelegation: false };
  }
}

const HINT_PASSWORD = 'ask with a token from a password login of a user with a role in the project';

function cannotDelegate({ hint }: WantedTrustee, cause?: unknown): OperationFailure {
  return trustFailure(
    'application-credential-cannot-delegate',
    'the request was made with an application credential, and Keystone lets those make no trusts',
    `${hint} with a token from a password login, or with an unrestricted application credential`,
    cause,
  );
}

function trustFailure(code: ErrorCode, words: string, hint?: string, cause?: unknown): OperationFailure {
  const message = `trust: ${words}${hint ? `; ${hint}` : ''}`;
  return new OperationFailure(code, message, { step: 'trust', hint }, { cause });
}
