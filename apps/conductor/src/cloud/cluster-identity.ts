import { CLUSTER_SECRET, clusterOwner, SecretStore, type ClusterEntity } from '#libs/db';
import type { Settings } from '#libs/config';
import { Cloud, type CloudSession } from '#libs/openstack';
import { OperationFailure } from '#libs/domain';
import { serviceCredentials } from '#libs/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { OperationContext } from '../operations/operation.js';
import { SETTINGS } from '../tokens.js';

/** What a cluster acts by: a user of its own in the trustee domain, and a trust from its owner to that user. */
export interface Trustee {
  readonly trustId: string;
  readonly trusteeUserId: string;
  readonly password: string;
}

/** Who a conductor is when it speaks with the cloud. */
@Injectable()
export class ClusterIdentity {
  constructor(
    private readonly cloud: Cloud,
    private readonly secrets: SecretStore,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The caller, while his token lives. */
  caller(token: string): CloudSession {
    return this.cloud.session({ kind: 'token', token });
  }

  /** The clusters' own users are made and removed by this one. Scoped to the trustee domain. */
  trusteeAdmin(): CloudSession {
    return this.cloud.session({
      kind: 'password',
      username: this.settings.TRUSTEE_DOMAIN_ADMIN,
      password: this.settings.TRUSTEE_DOMAIN_ADMIN_PASSWORD,
      userDomainName: this.settings.TRUSTEE_DOMAIN_NAME,
      domainName: this.settings.TRUSTEE_DOMAIN_NAME,
    });
  }

  /** The service itself, an administrator: for what nobody else can do any more. */
  service(): CloudSession {
    return this.cloud.session(serviceCredentials(this.settings));
  }

  /** The cluster's owner by the cluster's trust; null when there is none. No call is made yet. */
  async owner(cluster: ClusterEntity): Promise<CloudSession | null> {
    if (!cluster.trustId || !cluster.trusteeUserId) return null;
    const password = await this.secrets.find(clusterOwner(cluster.uuid), CLUSTER_SECRET.trusteePassword);
    if (!password) return null;
    const { trustId, trusteeUserId } = cluster;
    return this.trustee({ trustId, trusteeUserId, password: password.toString('utf8') });
  }

  /** Whoever gave the trust. No call is made yet. */
  trustee({ trustId, trusteeUserId, password }: Trustee): CloudSession {
    return this.cloud.session({ kind: 'trust', userId: trusteeUserId, password, trustId });
  }
}

/**
 * The cluster's owner by the cluster's trust, for a step that needs it.
 * @throws OperationFailure the trust is not there
 */
export async function ownerSession(identity: ClusterIdentity, ctx: OperationContext): Promise<CloudSession> {
  const owner = await identity.owner(ctx.cluster);
  if (owner) return owner.withSignal(ctx.signal);
  throw new OperationFailure('trust-missing', 'the cluster has no trust to act by', { step: 'trust' });
}
