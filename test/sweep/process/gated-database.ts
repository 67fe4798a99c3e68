import { createDataSource, PreparedClient, type Database } from '#libs/db';
import type pg from 'pg';
import type { SimulatedProcess } from './simulated-process.js';

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

/** The fewest that a process may have: work that needs another one inside of its transaction would stand still. */
const POOL = 2;

/** The conductor's connections to Postgres: real ones. Each commit is a call, and so is each write outside of a transaction. */
export async function openGatedDatabase(url: string, process: SimulatedProcess): Promise<Database> {
  const source = createDataSource({ DATABASE_URL: url, DATABASE_POOL_SIZE: POOL, DATABASE_WAIT_SECONDS: 10 }, process.name);
  const { extra } = source.options as { extra?: object };
  source.setOptions({ extra: { ...extra, Client: gatedClient(process) } });
  return source.initialize();
}

function gatedClient(process: SimulatedProcess): typeof pg.Client {
  return class GatedClient extends PreparedClient {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      const plain = this.query.bind(this) as unknown as Query;
      const cut = (): void => streamOf(this).destroy();
      // The pool hears of an idle connection's end, a query under way of its own; this is for the moment between.
      this.on('error', () => undefined);
      process.onDeath(cut);
      Object.assign(this, { query: gate(process, plain, cut) });
    }
  };
}

function gate(process: SimulatedProcess, plain: Query, cut: () => void): Query {
  /** Null: no transaction is open. */
  let writes: string[] | null = null;
  return (text, values) => {
    const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? '';
    const send = (): Promise<unknown> => plain(text, values);
    if (word === 'START' || word === 'BEGIN') {
      writes = [];
      return process.live(send);
    }
    if (word === 'ROLLBACK') {
      writes = null;
      return process.live(send);
    }
    if (word === 'COMMIT') {
      const key = [...new Set(writes ?? [])].toSorted().join('+');
      writes = null;
      return key === '' ? process.live(send) : commit(process, key, plain, send, cut);
    }
    const write = writeOf(text);
    if (write === undefined) return process.live(send);
    if (!writes) return commit(process, write, plain, send, cut);
    writes.push(write);
    return process.live(send);
  };
}

function commit(
  process: SimulatedProcess,
  key: string,
  plain: Query,
  send: () => Promise<unknown>,
  cut: () => void,
): Promise<unknown> {
  return process.call('database', key, async (fault) => {
    if (fault === 'serialization') {
      await plain('ROLLBACK');
      throw Object.assign(new Error('could not serialize access (simulated)'), { code: '40001' });
    }
    if (fault === 'lost-before') cut();
    const answer = await send();
    if (fault !== 'lost-after') return answer;
    cut();
    throw new Error('Connection terminated unexpectedly');
  });
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

function streamOf(client: pg.Client): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}
