import type { RequestContext } from '#libs/domain';
import { isUuidText } from '#libs/db';
import { InvalidInput } from '#libs/domain';
import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { integer, query, text } from '../../http/wire.js';
import { FindNodes } from './find-nodes.js';
import { consoleView, nodeListView, nodeView, toNodeView } from './node.view.js';

const MOST = 1000;
const listQuery = query({
  marker: text({ description: 'uuid of the last node seen' }),
  limit: integer({ description: 'Nodes at most', min: 1, max: MOST, fallback: MOST }),
});
const consoleQuery = query({ lines: integer({ description: 'Lines at most', min: 1, max: 1000, fallback: 100 }) });

const tag = 'Progress';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';
const UNKNOWN = 'No such cluster or node that the caller may see';

/** The machines of a cluster. */
@Controller('v1/clusters/:cluster/nodes')
export class NodesController {
  constructor(private readonly find: FindNodes) {}

  @Get()
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the nodes of a cluster with their phases',
    success: 200,
    answer: nodeListView,
    errors: {
      400: 'A parameter cannot be taken',
      404: 'No such cluster that the caller may see, or the marker is no node of it',
      409: AMBIGUOUS,
    },
  })
  async nodes(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
    @Query({ schema: listQuery }) given: z.output<typeof listQuery>,
  ): Promise<z.infer<typeof nodeListView>> {
    const { marker, limit } = given;
    if (marker !== null && !isUuidText(marker)) {
      throw new InvalidInput('invalid-input', 'Invalid input for field/attribute marker. Expected a uuid.', { field: 'marker' });
    }
    const { uuid, nodes } = await this.find.page(ctx, ident, marker, limit);
    const last = nodes.at(-1)?.node;
    const more =
      last && nodes.length === limit ? { next: `${base}/v1/clusters/${uuid}/nodes?limit=${limit}&marker=${last.uuid}` } : {};
    return { nodes: nodes.map(({ node, phases, objects }) => toNodeView(node, phases, objects)), ...more };
  }

  @Get(':node')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show a node, by uuid or name',
    success: 200,
    answer: nodeView,
    errors: { 404: UNKNOWN, 409: AMBIGUOUS },
  })
  async node(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('node') name: string,
  ): Promise<z.infer<typeof nodeView>> {
    const { node, phases, objects } = await this.find.one(ctx, ident, name);
    return toNodeView(node, phases, objects);
  }

  @Get(':node/console')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show the end of a node’s console',
    description: 'As Nova tells it to the caller, with his own token; secrets are masked.',
    success: 200,
    answer: consoleView,
    errors: {
      400: 'A parameter cannot be taken',
      404: UNKNOWN,
      409: 'The node has no server, or its server has no console yet; or several clusters have this name',
    },
  })
  async console(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('node') name: string,
    @Query({ schema: consoleQuery }) { lines }: z.output<typeof consoleQuery>,
  ): Promise<z.infer<typeof consoleView>> {
    const { node, serverId, output } = await this.find.console(ctx, ident, name, lines);
    return { node_id: node.uuid, server_id: serverId, output };
  }
}
