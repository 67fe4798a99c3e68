import type { RequestContext } from '#libs/domain';
import { Controller, Param, Patch, Req } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.js';
import { Ctx, type ApiRequest } from '../http/request.js';
import { FindStacks } from './find-stacks.js';
import { FACE_V1, Path, reads } from './heat-request.js';
import { MarkNode } from './mark-node.js';
import type { StackPath } from './show-stack.js';

/** What may be changed here: see `MarkNode`. Everything else is refused. */
@Controller(`${FACE_V1}/stacks`)
export class HeatChangesController {
  constructor(
    private readonly finder: FindStacks,
    private readonly marker: MarkNode,
  ) {}

  @Patch(':name/:id/resources/:resource')
  @Endpoint(reads('Mark the node of a resource unhealthy, or healthy again', { rules: ['cluster:repair'] }))
  async mark(
    @Ctx() ctx: RequestContext,
    @Path() path: StackPath,
    @Param('resource') resource: string,
    @Req() { body }: ApiRequest,
  ): Promise<null> {
    await this.marker.mark(ctx, path, resource, body);
    return null;
  }

  @Patch(':name/:id')
  @Endpoint(reads('Replace the marked nodes of a stack', { rules: ['cluster:repair'], success: 202 }))
  async mend(@Ctx() ctx: RequestContext, @Path() path: StackPath, @Req() { body }: ApiRequest): Promise<void> {
    await this.marker.mend(ctx, path, body);
  }

  /** Heat sends clients on to the stack's whole address; not all of them follow with a PATCH, so it is done at once. */
  @Patch(':name')
  @Endpoint(reads('Replace the marked nodes of a stack, named or by id', { rules: ['cluster:repair'], success: 202 }))
  async mendNamed(
    @Ctx() ctx: RequestContext,
    @Path() { project, name: ident }: StackPath,
    @Req() { body }: ApiRequest,
  ): Promise<void> {
    const { name, id } = await this.finder.locate(ctx, project, ident);
    await this.marker.mend(ctx, { project, name, id }, body);
  }
}
