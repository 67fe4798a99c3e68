import { InvalidInput, QUOTA_RESOURCE, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { pageRequest } from '../../http/paging.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { SETTINGS } from '../../tokens.js';
import {
  createQuotaBody,
  deleteQuotaBody,
  quotaQuery,
  updateQuotaBody,
  type CreateQuotaBody,
  type DeleteQuotaBody,
  type QuotaQuery,
  type UpdateQuotaBody,
} from './quota.dto.js';
import { quotaListView, quotaView, toQuotaView } from './quota.view.js';
import { Quotas } from './quotas.js';

type View = z.infer<typeof quotaView>;

/** What quotas can be sorted by: columns and their properties. */
const SORT_KEYS = {
  id: 'id',
  project_id: 'projectId',
  resource: 'resource',
  hard_limit: 'hardLimit',
  created_at: 'createdAt',
} as const;
const tag = 'Quotas';
const NOT_FOUND = 'There is no such quota';

@Controller('v1/quotas')
export class QuotasController {
  constructor(
    private readonly quotas: Quotas,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  @Endpoint({
    rules: ['quota:get_all'],
    tag,
    summary: 'List quotas',
    success: 200,
    answer: quotaListView,
    errors: { 400: 'A parameter cannot be taken' },
  })
  async get_all(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Query({ schema: quotaQuery }) given: QuotaQuery,
  ): Promise<z.infer<typeof quotaListView>> {
    const { all_tenants: everyProject, marker, ...rest } = given;
    const page = pageRequest({ ...rest, marker: null }, this.settings.API_MAX_LIMIT, Object.keys(SORT_KEYS));
    const after = markerOf(marker);
    const sortKey = SORT_KEYS[page.sortKey as keyof typeof SORT_KEYS];
    const rows = await this.quotas.list(ctx, everyProject, { ...page, sortKey, marker: after });
    const last = rows.at(-1);
    const parameters = new URLSearchParams({
      sort_key: page.sortKey,
      sort_dir: page.sortDir,
      ...(everyProject ? { all_tenants: 'True' } : {}),
      limit: String(page.limit),
      marker: String(last?.id),
    });
    return {
      quotas: rows.map(toQuotaView),
      ...(last && rows.length === page.limit ? { next: `${base}/v1/quotas?${parameters.toString()}` } : {}),
    };
  }

  @Post()
  @Endpoint({
    rules: ['quota:create'],
    tag,
    summary: 'Set the quota of a project',
    example: { project_id: '5c2d7a3e9f8b4d6c8a1e0f9b7c6d5e4f', resource: 'Cluster', hard_limit: 30 },
    success: 201,
    answer: quotaView,
    errors: { 404: 'The project is not there', 409: 'The project has a quota already' },
  })
  async post(@Ctx() ctx: RequestContext, @Body({ schema: createQuotaBody }) body: CreateQuotaBody): Promise<View> {
    return toQuotaView(await this.quotas.create(ctx, body));
  }

  @Get(':project/:resource')
  @Endpoint({
    rules: ['quota:get'],
    tag,
    summary: 'Show the quota of a project',
    description: 'Where none was set the default, without number and times.',
    success: 200,
    answer: quotaView,
    errors: { 403: 'Another project, and the caller is no administrator' },
  })
  async get_one(
    @Ctx() ctx: RequestContext,
    @Param('project') projectId: string,
    @Param('resource') resource: string,
  ): Promise<View> {
    const found = await this.quotas.show(ctx, projectId, resource);
    if ('id' in found) return toQuotaView(found);
    return { hard_limit: found.hardLimit, project_id: projectId, resource: QUOTA_RESOURCE };
  }

  @Patch(':project/:resource')
  @Endpoint({
    rules: ['quota:update'],
    tag,
    summary: 'Change the quota of a project',
    example: { hard_limit: 30 },
    success: 202,
    answer: quotaView,
    errors: { 404: NOT_FOUND },
  })
  async patch(
    @Ctx() ctx: RequestContext,
    @Param('project') projectId: string,
    @Param('resource') resource: string,
    @Body({ schema: updateQuotaBody }) body: UpdateQuotaBody,
  ): Promise<View> {
    return toQuotaView(await this.quotas.update(ctx, projectId, resource, body.hard_limit));
  }

  @Delete(':project/:resource')
  @Endpoint({ rules: ['quota:delete'], tag, summary: 'Remove the quota of a project', success: 204, errors: { 404: NOT_FOUND } })
  async delete(
    @Ctx() ctx: RequestContext,
    @Param('project') projectId: string,
    @Param('resource') resource: string,
  ): Promise<void> {
    await this.quotas.remove(ctx, projectId, resource);
  }

  @Delete()
  @Endpoint({
    rules: ['quota:delete'],
    tag,
    summary: 'Remove the quota of a project named in the body',
    example: { project_id: '5c2d7a3e9f8b4d6c8a1e0f9b7c6d5e4f', resource: 'Cluster' },
    success: 204,
    errors: { 404: NOT_FOUND },
  })
  async delete_named(@Ctx() ctx: RequestContext, @Body({ schema: deleteQuotaBody }) body: DeleteQuotaBody): Promise<void> {
    await this.quotas.remove(ctx, body.project_id, body.resource);
  }
}

function markerOf(marker: string | null): number | null {
  if (marker === null) return null;
  if (/^\d{1,9}$/.test(marker)) return Number(marker);
  throw new InvalidInput(
    'invalid-marker',
    `Invalid input for field/attribute marker. Value: '${marker}'. unable to convert to int. Error: invalid literal for int() with base 10: '${marker}'`,
    { field: 'marker' },
  );
}
