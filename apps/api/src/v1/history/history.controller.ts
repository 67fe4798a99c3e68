import type { RequestContext } from '#libs/domain';
import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { integer, query } from '../../http/wire.js';
import { ClusterHistory } from './cluster-history.js';
import { eventListView, toEventView } from '../events/event.view.js';
import { nodeListView, toNodeView } from '../nodes/node.view.js';

const MAX_PAGE = 1000;
const limit = integer({ description: 'Items at most', min: 1, max: MAX_PAGE, fallback: 100 });
const eventQuery = query({
  after: integer({
    description: 'Only events after the one with this number',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 0,
  }),
  limit,
});
const nodeQuery = query({ limit: integer({ description: 'Nodes at most', min: 1, max: 5000, fallback: MAX_PAGE }) });

const tag = 'Progress';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';
const errors = { 400: 'A parameter cannot be taken', 404: 'No such cluster that the caller may see', 409: AMBIGUOUS };

/** Our own, beside Magnum's: what happens to a cluster. */
@Controller('v1/clusters/:cluster')
export class HistoryController {
  constructor(private readonly history: ClusterHistory) {}

  @Get('events')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Follow the events of a cluster',
    description:
      'Ask again with the `after` of the answer to see what is new. Events of a deleted cluster are kept under its uuid.',
    success: 200,
    answer: eventListView,
    errors,
  })
  async events(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: eventQuery }) given: z.output<typeof eventQuery>,
  ): Promise<z.infer<typeof eventListView>> {
    const rows = await this.history.events(ctx, ident, given.after, given.limit);
    return { events: rows.map(toEventView), after: rows.at(-1)?.id ?? given.after };
  }

  @Get('nodes')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the nodes of a cluster with their phases',
    success: 200,
    answer: nodeListView,
    errors,
  })
  async nodes(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: nodeQuery }) given: z.output<typeof nodeQuery>,
  ): Promise<z.infer<typeof nodeListView>> {
    const nodes = await this.history.nodes(ctx, ident, given.limit);
    return { nodes: nodes.map(({ node, phases }) => toNodeView(node, phases)) };
  }
}
