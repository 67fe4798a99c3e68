import { allProjects, Forbidden, InvalidInput, projectScope, type RequestContext } from '#libs/domain';
import { ClustersRepository } from '#libs/db';
import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { numberOf } from '../../http/views.js';
import { query, text } from '../../http/wire.js';
import { Policy } from '../../policy/policy.js';

const statsQuery = query({
  project_id: text({ description: 'Whose; default: the caller’s, for administrators the whole cloud' }),
  type: text({ description: '`cluster`, in any letter case' }),
});
const statsView = z
  .object({ clusters: numberOf('Clusters'), nodes: numberOf('Nodes, masters included') })
  .meta({ id: 'Stats', description: 'How much there is' });

/** Reference section 5.7. */
@Controller('v1/stats')
export class StatsController {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
  ) {}

  @Get()
  @Endpoint({
    rules: ['stats:get_all'],
    tag: 'Stats',
    summary: 'Count clusters and nodes',
    success: 200,
    answer: statsView,
    errors: { 400: 'A parameter cannot be taken', 403: 'Another project, and the caller is no administrator' },
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @Query({ schema: statsQuery }) given: z.output<typeof statsQuery>,
  ): Promise<z.infer<typeof statsView>> {
    this.policy.enforce(ctx, 'stats:get_all');
    const { project_id: projectId, type } = given;
    if (!ctx.isAdmin && projectId !== null && projectId !== ctx.projectId)
      throw new Forbidden('foreign-stats', 'Not authorized.');
    if (type !== null && type.toLowerCase() !== 'cluster') {
      throw new InvalidInput('invalid-stats-type', "Invalid stats type. Allowed values are 'cluster'", { field: 'type' });
    }
    const wanted = projectId ?? (ctx.isAdmin ? null : ctx.projectId);
    return this.clusters.count(wanted === null ? allProjects('an administrator counts the whole cloud') : projectScope(wanted));
  }
}
