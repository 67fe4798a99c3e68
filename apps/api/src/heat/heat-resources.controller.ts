import type { RequestContext } from '#libs/domain';
import { Controller, Get, Param } from '@nestjs/common';
import { Endpoint } from '../http/endpoint.js';
import { Ctx } from '../http/request.js';
import type { HeatResource } from './cluster-stacks-view.js';
import { HeatBadRequest, HeatNotFound } from './heat-faults.js';
import { flag, many, one, stateFilter, wholeNumber, type HeatQuery } from './heat-query.js';
import { FACE_V1, FaceQuery, FaceUrl, Path, reads } from './heat-request.js';
import { eventView, resourceView } from './heat-view.js';
import { ShowStack, type StackPath } from './show-stack.js';

const FILTERS = ['type', 'status', 'name', 'action', 'id', 'physical_resource_id', 'nested_depth', 'with_detail'];
/** Heat keeps so many of a stack; ours go on behind a marker. */
const MOST_EVENTS = 1000;

/** Resources and events of a stack. Source: heat/api/openstack/v1/resources.py and events.py. */
@Controller(`${FACE_V1}/stacks/:name/:id`)
export class HeatResourcesController {
  constructor(private readonly shower: ShowStack) {}

  @Get('resources')
  @Endpoint(reads('List the resources of a stack'))
  async index(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @FaceQuery() query: HeatQuery,
  ): Promise<object> {
    const unknown = Object.keys(query).filter((name) => !FILTERS.includes(name));
    if (unknown.length > 0) throw new HeatBadRequest(`Invalid filter parameters ['${unknown.join("', '")}']`);
    const all = await this.shower.resources(ctx, path, wholeNumber(query, 'nested_depth') ?? 0);
    const wanted = all.filter(matching(query));
    const attributes = flag(query, 'with_detail') ? await this.shower.attributes(wanted) : null;
    return { resources: wanted.map((resource) => resourceView(url, resource, attributes?.get(resource) ?? null)) };
  }

  @Get('resources/:resource')
  @Endpoint(reads('Show a resource'))
  async show(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @Param('resource') ident: string,
  ): Promise<object> {
    const { resource } = await this.shower.resource(ctx, path, ident);
    const attributes = await this.shower.attributes([resource]);
    return { resource: resourceView(url, resource, attributes.get(resource) ?? {}) };
  }

  @Get('resources/:resource/metadata')
  @Endpoint(reads('Show the metadata of a resource: there is none'))
  async metadata(@Ctx() ctx: RequestContext, @Path() path: StackPath, @Param('resource') ident: string): Promise<object> {
    await this.shower.resource(ctx, path, ident);
    return { metadata: {} };
  }

  @Get('events')
  @Endpoint(reads('List the events of a stack'))
  async events(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @FaceQuery() query: HeatQuery,
  ): Promise<object> {
    const depth = wholeNumber(query, 'nested_depth') ?? 0;
    const found = await this.shower.events(ctx, path, depth, { ...eventListing(query), id: null });
    return { events: found.rows.map((row) => eventView(url, row, found, depth > 0)) };
  }

  @Get('resources/:resource/events')
  @Endpoint(reads('List the events of a resource'))
  async resourceEvents(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @Param('resource') ident: string,
    @FaceQuery() query: HeatQuery,
  ): Promise<object> {
    const listing = { ...eventListing(query), resources: [ident], id: null };
    const found = await this.shower.events(ctx, path, 0, listing);
    // Behind the last one a page is empty: gophercloud goes on until it is.
    if (found.rows.length === 0 && listing.marker === null) throw new HeatNotFound(`No events found for resource ${ident}`);
    return { events: found.rows.map((row) => eventView(url, row, found, false)) };
  }

  @Get('resources/:resource/events/:event')
  @Endpoint(reads('Show an event'))
  async event(
    @Ctx() ctx: RequestContext,
    @FaceUrl() url: string,
    @Path() path: StackPath,
    @Param('resource') ident: string,
    @Param('event') event: string,
  ): Promise<object> {
    const id = eventNumber(event);
    const listing = { ...eventListing({}), id: id ?? 0, limit: 1 };
    const found = await this.shower.events(ctx, path, 1, listing);
    const shown = found.rows
      .map((row) => eventView(url, row, found, false, true))
      .find((one_) => one_['resource_name'] === ident);
    if (!shown) throw new HeatNotFound(`No event ${event} found`);
    return { event: shown };
  }
}

function matching(query: HeatQuery): (resource: HeatResource) => boolean {
  const { actions, statuses } = stateFilter(query, ['status'], 'action');
  const [types, names, ids] = [
    many(query, 'type'),
    many(query, 'name'),
    many(query, 'physical_resource_id') ?? many(query, 'id'),
  ];
  return ({ status, type, name, physicalId }) =>
    (actions?.includes(status.split('_', 1)[0] ?? '') ?? true) &&
    (statuses?.includes(status.slice(status.indexOf('_') + 1)) ?? true) &&
    (types?.includes(type) ?? true) &&
    (names?.includes(name) ?? true) &&
    (ids?.includes(physicalId) ?? true);
}

type Listing = Omit<Parameters<ShowStack['events']>[3], 'id'>;

function eventListing(query: HeatQuery): Listing {
  const { actions, statuses } = stateFilter(query, ['resource_status'], 'resource_action');
  return {
    actions,
    statuses,
    resources: many(query, 'resource_name'),
    types: many(query, 'resource_type'),
    marker: eventNumber(one(query, 'marker')),
    limit: Math.min(wholeNumber(query, 'limit') || MOST_EVENTS, MOST_EVENTS),
    sortDir: one(query, 'sort_dir') === 'asc' ? 'asc' : 'desc',
  };
}

const eventNumber = (text: string | null): number | null => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null);
