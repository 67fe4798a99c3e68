import type { RequestContext } from '#libs/domain';
import { Controller, Get, Param, Redirect } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.js';
import { Ctx } from '../http/request.js';
import { FindStacks } from './find-stacks.js';
import { StacksAreReadOnly } from './heat-faults.js';
import { flag, one, stackQuery, type HeatQuery } from './heat-query.js';
import { FACE_V1, FaceQuery, FaceUrl, PartName, Path, QueryText, reads } from './heat-request.js';
import { stackShown, stackSummary, stackUrl } from './heat-view.js';
import { ShowStack, type StackPath } from './show-stack.js';

/** Stacks of clusters as Heat shows stacks. Source: heat/api/openstack/v1. */
@Controller(`${FACE_V1}/stacks`)
export class HeatStacksController {
  constructor(
    private readonly finder: FindStacks,
    private readonly shower: ShowStack,
  ) {}

  @Get()
  @Endpoint(reads('List stacks', { rules: ['cluster:get_all'] }))
  async index(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Param('project') project: string,
    @FaceQuery() given: HeatQuery,
  ): Promise<object> {
    const query = stackQuery(given);
    const { page, count } = await this.finder.list(ctx, project, query);
    const last = page.at(-1);
    const next = last && query.limit === page.length ? nextLink(`${url}/${project}/stacks`, given, last.id) : {};
    return {
      stacks: page.map((stack) => stackSummary(url, stack, query.everyProject)),
      ...next,
      ...(count === null ? {} : { count }),
    };
  }

  @Get('detail')
  @Endpoint(reads('List stacks, as Heat does once more', { rules: ['cluster:get_all'] }))
  detail(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Param('project') project: string,
    @FaceQuery() query: HeatQuery,
  ): Promise<object> {
    return this.index(ctx, url, project, query);
  }

  @Get(':name')
  @Endpoint(reads('Find a stack by name or id', { success: 302 }))
  @Redirect()
  async lookup(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Param('project') project: string,
    @Param('name') ident: string,
    @QueryText() query: string,
  ): Promise<object> {
    return { url: `${stackUrl(url, await this.finder.locate(ctx, project, ident))}${query}`, statusCode: 302 };
  }

  @Get([':name/resources', ':name/events', ':name/template', ':name/environment', ':name/files', ':name/outputs'])
  @Endpoint(reads('Find a part of a stack by the stack’s name or id', { success: 302 }))
  @Redirect()
  async lookupPart(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() { project, name }: StackPath,
    @PartName() part: string,
    @QueryText() query: string,
  ): Promise<object> {
    return { url: `${stackUrl(url, await this.finder.locate(ctx, project, name))}/${part}${query}`, statusCode: 302 };
  }

  @Get(':name/:id')
  @Endpoint(reads('Show a stack'))
  async show(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @FaceQuery() query: HeatQuery,
  ): Promise<object> {
    const outputs = one(query, 'resolve_outputs') === null || flag(query, 'resolve_outputs');
    const { stack, details } = await this.shower.details(ctx, path, outputs);
    return { stack: stackShown(url, stack, details) };
  }

  @Get(':name/:id/template')
  @Endpoint(reads('Show the template of a stack'))
  template(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<object> {
    return this.shower.template(ctx, path);
  }

  @Get(':name/:id/environment')
  @Endpoint(reads('Show the parameters of a stack'))
  environment(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<object> {
    return this.shower.environment(ctx, path);
  }

  @Get(':name/:id/files')
  @Endpoint(reads('Show the files of a stack: there are none'))
  async files(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<object> {
    await this.shower.open(ctx, path, { depth: 0, resources: false });
    return {};
  }

  @Get(':name/:id/snapshots')
  @Endpoint(reads('List the snapshots of a stack: there are none'))
  async snapshots(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<object> {
    await this.shower.open(ctx, path, { depth: 0, resources: false });
    return { snapshots: [] };
  }

  /** Clients say of a 404 that the stack is not there. */
  @Get(':name/:id/export')
  @Endpoint(reads('Refuse to give a stack out of our hands'))
  async export(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<never> {
    await this.shower.open(ctx, path, { depth: 0, resources: false });
    throw new StacksAreReadOnly([], 'Stacks of container clusters can only be looked at here: they are not exported.');
  }

  @Get(':name/:id/outputs')
  @Endpoint(reads('List the outputs of a stack'))
  async outputs(@Ctx() ctx: RequestContext, @Path() path: StackPath): Promise<object> {
    const outputs = await this.shower.outputs(ctx, path);
    return { outputs: outputs.map(({ output_key, description }) => ({ output_key, description })) };
  }

  @Get(':name/:id/outputs/:key')
  @Endpoint(reads('Show an output of a stack'))
  async output(@Ctx() ctx: RequestContext, @Path() path: StackPath, @Param('key') key: string): Promise<object> {
    return { output: await this.shower.output(ctx, path, key) };
  }
}

function nextLink(url: string, given: HeatQuery, marker: string): object {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries({ ...given, marker }))
    for (const value of [values ?? []].flat()) parameters.append(name, value);
  return { links: [{ rel: 'next', href: `${url}?${parameters.toString()}` }] };
}
