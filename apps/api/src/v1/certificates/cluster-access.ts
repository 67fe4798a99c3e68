import { createHash, X509Certificate } from 'node:crypto';
import { ACCESS_GROUPS, KUBEADM_ADMINS, type AccessLevel, type RequestContext } from '#libs/domain';
import { EventsRepository, UnitOfWork, type ClusterEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';

/** Who somebody is in a cluster: user and groups of his certificates there. */
export interface ClusterUser {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly level: AccessLevel;
}

/** What people are in a cluster, by policy, and what was handed out to them. See ADR 0024. */
@Injectable()
export class ClusterAccess {
  constructor(
    private readonly policy: Policy,
    private readonly events: EventsRepository,
    private readonly uow: UnitOfWork,
  ) {}

  userOf(ctx: RequestContext, cluster: ClusterEntity): ClusterUser {
    const level = this.levelOf(ctx, cluster);
    const { group, clusterRole } = ACCESS_GROUPS[level];
    const bound = cluster.accessBoundAt !== null || clusterRole !== 'cluster-admin';
    return { commonName: userName(ctx.userId), organizations: [bound ? group : KUBEADM_ADMINS], level };
  }

  /** Every certificate leaves an event: Kubernetes cannot revoke one, so somebody must be able to say who has some. */
  async tell(ctx: RequestContext, cluster: ClusterEntity, what: string, pem: string): Promise<void> {
    const certificate = new X509Certificate(pem);
    const subject = certificate.subject.split('\n');
    const expires = new Date(certificate.validTo).toISOString();
    await this.uow.run((tx) =>
      this.events.add(tx, {
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        type: 'certificate.issued',
        message: `user ${ctx.userId} was given ${what} of cluster ${cluster.name}, good until ${expires}`,
        data: { userId: ctx.userId, subject, serial: certificate.serialNumber.toLowerCase(), expires },
      }),
    );
  }

  private levelOf(ctx: RequestContext, cluster: ClusterEntity): AccessLevel {
    if (!this.policy.allows(ctx, 'kubeconfig:admin', cluster)) return 'reader';
    return ctx.isAdmin ? 'admin' : 'member';
  }
}

/** Kubernetes' own users have colons in their names: no id of Keystone's may become one of them. */
function userName(userId: string): string {
  return /^[\w.@-]{1,64}$/.test(userId) ? userId : createHash('sha256').update(userId).digest('hex');
}
