import type { RequestContext } from '#libs/domain';
import { Controller, Get, Param } from '@nestjs/common';
import { Policy } from '../policy/policy.js';
import { Endpoint } from '../http/endpoint.js';
import { Ctx } from '../http/request.js';
import { HeatAccess } from './heat-access.js';
import { FACE_V1, FaceUrl, reads } from './heat-request.js';

/** What Heat says of itself. */
@Controller()
export class HeatVersionsController {
  constructor(
    private readonly access: HeatAccess,
    private readonly policy: Policy,
  ) {}

  @Get('orchestration')
  @Endpoint(reads('List the versions of the orchestration API', { rules: 'public', success: 300 }))
  versions(@FaceUrl() url: string): object {
    return { versions: [{ id: 'v1.0', status: 'CURRENT', links: [{ rel: 'self', href: `${url}/` }] }] };
  }

  @Get(`${FACE_V1}/build_info`)
  @Endpoint(reads('Show what is running'))
  buildInfo(@Ctx() ctx: RequestContext, @Param('project') project: string): object {
    this.access.scope(ctx, project);
    this.policy.enforce(ctx, 'cluster:get');
    return { api: { revision: 'jeroboam' }, engine: { revision: 'jeroboam' } };
  }
}
