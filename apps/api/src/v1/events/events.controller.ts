import type { Readable } from 'node:stream';
import type { RequestContext } from '#libs/domain';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { eventQuery, filterOf, lastEventId, wantsStream, type EventQuery } from './event-query.js';
import { eventListView, toEventView } from './event.view.js';
import { FollowEvents } from './follow-events.js';

/** What happens to a cluster: operations, resources, nodes. */
@Controller('v1/clusters/:cluster/events')
export class EventsController {
  constructor(private readonly follow: FollowEvents) {}

  @Get()
  @Endpoint({
    rules: ['cluster:get'],
    tag: 'Progress',
    summary: 'Follow the events of a cluster',
    description:
      'A page: ask again with the `after` of the answer to see what is new. With `Accept: text/event-stream` a live stream, as browsers’ ' +
      'EventSource reads it: it goes on from the header `Last-Event-ID`, says `event: end` when the cluster is gone, and is ended by us now ' +
      'and then: come again. 204: the cluster is gone and all is told. No event is ever left out. Events of a deleted cluster are kept under its uuid.',
    success: 200,
    answer: eventListView,
    errors: {
      400: 'A parameter cannot be taken',
      404: 'No such cluster that the caller may see',
      409: 'Several clusters have this name: use the uuid',
      429: 'The project, or this process, has as many streams as it may',
    },
  })
  async events(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: eventQuery }) given: EventQuery,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof eventListView> | Readable | undefined> {
    const filter = filterOf(given);
    if (wantsStream(headers['accept'])) {
      const after = lastEventId(headers['last-event-id']) ?? given.after;
      const stream = await this.follow.stream(ctx, ident, after, filter);
      if (!stream) {
        void reply.code(204);
        return undefined;
      }
      void reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      return stream;
    }
    const rows = await this.follow.page(ctx, ident, given.after, given.limit, filter);
    return { events: rows.map(toEventView), after: rows.at(-1)?.id ?? given.after };
  }
}
