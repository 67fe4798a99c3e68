import pg from 'pg';
import type { Tx } from './unit-of-work.js';

/**
 * `operations`: something was asked of a cluster. `nodes`: a node of the cluster said something. `events`: the cluster has new
 * events, for who has called `listen`. Payload: cluster uuid.
 */
export type Channel = 'operations' | 'nodes' | 'events';

const STANDARD: readonly Channel[] = ['operations', 'nodes'];

const RECONNECT_MS = 1_000;

/**
 * Nudges between processes by LISTEN/NOTIFY. A nudge may be lost (a connection breaks); whoever waits for one also looks
 * by himself now and then. After a reconnection every listener is called once with `null`: "look at everything".
 */
export class Signals {
  private readonly listeners: Record<Channel, Set<(payload: string | null) => void>> = {
    operations: new Set(),
    nodes: new Set(),
    events: new Set(),
  };
  private readonly channels = new Set<Channel>(STANDARD);
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly databaseUrl: string) {}

  /** Sent when the transaction commits. */
  async notify(tx: Tx, channel: Channel, clusterUuid: string): Promise<void> {
    await tx.manager.query('SELECT pg_notify($1, $2)', [`jeroboam_${channel}`, clusterUuid]);
  }

  /** @returns how to stop listening */
  on(channel: Channel, listener: (clusterUuid: string | null) => void): () => void {
    this.listeners[channel].add(listener);
    return () => this.listeners[channel].delete(listener);
  }

  /** Begins to listen; resolves when the database has confirmed. */
  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl, application_name: 'jeroboam-signals', keepAlive: true });
    client.on('notification', ({ channel, payload }) => this.emit(channel.replace('jeroboam_', '') as Channel, payload ?? null));
    client.on('error', () => this.reconnect(client));
    client.on('end', () => this.reconnect(client));
    this.client = client;
    await client.connect();
    await client.query([...this.channels].map((channel) => `LISTEN jeroboam_${channel}`).join('; '));
  }

  /** Hears this channel too from now on: it is for few, and many speak on it. While the database is away: after it has come back. */
  async listen(channel: Channel): Promise<void> {
    if (this.channels.has(channel)) return;
    this.channels.add(channel);
    try {
      await this.client?.query(`LISTEN jeroboam_${channel}`);
    } catch {
      // The connection is broken: it is made anew with all channels.
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private emit(channel: Channel, payload: string | null): void {
    for (const listener of this.listeners[channel] ?? []) listener(payload);
  }

  private reconnect(broken: pg.Client): void {
    if (this.closed || this.client !== broken) return;
    this.client = undefined;
    this.timer = setTimeout(() => {
      this.start().then(
        () => (Object.keys(this.listeners) as Channel[]).forEach((channel) => this.emit(channel, null)),
        () => this.client && this.reconnect(this.client),
      );
    }, RECONNECT_MS);
  }
}
