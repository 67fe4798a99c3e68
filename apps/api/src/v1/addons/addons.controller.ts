import type { RequestContext } from '#libs/domain';
import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { uuidView } from '../clusters/cluster.view.js';
import { catalogueQuery, changeAddonBody, type CatalogueQuery, type ChangeAddonBody } from './addon.dto.js';
import { addonListView, addonView, catalogueView } from './addon.view.js';
import { ChangeAddon } from './change-addon.js';
import { FindAddons } from './find-addons.js';

const tag = 'Add-ons';
const AMBIGUOUS = 'Several clusters have this name: use the uuid';
const UNKNOWN = 'No such cluster that the caller may see, or it has no such add-on';

/** What a cluster has besides Kubernetes itself. Ours, not Magnum's. */
@Controller('v1')
export class AddonsController {
  constructor(
    private readonly find: FindAddons,
    private readonly change: ChangeAddon,
  ) {}

  @Get('addons')
  @Endpoint({
    rules: ['cluster:get_all'],
    tag,
    summary: 'List the add-ons that clusters can have, and their versions',
    success: 200,
    answer: catalogueView,
    errors: { 400: 'A parameter cannot be taken' },
  })
  async catalogue(
    @Ctx() ctx: RequestContext,
    @Query({ schema: catalogueQuery }) { kubernetes }: CatalogueQuery,
  ): Promise<z.infer<typeof catalogueView>> {
    return this.find.all(ctx, kubernetes);
  }

  @Get('clusters/:cluster/addons')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'List the add-ons of a cluster',
    description: 'Also those that are off. Planned when the cluster’s nodes are; empty before that.',
    success: 200,
    answer: addonListView,
    errors: { 404: 'No such cluster that the caller may see', 409: AMBIGUOUS },
  })
  async list(@Ctx() ctx: RequestContext, @Param('cluster') ident: string): Promise<z.infer<typeof addonListView>> {
    return this.find.ofCluster(ctx, ident);
  }

  @Get('clusters/:cluster/addons/:addon')
  @Endpoint({
    rules: ['cluster:get'],
    tag,
    summary: 'Show an add-on of a cluster',
    success: 200,
    answer: addonView,
    errors: { 404: UNKNOWN, 409: AMBIGUOUS },
  })
  async show(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('addon') name: string,
  ): Promise<z.infer<typeof addonView>> {
    return this.find.one(ctx, ident, name);
  }

  @Patch('clusters/:cluster/addons/:addon')
  @Endpoint({
    rules: ['cluster:update'],
    tag,
    summary: 'Switch an add-on of a cluster on or off, or give it another version',
    description:
      'An operation of kind `addons` follows; the cluster’s status does not change. What an add-on has in the cluster and no longer needs ' +
      'is removed. Asked again with nothing to change it is applied again if it had failed.',
    example: { enabled: true, version: 'v0.8.0' },
    success: 202,
    answer: uuidView,
    errors: {
      400: 'A field cannot be taken; there is no such version for the cluster’s Kubernetes; or the cluster’s status does not allow it',
      404: UNKNOWN,
      409: 'The cluster needs it; or several clusters have this name',
    },
  })
  async patch(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Param('addon') name: string,
    @Body({ schema: changeAddonBody }) body: ChangeAddonBody,
  ): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.change.run(ctx, ident, name, body) };
  }
}
