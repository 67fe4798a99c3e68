import type { RequestContext } from '#libs/domain';
import { ClusterRemovalRepository, ClustersRepository } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import type { DeletePlanQuery } from '../clusters/cluster.dto.js';
import { toDeletePlanView, type DeletePlanView } from './delete-plan.view.js';
import { DeletionLook } from './deletion-look.js';

/** What would go and what would stay, before anything is done. Ours, not Magnum's. */
@Injectable()
export class PlanDeletion {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly rows: ClusterRemovalRepository,
    private readonly look: DeletionLook,
  ) {}

  async run(ctx: RequestContext, ident: string, given: DeletePlanQuery): Promise<DeletePlanView> {
    const scope = scopeOf(this.policy, ctx, 'cluster:get_one_all_projects');
    const cluster = await this.clusters.get(scope, ident);
    this.policy.enforce(ctx, 'cluster:get', cluster);
    const wishes = { keepVolumes: given.keep_volumes, keepLoadBalancers: given.keep_load_balancers ?? false };
    const [stacks, look] = await Promise.all([
      this.rows.countStacks(scope, cluster.uuid),
      this.look.at(ctx, cluster, wishes, false),
    ]);
    return toDeletePlanView(cluster.uuid, stacks, look, wishes.keepVolumes);
  }
}
