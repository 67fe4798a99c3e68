import type { RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { patchBody, type PatchOperation } from '../../http/json-patch.js';
import { nextLink, PAGE_FIELDS, pageRequest } from '../../http/paging.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { query, text } from '../../http/wire.js';
import { SETTINGS } from '../../tokens.js';
import { CreateNodeGroup } from './create-node-group.js';
import { DeleteNodeGroup } from './delete-node-group.js';
import { FindNodeGroups } from './find-node-groups.js';
import { createNodeGroupBody, type CreateNodeGroupBody } from './node-group.dto.js';
import { nodeGroupListView, nodeGroupView, toGroupSummaryView, toGroupView } from './node-group.view.js';
import { UpdateNodeGroup } from './update-node-group.js';

const groupQuery = query({
  ...PAGE_FIELDS,
  role: text({ description: 'Only groups with exactly this role', example: 'worker' }),
});
type GroupQuery = z.output<typeof groupQuery>;

const tag = 'Node groups';
const AMBIGUOUS = 'Several clusters or node groups have this name: use the uuid';

@Controller('v1/clusters/:cluster/nodegroups')
export class NodeGroupsController {
  constructor(
    private readonly finder: FindNodeGroups,
    private readonly creator: CreateNodeGroup,
    private readonly updater: UpdateNodeGroup,
    private readonly remover: DeleteNodeGroup,
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
    errors: { 400: 'A parameter cannot be taken', 404: 'The cluster or the marker is not there', 409: AMBIGUOUS },
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

  @Post()
  @Endpoint({
    rules: ['nodegroup:create'],
    since: '1.9',
    tag,
    summary: 'Make a node group',
    example: { name: 'gpu', flavor_id: 'm1.small', node_count: 2, min_node_count: 1, max_node_count: 5 },
    description: 'The group and the cluster’s `UPDATE_IN_PROGRESS` are stored when the answer comes.',
    success: 202,
    answer: nodeGroupView,
    errors: {
      400: 'A field cannot be taken; something named is not there; the role is `master`; or the cluster’s status does not allow it',
      404: 'The cluster is not there',
      409: 'The name is taken; counts, labels or taints contradict; or the cluster has no API address yet',
    },
  })
  async post(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') clusterIdent: string,
    @Body({ schema: createNodeGroupBody }) body: CreateNodeGroupBody,
  ): Promise<z.infer<typeof nodeGroupView>> {
    const { cluster, row } = await this.creator.run(ctx, clusterIdent, body);
    return toGroupView(base, row, cluster.labels);
  }

  @Get(':group')
  @Endpoint({
    rules: ['nodegroup:get'],
    since: '1.9',
    tag,
    summary: 'Show a node group',
    success: 200,
    answer: nodeGroupView,
    errors: { 404: 'The cluster or the node group is not there', 409: AMBIGUOUS },
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

  @Patch(':group')
  @Endpoint({
    rules: ['nodegroup:update'],
    since: '1.9',
    tag,
    summary: 'Change a node group',
    example: [{ op: 'replace', path: '/max_node_count', value: 5 }],
    description:
      'Only `min_node_count`, `max_node_count`, `node_labels` and `node_taints` may change; how many nodes there are is a matter of ' +
      'resize. New limits hold when the answer comes.',
    success: 202,
    answer: nodeGroupView,
    errors: {
      400: 'The patch cannot be applied, or the status does not allow it',
      404: 'The cluster or the node group is not there',
      409: 'Limits, labels or taints contradict',
    },
  })
  async patch(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') clusterIdent: string,
    @Param('group') ident: string,
    @Body({ schema: patchBody }) patch: PatchOperation[],
  ): Promise<z.infer<typeof nodeGroupView>> {
    const { cluster, row } = await this.updater.run(ctx, clusterIdent, ident, patch);
    return toGroupView(base, row, cluster.labels);
  }

  @Delete(':group')
  @Endpoint({
    rules: ['nodegroup:delete'],
    since: '1.9',
    tag,
    summary: 'Delete a node group',
    description: 'Its nodes are drained and removed. It is 404 when they are gone.',
    success: 204,
    errors: {
      400: 'It was made with the cluster, or the cluster’s status does not allow it',
      404: 'The cluster or the node group is not there',
      409: AMBIGUOUS,
    },
  })
  async delete(@Ctx() ctx: RequestContext, @Param('cluster') clusterIdent: string, @Param('group') ident: string): Promise<void> {
    await this.remover.run(ctx, clusterIdent, ident);
  }
}
