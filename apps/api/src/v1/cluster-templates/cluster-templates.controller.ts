import type { RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import type { ClusterTemplateEntity } from '#libs/db';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { patchBody, type PatchOperation } from '../../http/json-patch.js';
import { nextLink, pageQuery, pageRequest, type PageQuery } from '../../http/paging.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { SETTINGS } from '../../tokens.js';
import { createTemplateBody, type CreateTemplateBody } from './cluster-template.dto.js';
import {
  clusterTemplateListView,
  clusterTemplateView,
  toTemplateView,
  type ClusterTemplateView,
} from './cluster-template.view.js';
import { CreateClusterTemplate } from './create-cluster-template.js';
import { DeleteClusterTemplate } from './delete-cluster-template.js';
import { FindClusterTemplates } from './find-cluster-templates.js';
import { UpdateClusterTemplate } from './update-cluster-template.js';

type ListView = z.infer<typeof clusterTemplateListView>;

const tag = 'Cluster templates';
const NOT_FOUND = 'No such cluster template that the caller may see';
const AMBIGUOUS = 'Several cluster templates have this name: use the uuid';
const PAGE = { 400: 'A parameter cannot be taken', 404: 'The marker is not there' };

@Controller('v1/clustertemplates')
export class ClusterTemplatesController {
  constructor(
    private readonly creator: CreateClusterTemplate,
    private readonly finder: FindClusterTemplates,
    private readonly updater: UpdateClusterTemplate,
    private readonly remover: DeleteClusterTemplate,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post()
  @Endpoint({
    rules: ['clustertemplate:create'],
    tag,
    summary: 'Make a cluster template',
    example: {
      name: 'k8s',
      coe: 'kubernetes',
      image_id: 'ubuntu-24.04-kube-v1.36.4',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
    },
    description: '`public` and `hidden` need `clustertemplate:publish`. The answer has a `Location` header.',
    success: 201,
    answer: clusterTemplateView,
    errors: {
      400: 'A field cannot be taken; or image, flavor or network is not there',
      403: 'The policy does not allow it, or not to publish; or the image is forbidden',
      409: 'Several images or networks have this name',
    },
  })
  async post(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Body({ schema: createTemplateBody }) body: CreateTemplateBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClusterTemplateView> {
    const row = await this.creator.run(ctx, body);
    reply.header('location', `${base}/v1/clustertemplates/${row.uuid}`);
    return toTemplateView(base, row);
  }

  @Get()
  @Endpoint({
    rules: ['clustertemplate:get_all'],
    tag,
    summary: 'List cluster templates',
    description: 'Those of the project and the public ones that are not hidden; every one for administrators.',
    success: 200,
    answer: clusterTemplateListView,
    errors: PAGE,
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<ListView> {
    const page = pageRequest(query, this.settings.API_MAX_LIMIT, this.finder.sortKeys());
    return listView(base, '/v1/clustertemplates', page, await this.finder.list(ctx, 'get_all', page));
  }

  @Get('detail')
  @Endpoint({
    rules: ['clustertemplate:detail'],
    tag,
    summary: 'List cluster templates with all fields',
    description: 'The same as the list: it has all fields too.',
    success: 200,
    answer: clusterTemplateListView,
    errors: PAGE,
  })
  async detail(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<ListView> {
    const page = pageRequest(query, this.settings.API_MAX_LIMIT, this.finder.sortKeys());
    return listView(base, '/v1/clustertemplates/detail', page, await this.finder.list(ctx, 'detail', page));
  }

  @Get(':template')
  @Endpoint({
    rules: ['clustertemplate:get'],
    tag,
    summary: 'Show a cluster template',
    success: 200,
    answer: clusterTemplateView,
    errors: { 404: NOT_FOUND, 409: AMBIGUOUS },
  })
  async get_one(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('template') ident: string,
  ): Promise<ClusterTemplateView> {
    return toTemplateView(base, await this.finder.show(ctx, ident));
  }

  @Patch(':template')
  @Endpoint({
    rules: ['clustertemplate:update'],
    tag,
    summary: 'Change a cluster template',
    example: [{ op: 'replace', path: '/name', value: 'k8s-2026' }],
    description:
      'While a cluster uses it exactly one of `name`, `public` (to true), `hidden` and `tags` (to some text) may change. ' +
      'Clusters keep what they copied when they were made.',
    success: 200,
    answer: clusterTemplateView,
    errors: { 400: 'The patch cannot be applied, or a cluster uses the template', 404: NOT_FOUND, 409: AMBIGUOUS },
  })
  async patch(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('template') ident: string,
    @Body({ schema: patchBody }) patch: PatchOperation[],
  ): Promise<ClusterTemplateView> {
    return toTemplateView(base, await this.updater.run(ctx, ident, patch));
  }

  @Delete(':template')
  @Endpoint({
    rules: ['clustertemplate:delete'],
    tag,
    summary: 'Delete a cluster template',
    success: 204,
    errors: { 400: 'A cluster uses it', 404: NOT_FOUND, 409: AMBIGUOUS },
  })
  async delete(@Ctx() ctx: RequestContext, @Param('template') ident: string): Promise<void> {
    await this.remover.run(ctx, ident);
  }
}

function listView(
  base: string,
  path: string,
  page: ReturnType<typeof pageRequest>,
  rows: readonly ClusterTemplateEntity[],
): ListView {
  return { clustertemplates: rows.map((row) => toTemplateView(base, row)), ...nextLink(base, path, page, rows) };
}
