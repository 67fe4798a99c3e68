import type { RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { nextLink, PAGE_FIELDS, pageRequest } from '../../http/paging.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { query, text } from '../../http/wire.js';
import { SETTINGS } from '../../tokens.js';
import { FindNodeGroups } from './find-node-groups.js';
import { nodeGroupListView, nodeGroupView, toGroupSummaryView, toGroupView } from './node-group.view.js';

const groupQuery = query({
  ...PAGE_FIELDS,
  role: text({ description: 'Only groups with exactly this role', example: 'worker' }),
});
type GroupQuery = z.output<typeof groupQuery>;

const tag = 'Node groups';

@Controller('v1/clusters/:cluster/nodegroups')
export class NodeGroupsController {
  constructor(
    private readonly finder: FindNodeGroups,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  @Endpoint({
    rules: ['nodegroup:get_all'],
    since: '1.9',
    tag,
    summary: 'List the node groups of a cluster',
    success: 200,
    answer: nodeGroupListView,
    errors: { 400: 'A parameter cannot be taken', 404: 'The cluster or the marker is not there' },
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') clusterIdent: string,
    @Query({ schema: groupQuery }) given: GroupQuery,
  ): Promise<z.infer<typeof nodeGroupListView>> {
    const page = pageRequest(given, this.settings.API_MAX_LIMIT, this.finder.sortKeys());
    const { cluster, rows } = await this.finder.list(ctx, clusterIdent, page, given.role);
    const extra: Record<string, string> = given.role === null ? {} : { role: given.role };
    return {
      nodegroups: rows.map(toGroupSummaryView),
      ...nextLink(base, `/v1/clusters/${cluster.uuid}/nodegroups`, page, rows, extra),
    };
  }

  @Get(':group')
  @Endpoint({
    rules: ['nodegroup:get'],
    since: '1.9',
    tag,
    summary: 'Show a node group',
    success: 200,
    answer: nodeGroupView,
    errors: { 404: 'The cluster or the node group is not there' },
  })
  async get_one(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') clusterIdent: string,
    @Param('group') ident: string,
  ): Promise<z.infer<typeof nodeGroupView>> {
    const { cluster, row } = await this.finder.show(ctx, clusterIdent, ident);
    return toGroupView(base, row, cluster.labels);
  }
}
