import { createDataSource, PreparedClient, type Database } from '#libs/db';
import type pg from 'pg';
import type { SimulatedProcess } from './simulated-process.js';

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

/** The fewest that a process may have: work that needs another one inside of its transaction would stand still. */
const POOL = 2;

/**
 * The conductor's connections to Postgres: real ones. Each commit is a call, and so is each write outside of a transaction.
 * @param left where those go that have nothing under way when the process ends, for the next process
 */
export async function openGatedDatabase(url: string, process: SimulatedProcess, left: LeftConnections): Promise<Database> {
  const source = createDataSource({ DATABASE_URL: url, DATABASE_POOL_SIZE: POOL, DATABASE_WAIT_SECONDS: 10 }, process.name);
  const { extra } = source.options as { extra?: object };
  function Client(config: pg.ClientConfig): GatedClient {
    const client = left.take() ?? new GatedClient(config, left);
    client.serve(process);
    return client;
  }
  source.setOptions({ extra: { ...extra, Client } });
  return source.initialize();
}

/**
 * Connections that ended processes had idle. Postgres cannot tell one that goes on from one that is closed and opened again;
 * but a new one has everything to plan anew, which costs as much as the rest of a run.
 */
export class LeftConnections {
  private readonly idle: GatedClient[] = [];

  take(): GatedClient | undefined {
    return this.idle.shift();
  }

  put(client: GatedClient): void {
    this.idle.push(client);
  }

  has(client: GatedClient): boolean {
    return this.idle.includes(client);
  }

  close(): void {
    for (const client of this.idle.splice(0)) client.cut();
  }
}

/** How long a dead process's connection may wait to be given back: whoever has it in hand then does not give it back. */
const GIVEN_BACK_MS = 2_000;

type Done = (error?: Error) => void;

class GatedClient extends PreparedClient {
  private readonly plain: Query;
  private state: 'new' | 'connected' | 'lost' = 'new';
  private process!: SimulatedProcess;
  /** Statements under way. */
  private active = 0;
  /** Null: no transaction is open. */
  private writes: string[] | null = null;

  constructor(
    config: pg.ClientConfig,
    private readonly left: LeftConnections,
  ) {
    super(config);
    const prepared = this.query.bind(this) as unknown as Query;
    this.plain = async (text, values) => {
      this.active++;
      try {
        return await prepared(text, values);
      } finally {
        this.active--;
      }
    };
    Object.assign(this, { query: (text: string, values?: readonly unknown[]) => this.gated(text, values) });
  }

  /** From here on it is this process's. */
  serve(process: SimulatedProcess): void {
    this.process = process;
    this.removeAllListeners('error');
    // The pool hears of an idle connection's end, a query under way of its own; this is for the moment between.
    this.on('error', () => (this.state = 'lost'));
    process.onDeath(() => {
      if (this.active > 0 || this.writes) this.cut();
      else setTimeout(() => this.process === process && !this.left.has(this) && this.cut(), GIVEN_BACK_MS).unref();
    });
  }

  /** As when the process at its other end is gone. */
  cut(): void {
    this.state = 'lost';
    (this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  override connect(): Promise<this>;
  override connect(done: Done): void;
  override connect(done?: Done): unknown {
    if (!done) throw new Error('only pools connect it');
    if (this.state === 'connected') return process.nextTick(done);
    return super.connect((error?: Error) => {
      if (!error) this.state = 'connected';
      done(error);
    });
  }

  override end(): Promise<void>;
  override end(done: Done): void;
  override end(done?: Done): unknown {
    if (!done) throw new Error('only pools end it');
    if (this.state !== 'connected' || this.active > 0 || this.writes) return super.end(done);
    this.left.put(this);
    return process.nextTick(done);
  }

  private gated(text: string, values: readonly unknown[] | undefined): Promise<unknown> {
    const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? '';
    const send = (): Promise<unknown> => this.plain(text, values);
    if (word === 'START' || word === 'BEGIN') {
      this.writes = [];
      return this.process.live(send);
    }
    if (word === 'ROLLBACK') return this.process.live(send).finally(() => (this.writes = null));
    if (word === 'COMMIT') {
      const key = [...new Set(this.writes ?? [])].toSorted().join('+');
      const over = (): void => void (this.writes = null);
      return (key === '' ? this.process.live(send) : this.commit(key, send)).finally(over);
    }
    const write = writeOf(text);
    if (write === undefined) return this.process.live(send);
    if (!this.writes) return this.commit(write, send);
    this.writes.push(write);
    return this.process.live(send);
  }

  private commit(key: string, send: () => Promise<unknown>): Promise<unknown> {
    return this.process.call('database', key, async (fault) => {
      if (fault === 'serialization') {
        await this.plain('ROLLBACK');
        throw Object.assign(new Error('could not serialize access (simulated)'), { code: '40001' });
      }
      if (fault === 'lost-before') this.cut();
      const answer = await send();
      if (fault !== 'lost-after') return answer;
      this.cut();
      throw new Error('Connection terminated unexpectedly');
    });
  }
}

/** `insert events`; undefined for reads, and for the renewal of leases, which comes with time and not with the work. */
function writeOf(text: string): string | undefined {
  const [, verb, table] = /\b(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)/i.exec(text) ?? [];
  if (!verb || !table || /^\s*SELECT/i.test(text)) return undefined;
  if (table === 'leases') {
    if (text.includes('unnest')) return undefined;
    return verb.toUpperCase() === 'INSERT INTO' ? 'take the lease' : 'release the lease';
  }
  return `${verb.split(' ')[0]?.toLowerCase()} ${table}`;
}
