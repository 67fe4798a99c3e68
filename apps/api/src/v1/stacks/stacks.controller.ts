import { STACK_STATUSES, type RequestContext } from '#libs/domain';
import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { choice, integer, query, text } from '../../http/wire.js';
import { ClusterStacks } from './cluster-stacks.js';
import { shownStackView, stackListView, templateView, toShownStackView, toStackView } from './stack.view.js';

const limit = integer({ description: 'Items at most', min: 1, max: 1000, fallback: 100 });
const stackQuery = query({ limit, marker: text({ description: 'uuid of the last stack of the page before' }) });
const resourceQuery = query({
  limit,
  marker: text({ description: 'Name of the last resource of the page before' }),
  status: choice({ description: 'Only resources in this status', example: 'FAILED', values: STACK_STATUSES, fallback: null }),
});

const tag = 'Progress';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';

/** Our own, beside Magnum's: what a cluster stands on in the cloud. */
@Controller('v1/clusters/:cluster/stacks')
export class StacksController {
  constructor(private readonly stacks: ClusterStacks) {}

  @Get()
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the stacks of a cluster',
    description: 'One for what all nodes share, and one for each node group.',
    success: 200,
    answer: stackListView,
    errors: { 400: 'A parameter cannot be taken', 404: 'The cluster or the marker is not there', 409: AMBIGUOUS },
  })
  async list(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') cluster: string,
    @Query({ schema: stackQuery }) given: z.output<typeof stackQuery>,
  ): Promise<z.infer<typeof stackListView>> {
    const { clusterUuid, rows } = await this.stacks.list(ctx, cluster, given.marker, given.limit);
    const next = nextPage(base, `/v1/clusters/${clusterUuid}/stacks`, given.limit, rows.length, rows.at(-1)?.uuid);
    return { stacks: rows.map((row) => toStackView(base, row)), ...next };
  }

  @Get(':stack')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show a stack with its resources',
    description:
      'Ask with `status=FAILED` for what hinders it. A stack of 1,000 nodes has some thousands of resources: follow `next`.',
    success: 200,
    answer: shownStackView,
    errors: { 400: 'A parameter cannot be taken', 404: 'No such cluster or stack that the caller may see', 409: AMBIGUOUS },
  })
  async show(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') cluster: string,
    @Param('stack') ident: string,
    @Query({ schema: resourceQuery }) given: z.output<typeof resourceQuery>,
  ): Promise<z.infer<typeof shownStackView>> {
    const statuses = given.status === null ? null : [given.status];
    const page = { marker: given.marker, limit: given.limit, statuses };
    const { stack, resources } = await this.stacks.show(ctx, cluster, ident, page);
    const path = `/v1/clusters/${stack.clusterUuid}/stacks/${stack.uuid}`;
    const extra: Record<string, string> = given.status === null ? {} : { status: given.status };
    return {
      ...toShownStackView(base, stack, resources),
      ...nextPage(base, path, given.limit, resources.length, resources.at(-1)?.name, extra),
    };
  }

  @Get(':stack/template')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show the HOT template of a stack',
    description: 'As it is carried out. Values of hidden parameters are not in it.',
    success: 200,
    answer: templateView,
    errors: { 404: 'No such cluster or stack that the caller may see', 409: AMBIGUOUS },
  })
  async template(
    @Ctx() ctx: RequestContext,
    @Param('cluster') cluster: string,
    @Param('stack') ident: string,
  ): Promise<z.infer<typeof templateView>> {
    return (await this.stacks.template(ctx, cluster, ident)) as z.infer<typeof templateView>;
  }
}

function nextPage(
  base: string,
  path: string,
  limitGiven: number,
  count: number,
  marker: string | undefined,
  extra: Readonly<Record<string, string>> = {},
): { next?: string } {
  if (marker === undefined || count < limitGiven) return {};
  return { next: `${base}${path}?${new URLSearchParams({ ...extra, limit: String(limitGiven), marker }).toString()}` };
}
