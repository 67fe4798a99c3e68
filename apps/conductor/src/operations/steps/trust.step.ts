import { randomBytes } from 'node:crypto';
import { CLUSTER_SECRET, clusterOwner, ClusterWorkRepository, OPERATION_TOKEN, operationOwner, SecretStore } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { isForbidden, isUnauthorized, type CloudSession, type TokenInfo } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import type { OperationContext, Step } from '../operation.js';

/**
 * The right to act for the user after his token has gone: a user of the cluster's own in the trustee domain, and a trust
 * from the caller to it with exactly the roles of his token. Then the token is erased.
 *
 *   password sealed ─> user (found by name = cluster uuid) ─> trust (found by trustee) ─> ids stored, token erased
 */
@Injectable()
export class TrustStep implements Step {
  readonly name = 'trust';

  constructor(
    private readonly identity: ClusterIdentity,
    private readonly secrets: SecretStore,
    private readonly clusters: ClusterWorkRepository,
  ) {}

  async run(ctx: OperationContext): Promise<void> {
    const { cluster, operation } = ctx;
    if (cluster.trustId && cluster.trusteeUserId) return;
    const token = await this.secrets.find(operationOwner(operation.uuid), OPERATION_TOKEN);
    if (!token) throw failure('token-gone', 'the token of the request is not there any more', 'ask for the cluster again');
    const caller = this.identity.caller(token.toString('utf8')).withSignal(ctx.signal);
    const [trustor] = await Promise.all([
      caller.whoAmI().catch((error: unknown) => {
        if (!isUnauthorized(error)) throw error;
        throw failure('token-expired', 'the token of the request is no longer good', 'ask again with a fresh token');
      }),
      // Shared by all clusters, but the first one would wait for it.
      this.identity.trusteeAdmin().withSignal(ctx.signal).whoAmI(),
    ]);
    if (trustor.applicationCredential?.restricted) throw cannotDelegate();
    const trusteeUserId = await this.ensureTrustee(ctx);
    const trustId = await this.ensureTrust(ctx, caller, trustor, trusteeUserId);
    await ctx.write(async (tx) => {
      await this.clusters.set(tx, cluster.uuid, { trustId, trusteeUserId });
      await this.secrets.erase(tx, operationOwner(operation.uuid));
    });
  }

  private async ensureTrustee(ctx: OperationContext): Promise<string> {
    const { uuid, name } = ctx.cluster;
    // Sealed before the user exists: whoever goes on after a crash knows the password.
    const password = (
      await ctx.write((tx) =>
        this.secrets.putOnce(tx, clusterOwner(uuid), CLUSTER_SECRET.trusteePassword, randomBytes(32).toString('base64url')),
      )
    ).toString('utf8');
    const admin = this.identity.trusteeAdmin().withSignal(ctx.signal);
    const domainId = (await admin.whoAmI()).domainId;
    if (!domainId) throw failure('trustee-domain', 'the trustee domain cannot be used', undefined, 'operator');
    // A first attempt of a first run finds nothing: then the look is saved.
    if (ctx.attempt > 1) {
      const [found] = (await admin.identity.users.list({ name: uuid, domain_id: domainId })).filter((user) => user.name === uuid);
      if (found) {
        await admin.identity.users.update(found.id, { password });
        return found.id;
      }
    }
    ctx.log.info({ user: uuid }, 'creating the trustee user');
    const made = await admin.identity.users.create({
      name: uuid,
      domain_id: domainId,
      password,
      enabled: true,
      description: `jeroboam: trustee of cluster ${name} (${uuid})`,
    });
    return made.id;
  }

  private async ensureTrust(
    ctx: OperationContext,
    caller: CloudSession,
    trustor: TokenInfo,
    trusteeUserId: string,
  ): Promise<string> {
    const { projectId } = ctx.cluster;
    try {
      if (ctx.attempt > 1) {
        const there = await caller.identity.trusts.list({ trustor_user_id: trustor.userId });
        const found = there.find((trust) => trust.trustee_user_id === trusteeUserId && trust.project_id === projectId);
        if (found) return found.id;
      }
      const made = await caller.identity.trusts.create({
        trustor_user_id: trustor.userId,
        trustee_user_id: trusteeUserId,
        project_id: projectId,
        impersonation: true,
        allow_redelegation: false,
        roles: trustor.roles.map(({ id }) => ({ id })),
      });
      return made.id;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (trustor.applicationCredential) throw cannotDelegate(error);
      throw failure('trust-refused', `Keystone refused the trust: ${(error as Error).message}`, HINT_PASSWORD, 'user', error);
    }
  }
}

const HINT_PASSWORD = 'ask with a token from a password login of a user with a role in the project';

function cannotDelegate(cause?: unknown): OperationFailure {
  return failure(
    'application-credential-cannot-delegate',
    'the request was made with an application credential, and Keystone lets those make no trusts',
    'delete the cluster and create it again with a token from a password login, or with an unrestricted application credential',
    'user',
    cause,
  );
}

function failure(
  code: string,
  words: string,
  hint?: string,
  fixableBy: 'user' | 'operator' = 'user',
  cause?: unknown,
): OperationFailure {
  const message = `trust: ${words}${hint ? `; ${hint}` : ''}`;
  return new OperationFailure(code, message, { step: 'trust', fixableBy, hint }, { cause });
}
