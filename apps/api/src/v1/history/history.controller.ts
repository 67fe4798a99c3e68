import { NotFound, type RequestContext } from '#libs/domain';
import { isUuidText } from '#libs/db';
import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { integer, query } from '../../http/wire.js';
import { ClusterHistory } from './cluster-history.js';
import {
  eventListView,
  nodeListView,
  operationListView,
  shownOperationView,
  toEventView,
  toNodeView,
  toOperationView,
  toShownOperationView,
} from './history.view.js';

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
const operationQuery = query({
  before: integer({
    description: 'Only operations before the one with this number',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: null,
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

  @Get('operations')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the operations of a cluster',
    description: 'The newest first. Operations of a deleted cluster are kept under its uuid.',
    success: 200,
    answer: operationListView,
    errors,
  })
  async operations(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
    @Query({ schema: operationQuery }) given: z.output<typeof operationQuery>,
  ): Promise<z.infer<typeof operationListView>> {
    const { uuid, rows } = await this.history.operations(ctx, ident, given.before, given.limit);
    const last = rows.at(-1);
    const next =
      last && rows.length === given.limit
        ? { next: `${base}/v1/clusters/${uuid}/operations?limit=${given.limit}&before=${last.id}` }
        : {};
    return { operations: rows.map(toOperationView), ...next };
  }

  @Get('operations/:operation')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show an operation with its steps',
    success: 200,
    answer: shownOperationView,
    errors: { 404: 'No such cluster or operation that the caller may see', 409: AMBIGUOUS },
  })
  async operation(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('operation') operation: string,
  ): Promise<z.infer<typeof shownOperationView>> {
    if (!isUuidText(operation)) throw new NotFound('operation-not-found', `Operation ${operation} could not be found.`);
    const { row, steps } = await this.history.operation(ctx, ident, operation);
    return toShownOperationView(row, steps);
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
