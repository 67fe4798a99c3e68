import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { RequestContext } from '#libs/domain';
import { EventFeedRepository, type EventEntity, type EventFilter, type EventPage } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { FindKnownCluster } from '../history/known-cluster.js';
import { EventStreams } from './event-streams.js';

/** How long a page waits for what is committed and cannot be told yet: an older transaction has mostly ended by then. */
const PATIENCE_MS = 500;
const AGAIN_MS = 20;

/** The events of a cluster, as a page or as a stream. They outlive it. */
@Injectable()
export class FollowEvents {
  constructor(
    private readonly known: FindKnownCluster,
    private readonly feed: EventFeedRepository,
    private readonly streams: EventStreams,
  ) {}

  /** @param after number of the last event seen */
  async page(
    ctx: RequestContext,
    ident: string,
    after: number,
    limit: number,
    filter: EventFilter,
  ): Promise<readonly EventEntity[]> {
    const { scope, uuid } = await this.known.run(ctx, ident, 'too');
    const position = await this.feed.positionAfter(uuid, after);
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const page: EventPage = await this.feed.page(scope, uuid, position, limit, filter);
      if (!page.held || page.rows.length === limit || Date.now() >= until) return page.rows;
      await sleep(AGAIN_MS);
    }
  }

  /** @returns null: the cluster is gone, and there is nothing to tell any more */
  async stream(ctx: RequestContext, ident: string, after: number, filter: EventFilter): Promise<Readable | null> {
    const { scope, uuid, cluster } = await this.known.run(ctx, ident, 'too');
    const position = await this.feed.positionAfter(uuid, after);
    if (!cluster) {
      const { rows, held } = await this.feed.page(scope, uuid, position, 1, filter);
      if (rows.length === 0 && !held) return null;
    }
    const projectId = ctx.projectId ?? ctx.userId;
    return this.streams.begin({ scope, clusterUuid: uuid, projectId, after: position, filter });
  }
}
