import { randomUUID } from 'node:crypto';
import { InvalidInput, NotFound, type RequestContext } from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClustersRepository } from '#libs/db';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { patchBody, type PatchOperation } from '../../http/json-patch.js';
import { pageQuery, pageRequest, type PageQuery } from '../../http/paging.js';
import { Ctx } from '../../http/request.js';
import { textOf } from '../../http/views.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { createFederationBody, federationPatchQuery, type CreateFederationBody } from './federation.dto.js';

const listView = z
  .object({ federations: z.array(z.never()).meta({ description: 'Always empty' }) })
  .meta({ id: 'Federations', description: 'Magnum never finished federations: there are none' });
const uuidView = z
  .object({ uuid: textOf('A uuid; nothing is made under it') })
  .meta({ id: 'AcceptedFederation', description: 'What was accepted' });

const SORT_KEYS = ['id', 'uuid', 'name', 'project_id', 'hostcluster_id', 'status', 'status_reason', 'created_at', 'updated_at'];
const INTERNAL = ['created_at', 'updated_at', 'id', 'links', 'uuid', 'project_id', 'user_id'];
const tag = 'Federations';
const PAGE = { 400: 'A parameter cannot be taken', 404: 'The marker is not there: none is' };
const NONE = { 404: 'Always: there is none' };

/** What Magnum’s clients may ask of its dead federations: asked for, accepted, never made. Reference section 5.9. */
@Controller('v1/federations')
export class FederationsController {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  @Endpoint({
    rules: ['federation:get_all'],
    tag,
    summary: 'List federations: none',
    success: 200,
    answer: listView,
    errors: PAGE,
  })
  get_all(@Ctx() ctx: RequestContext, @Query({ schema: pageQuery }) query: PageQuery): z.infer<typeof listView> {
    this.policy.enforce(ctx, 'federation:get_all');
    return this.page(query);
  }

  @Get('detail')
  @Endpoint({
    rules: ['federation:detail'],
    tag,
    summary: 'List federations with all fields: none',
    success: 200,
    answer: listView,
    errors: PAGE,
  })
  detail(@Ctx() ctx: RequestContext, @Query({ schema: pageQuery }) query: PageQuery): z.infer<typeof listView> {
    this.policy.enforce(ctx, 'federation:detail');
    return this.page(query);
  }

  @Get(':federation')
  @Endpoint({ rules: ['federation:get'], tag, summary: 'Show a federation: there is none', success: 200, errors: NONE })
  get_one(@Ctx() ctx: RequestContext, @Param('federation') ident: string): never {
    this.policy.enforce(ctx, 'federation:get');
    throw missing(ident);
  }

  @Post()
  @Endpoint({
    rules: ['federation:create'],
    tag,
    summary: 'Ask for a federation, which is accepted and never made',
    example: { name: 'f1', hostcluster_id: 'k1', properties: { 'dns-zone': 'example.com.' } },
    success: 202,
    answer: uuidView,
    errors: { 400: 'No host cluster, no properties or no `dns-zone`', 404: 'The host cluster is not there' },
  })
  async post(
    @Ctx() ctx: RequestContext,
    @Body({ schema: createFederationBody }) body: CreateFederationBody,
  ): Promise<z.infer<typeof uuidView>> {
    this.policy.enforce(ctx, 'federation:create');
    const { hostcluster_id: host, properties } = body;
    if (host === null) throw refused('hostcluster_id', 'No hostcluster specified. Please specify a hostcluster_id.');
    await this.clusters.get(scopeOf(this.policy, ctx, 'cluster:get_one_all_projects'), host);
    if (properties === null) throw refused('properties', 'Please specify a `properties` dict for the federation.');
    if (properties['dns-zone'] === undefined) throw refused('properties', 'No DNS zone specified. Please specify a `dns-zone`.');
    return { uuid: ctx.reservedUuid ?? randomUUID() };
  }

  @Patch(':federation')
  @Endpoint({
    rules: ['federation:update'],
    tag,
    summary: 'Change a federation: there is none',
    example: [{ op: 'add', path: '/member_ids', value: 'k1' }],
    success: 202,
    answer: uuidView,
    errors: { 400: 'The patch cannot be taken', ...NONE },
  })
  patch(
    @Ctx() ctx: RequestContext,
    @Param('federation') ident: string,
    @Query({ schema: federationPatchQuery }) _query: object,
    @Body({ schema: patchBody }) patch: PatchOperation[],
  ): never {
    const internal = patch.find(({ path: [name = ''] }) => INTERNAL.includes(name));
    if (internal) throw refused('patch', `'/${internal.path.join('/')}' is an internal attribute and can not be updated`);
    this.policy.enforce(ctx, 'federation:update');
    throw missing(ident);
  }

  @Delete(':federation')
  @Endpoint({ rules: ['federation:delete'], tag, summary: 'Delete a federation: there is none', success: 204, errors: NONE })
  delete(@Ctx() ctx: RequestContext, @Param('federation') ident: string): never {
    this.policy.enforce(ctx, 'federation:delete');
    throw missing(ident);
  }

  private page(query: PageQuery): z.infer<typeof listView> {
    const { marker } = pageRequest(query, this.settings.API_MAX_LIMIT, SORT_KEYS);
    if (marker !== null) throw missing(marker);
    return { federations: [] };
  }
}

const missing = (ident: string): NotFound => new NotFound('federation-not-found', `Federation ${ident} could not be found.`);
const refused = (field: string, message: string): InvalidInput => new InvalidInput('invalid-federation', message, { field });
