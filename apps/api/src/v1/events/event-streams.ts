import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Settings } from '#libs/config';
import { EventFeedRepository, Signals, type EventFilter, type EventPosition } from '#libs/db';
import type { Scope } from '#libs/domain';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { TooManyStreams } from '../../http/http-errors.js';
import { LOGGER, SETTINGS } from '../../tokens.js';
import { toEventView } from './event.view.js';

const PAGE = 200;
/** Proxies end a line that says nothing. */
const HEARTBEAT_MS = 15_000;
/** What waits for an older transaction is looked for again after this time, and then less often. */
const FIRST_AGAIN_MS = 25;
const LAST_AGAIN_MS = 500;
/** As long as the shortest tokens: then the client comes again with its `Last-Event-ID`, and is asked who it is. */
const LONGEST_MS = 30 * 60_000;
const RETRY_MS = 1_000;

/** What a stream tells. */
export interface Followed {
  readonly scope: Scope;
  readonly clusterUuid: string;
  readonly projectId: string;
  readonly after: EventPosition;
  readonly filter: EventFilter;
}

/**
 * Live streams of events, `text/event-stream` as the HTML standard has it. Woken by the database, never by the clock: the
 * heartbeat looks too, in case a nudge was lost. A client that reads slowly is asked for no more than it takes: the next page
 * is read when the last one has gone.
 */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  private readonly open = new Map<Readable, string>();

  constructor(
    private readonly feed: EventFeedRepository,
    private readonly signals: Signals,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** @throws TooManyStreams this process, or the caller's project, has as many as it may */
  async begin(followed: Followed): Promise<Readable> {
    const { projectId } = followed;
    const { EVENT_STREAMS: most, EVENT_STREAMS_PER_PROJECT: mostOfProject } = this.settings;
    const own = [...this.open.values()].filter((one) => one === projectId).length;
    if (this.open.size >= most || own >= mostOfProject) throw new TooManyStreams();
    const closed = new AbortController();
    const stream = Readable.from(this.tell(followed, closed.signal), { objectMode: false, highWaterMark: 16 * 1024 });
    // Its end waits for the generator, which waits for news: it is woken first.
    const end = stream._destroy.bind(stream);
    stream._destroy = (error, callback) => {
      closed.abort();
      end(error, callback);
    };
    this.open.set(stream, projectId);
    const timer = setTimeout(() => closed.abort(), LONGEST_MS).unref();
    stream.once('close', () => {
      clearTimeout(timer);
      this.open.delete(stream);
      closed.abort();
    });
    stream.once('error', (error) => this.log.warn({ error: String(error) }, 'a stream of events broke off'));
    await this.signals.listen('events');
    return stream;
  }

  /** Whoever shuts down lets nobody wait: the clients come again, to another process. */
  async onModuleDestroy(): Promise<void> {
    const streams = [...this.open.keys()];
    const closed = streams.map((stream) => once(stream, 'close'));
    for (const stream of streams) stream.destroy();
    await Promise.allSettled(closed);
  }

  private async *tell({ scope, clusterUuid, after, filter }: Followed, closed: AbortSignal): AsyncGenerator<string> {
    let wake: () => void = () => undefined;
    let news = true;
    const nudged = (): void => {
      news = true;
      wake();
    };
    const stop = this.signals.on('events', (uuid) => (uuid === null || uuid === clusterUuid) && nudged());
    closed.addEventListener('abort', nudged, { once: true });
    try {
      yield `retry: ${RETRY_MS}\n\n`;
      let position = after;
      for (let againMs = FIRST_AGAIN_MS; !closed.aborted;) {
        news = false;
        const alive = await this.feed.isAlive(clusterUuid);
        const page = await this.feed.page(scope, clusterUuid, position, PAGE, filter);
        position = page.position;
        if (page.rows.length > 0) {
          againMs = FIRST_AGAIN_MS;
          yield page.rows.map((row) => message(row.id, row.type, toEventView(row))).join('');
          if (page.rows.length === PAGE) continue;
        }
        if (!alive && !page.held) {
          yield message(null, 'end', { cluster_uuid: clusterUuid });
          return;
        }
        const ms = page.held ? againMs : HEARTBEAT_MS;
        againMs = page.held ? Math.min(LAST_AGAIN_MS, againMs * 2) : FIRST_AGAIN_MS;
        if (news) continue;
        const slept = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), ms);
          wake = () => {
            clearTimeout(timer);
            resolve(false);
          };
        });
        if (slept && !page.held) yield ': \n\n';
      }
    } finally {
      stop();
      closed.removeEventListener('abort', nudged);
    }
  }
}

/** One message; JSON has no line breaks of its own. */
function message(id: number | null, type: string, data: object): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
