import type { RequestContext } from '#libs/domain';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { deletePlanQuery, type DeletePlanQuery } from '../clusters/cluster.dto.js';
import { deletePlanView, type DeletePlanView } from './delete-plan.view.js';
import { PlanDeletion } from './plan-deletion.js';

@Controller('v1/clusters/:cluster/delete-plan')
export class DeletePlanController {
  constructor(private readonly planner: PlanDeletion) {}

  @Get()
  @Endpoint({
    rules: ['cluster:get'],
    tag: 'Clusters',
    summary: 'Show what deleting a cluster would remove and keep',
    description:
      'Changes nothing. Looks at the cloud with the caller’s token: the cluster’s stacks, and the load balancers, floating IPs, ' +
      'security groups, volumes and snapshots that its Kubernetes has made, known by the cluster’s uuid in their names, descriptions ' +
      'and metadata. The parameters are those of the deletion.',
    success: 200,
    answer: deletePlanView,
    errors: {
      400: 'A parameter cannot be taken',
      404: 'No such cluster that the caller may see',
      409: 'Several clusters have this name: use the uuid',
    },
  })
  async get(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: deletePlanQuery }) given: DeletePlanQuery,
  ): Promise<DeletePlanView> {
    return this.planner.run(ctx, ident, given);
  }
}
