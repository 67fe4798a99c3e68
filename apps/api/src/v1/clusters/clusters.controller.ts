import type { Microversion, RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { patchBody, type PatchOperation } from '../../http/json-patch.js';
import { nextLink, pageQuery, pageRequest, type PageQuery } from '../../http/paging.js';
import { BaseUrl, Ctx, Version } from '../../http/request.js';
import { SETTINGS } from '../../tokens.js';
import {
  createClusterBody,
  deleteClusterQuery,
  updateClusterQuery,
  type CreateClusterBody,
  type DeleteClusterQuery,
  type UpdateClusterQuery,
} from './cluster.dto.js';
import {
  clusterDetailListView,
  clusterListView,
  clusterView,
  toClusterView,
  toShownClusterView,
  toSummaryView,
  uuidView,
  type ClusterView,
} from './cluster.view.js';
import { CreateCluster } from './create-cluster.js';
import { DeleteCluster } from './delete-cluster.js';
import { FindClusters } from './find-clusters.js';
import { UpdateCluster } from './update-cluster.js';

const tag = 'Clusters';
const NOT_FOUND = 'No such cluster that the caller may see';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';
const PAGE = { 400: 'A parameter cannot be taken', 404: 'The marker is not there' };

@Controller('v1/clusters')
export class ClustersController {
  constructor(
    private readonly creator: CreateCluster,
    private readonly finder: FindClusters,
    private readonly updater: UpdateCluster,
    private readonly remover: DeleteCluster,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post()
  @Endpoint({
    rules: ['cluster:create'],
    tag,
    summary: 'Make a cluster',
    example: { name: 'k1', cluster_template_id: 'k8s', master_count: 1, node_count: 2 },
    description:
      'Everything named is looked up in the cloud with the caller’s token first. When the answer comes the cluster, its two ' +
      'node groups and its operation are stored; follow it by `GET /v1/clusters/{cluster}` and its `events`.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'A field cannot be taken; or something named is not there; or, up to microversion 1.9, the template is not there',
      403: 'The policy does not allow it; the quota is used up; or the template is hidden',
      404: 'The template (from microversion 1.10) or the key pair is not there',
      409: 'Several templates, images or networks have this name',
    },
  })
  async post(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @Body({ schema: createClusterBody }) body: CreateClusterBody,
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.creator.run(ctx, version, body) };
  }

  @Get()
  @Endpoint({
    rules: ['cluster:get_all'],
    tag,
    summary: 'List clusters',
    description: 'Those of the project; every one for administrators.',
    success: 200,
    answer: clusterListView,
    errors: PAGE,
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @BaseUrl() base: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof clusterListView>> {
    const page = pageRequest(query, this.settings.API_MAX_LIMIT, this.finder.sortKeys());
    const clusters = (await this.finder.list(ctx, page)).map(({ row, groups }) => toSummaryView(base, version, row, groups));
    return { clusters, ...nextLink(base, '/v1/clusters', page, clusters) };
  }

  @Get('detail')
  @Endpoint({
    rules: ['cluster:detail'],
    tag,
    summary: 'List clusters with all fields',
    success: 200,
    answer: clusterDetailListView,
    errors: PAGE,
  })
  async detail(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @BaseUrl() base: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof clusterDetailListView>> {
    const page = pageRequest(query, this.settings.API_MAX_LIMIT, this.finder.sortKeys());
    const found = await this.finder.detail(ctx, page);
    const clusters = found.map(({ row, groups, templateLabels }) => toClusterView(base, version, row, groups, templateLabels));
    return { clusters, ...nextLink(base, '/v1/clusters/detail', page, clusters) };
  }

  @Get(':cluster')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show a cluster',
    success: 200,
    answer: clusterView,
    errors: { 404: NOT_FOUND, 409: AMBIGUOUS },
  })
  async get_one(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
  ): Promise<ClusterView> {
    const { row, groups, templateLabels } = await this.finder.show(ctx, ident);
    return toShownClusterView(base, version, row, groups, templateLabels);
  }

  @Patch(':cluster')
  @Endpoint({
    rules: ['cluster:update', 'cluster:update_health_status'],
    tag,
    summary: 'Change a cluster',
    example: [{ op: 'replace', path: '/node_count', value: 3 }],
    description:
      'Only `node_count` (of the default workers; removed: 1), `health_status` and `health_status_reason` may change. Health alone is ' +
      'stored at once; another count begins an operation, and `UPDATE_IN_PROGRESS` is stored when the answer comes.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'The patch cannot be applied; something else would change; or the cluster’s status does not allow it',
      404: NOT_FOUND,
      409: AMBIGUOUS,
    },
  })
  async patch(
    @Ctx() ctx: RequestContext,
    @Version() version: Microversion,
    @Param('cluster') ident: string,
    @Query({ schema: updateClusterQuery }) query: UpdateClusterQuery,
    @Body({ schema: patchBody }) patch: PatchOperation[],
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.updater.run(ctx, version, ident, patch, query.rollback) };
  }

  @Delete(':cluster')
  @Endpoint({
    rules: ['cluster:delete'],
    tag,
    summary: 'Delete a cluster',
    description:
      'In every status, and again while it goes on. When everything in the cloud is gone the cluster is 404. What its Kubernetes has made ' +
      'goes too: load balancers with their floating IPs and security groups, and volumes whose reclaim policy is Delete. What was ' +
      'removed, kept and left is in the `result` of the operation. Asked again with other parameters, the deletion goes on by these. ' +
      'Magnum has no parameters here.',
    success: 204,
    errors: {
      400: 'A parameter cannot be taken',
      404: NOT_FOUND,
      409: `${AMBIGUOUS}. Or load balancers that are to be kept stand on the network that goes`,
    },
  })
  async delete(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: deleteClusterQuery }) given: DeleteClusterQuery,
  ): Promise<void> {
    await this.remover.run(ctx, ident, given);
  }
}
