import { absent } from '../collection.js';
import type { Clock } from '../retry.js';
import type { ObserveOptions, Server } from './server.js';

/** How servers are looked at. */
export interface ServerLook {
  /** All whose names begin so. */
  list(namePrefix: string): Promise<Server[]>;
  get(id: string, signal: AbortSignal | undefined): Promise<Server>;
}

interface Waiter {
  readonly id: string;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (server: Server | null) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  waiters: Waiter[];
  lastBegan: number;
  lastTookMs: number;
}

/** From here a list costs less than a GET for each. */
const LIST_FROM = 3;
const ONES_AT_ONCE = 16;
/** How long the first waiter of a round waits for company. */
const GATHER_MS = 20;
const SECOND_LOOK_MS = 2_000;
/** Who wakes up later than this was stopped; others then learn first whether those who wait still may. */
const LATE_MS = 1_000;

/**
 * Lets thousands wait for servers at the cost of one list per interval. A slow cloud is asked less often: the pause
 * between two lists is at least twice what the last one took.
 *
 *   observe ─┐
 *   observe ─┼─> round: one list for all ─> those it shows are answered
 *   observe ─┘                          └─> the rest: GET each ─> server or null
 */
export class ServerObserver {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly look: ServerLook,
    private readonly clock: Clock,
    private readonly intervalMs = 500,
  ) {}

  async observe(id: string, options: ObserveOptions): Promise<Server | null> {
    const { namePrefix, signal } = options;
    signal?.throwIfAborted();
    const server = namePrefix ? await this.queue(id, namePrefix, signal) : await this.ask(id, signal);
    if (server !== null || !options.askTwice) return server;
    await this.rest(SECOND_LOOK_MS, signal);
    return this.ask(id, signal);
  }

  /** A pause; a second one when the process was stopped meanwhile. */
  private async rest(ms: number, signal?: AbortSignal): Promise<void> {
    const begun = this.clock.now();
    await this.clock.sleep(ms, signal);
    if (this.clock.now() - begun - ms > LATE_MS) await this.clock.sleep(LATE_MS, signal);
  }

  private ask(id: string, signal: AbortSignal | undefined): Promise<Server | null> {
    return absent(this.look.get(id, signal));
  }

  private queue(id: string, prefix: string, signal: AbortSignal | undefined): Promise<Server | null> {
    return new Promise<Server | null>((resolve, reject) => {
      const stop = (): void => reject(signal?.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
      const settled = (): void => signal?.removeEventListener('abort', stop);
      this.join(prefix, {
        id,
        signal,
        resolve: (server) => (settled(), resolve(server)),
        reject: (error) => (settled(), reject(error)),
      });
    });
  }

  private join(prefix: string, waiter: Waiter): void {
    let group = this.groups.get(prefix);
    if (!group) {
      group = { waiters: [], lastBegan: Number.NEGATIVE_INFINITY, lastTookMs: 0 };
      this.groups.set(prefix, group);
    }
    group.waiters.push(waiter);
    if (group.waiters.length === 1) void this.round(prefix, group);
  }

  /** Never rejects: what fails is told to those who wait. */
  private async round(prefix: string, group: Group): Promise<void> {
    const pause = Math.max(this.intervalMs, 2 * group.lastTookMs);
    const due = group.lastBegan + pause - this.clock.now();
    await this.rest(Math.max(GATHER_MS, due));
    // Those who were told to stop have their answer.
    const waiters = group.waiters.filter((waiter) => !waiter.signal?.aborted);
    group.waiters = [];
    group.lastBegan = this.clock.now();
    try {
      const ids = new Set(waiters.map(({ id }) => id));
      const shown = ids.size < LIST_FROM ? new Map<string, Server>() : await this.listed(prefix);
      const missing = waiters.filter((waiter) => {
        const server = shown.get(waiter.id);
        if (server) waiter.resolve(server);
        return !server;
      });
      await inTurns(missing, ONES_AT_ONCE, (waiter) => this.one(waiter));
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
    }
    group.lastTookMs = this.clock.now() - group.lastBegan;
    if (group.waiters.length === 0 && this.groups.get(prefix) === group) this.forgetLater(prefix, group);
  }

  /** The pace is kept for a while for those who come back, then forgotten. */
  private forgetLater(prefix: string, group: Group): void {
    const timer = setTimeout(() => {
      if (group.waiters.length === 0 && this.clock.now() - group.lastBegan >= 60_000) this.groups.delete(prefix);
    }, 60_000);
    timer.unref();
  }

  private async listed(prefix: string): Promise<Map<string, Server>> {
    const servers = await this.look.list(prefix);
    return new Map(servers.map((server) => [server.id, server]));
  }

  private async one(waiter: Waiter): Promise<void> {
    try {
      waiter.resolve(await this.ask(waiter.id, undefined));
    } catch (error) {
      waiter.reject(error);
    }
  }
}

async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, queue.length) }, worker));
}
