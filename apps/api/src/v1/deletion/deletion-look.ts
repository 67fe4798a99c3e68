import type { RequestContext } from '#libs/domain';
import { ClusterRemovalRepository, type ClusterEntity } from '#libs/db';
import { Cloud, findKubernetesMade, planRemoval, type RemovalPlan, type ServiceName } from '#libs/openstack';
import { Injectable } from '@nestjs/common';
import { cloudTrouble } from '../../cloud/cloud-trouble.js';

/** What a deletion would find now, as the caller sees the cloud. */
export interface Look {
  readonly plan: RemovalPlan;
  /** Whether the cluster's Kubernetes has said what is to outlive it. */
  readonly knowsPolicies: boolean;
  /** In whose words, by the service that does not answer. */
  readonly unanswered: ReadonlyMap<ServiceName, string>;
}

/** Looks with the caller's own token; changes nothing. */
@Injectable()
export class DeletionLook {
  constructor(
    private readonly cloud: Cloud,
    private readonly rows: ClusterRemovalRepository,
  ) {}

  /**
   * @param strict a service that does not answer is an error
   * @throws ServiceUnavailable; Unauthenticated the token has ended
   */
  async at(
    ctx: RequestContext,
    { uuid: clusterUuid, projectId }: ClusterEntity,
    wishes: { readonly keepVolumes: boolean | null; readonly keepLoadBalancers: boolean },
    strict: boolean,
  ): Promise<Look> {
    const session = this.cloud.session({ kind: 'token', token: ctx.token });
    const unanswered = new Map<ServiceName, string>();
    const unless = (service: ServiceName, error: unknown): void =>
      void unanswered.set(service, error instanceof Error ? error.message : String(error));
    try {
      const [made, reclaim, standing] = await Promise.all([
        findKubernetesMade(session, { clusterUuid, projectId }, strict ? undefined : unless),
        this.rows.findReclaim(clusterUuid),
        this.rows.standing(clusterUuid),
      ]);
      const ownNetworkId = standing.find(({ type }) => type === 'OS::Neutron::Net')?.physicalId ?? null;
      const plan = planRemoval(made, { clusterUuid, ...wishes, reclaim, ownNetworkId });
      return { plan, knowsPolicies: reclaim !== null, unanswered };
    } catch (error) {
      throw cloudTrouble(error);
    }
  }
}
