import { JeroboamError, Superseded } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { isOutdated } from './prepared-client.js';
import { requestWork } from './request-work.js';
import type { Tx } from './tx.js';

export type { Tx } from './tx.js';

/** The right to act, as its holder knows it. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  /** The fencing number. */
  readonly epoch: string;
}

/** serialization_failure, deadlock_detected: the whole unit is run again. */
const AGAIN = new Set(['40001', '40P01']);
const MAX_RUNS = 5;

/** Runs `work` again after a serialization failure, a deadlock or a migration beside it, a few times. */
export async function runAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let run = 1; ; run++) {
    try {
      return await work();
    } catch (error) {
      if (run >= MAX_RUNS || !mayGoWell(error)) throw error;
    }
  }
}

function mayGoWell(error: unknown): boolean {
  const cause = (error as { driverError?: unknown } | null)?.driverError ?? error;
  return AGAIN.has(sqlState(error) ?? '') || isOutdated(cause);
}

export class UnitOfWork {
  constructor(private readonly source: DataSource) {}

  /**
   * Runs `unit` in one transaction; again from its start after a serialization failure or a deadlock, so it must have
   * no effect outside the database.
   */
  async run<T>(unit: (tx: Tx) => Promise<T>): Promise<T> {
    const work = requestWork.getStore();
    return runAgain(() =>
      this.source.transaction(async (manager) => {
        const tx = { manager };
        await work?.begin(tx);
        const result = await unit(tx);
        await work?.end(tx);
        return result;
      }),
    );
  }

  /**
   * As `run`, but only while the lease is still held: its row is locked for key share first, so whoever takes the lease
   * over waits for this transaction, and nothing is written after that.
   * @throws Superseded when someone else has the lease
   */
  async fenced<T>(lease: Lease, unit: (tx: Tx) => Promise<T>): Promise<T> {
    return this.run(async (tx) => {
      const held: unknown[] = await tx.manager.query(`${HELD} FOR KEY SHARE`, leaseKey(lease));
      if (held.length === 0) throw superseded(lease);
      return unit(tx);
    });
  }

  /**
   * As `fenced`, for what can be said in one statement: one round trip instead of four. `sql` follows the CTE `held`
   * ($1 to $3): it writes nothing where that has no row, and returns one row, with a boolean `held`.
   * @throws Superseded when someone else has the lease
   */
  async fencedStatement<T>(lease: Lease, sql: string, parameters: readonly unknown[]): Promise<T> {
    const text = `WITH held AS MATERIALIZED (${HELD} FOR KEY SHARE), ${sql}`;
    const [row] = await runAgain(() => this.source.query<[T & { held: boolean }]>(text, [...leaseKey(lease), ...parameters]));
    if (!row.held) throw superseded(lease);
    return row;
  }
}

const HELD = 'SELECT 1 FROM leases WHERE name = $1 AND owner = $2 AND epoch = $3';

const leaseKey = ({ name, owner, epoch }: Lease): string[] => [name, owner, epoch];

const superseded = ({ name }: Lease): Superseded =>
  new Superseded(`the lease ${name} has passed to someone else`, { lease: name });

/** The SQLSTATE of a database error, or undefined. */
export function sqlState(error: unknown): string | undefined {
  const code =
    (error as { code?: unknown; driverError?: { code?: unknown } } | null)?.driverError?.code ??
    (error as { code?: unknown })?.code;
  return typeof code === 'string' ? code : undefined;
}

export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505';
/** Also 23001: since PostgreSQL 18 that is what ON DELETE RESTRICT says. */
export const isForeignKeyViolation = (error: unknown): boolean => ['23503', '23001'].includes(sqlState(error) ?? '');

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** What node-postgres says without a code. */
const CONNECTION_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * Whether the database, not the statement, is the trouble: away, restarting, failing over, full. The same work may be
 * done later. Errors of other connections never come bare: their libraries wrap them.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof JeroboamError) return false;
  // What TypeORM says when a connection ends between two statements of a transaction.
  if (error.name.endsWith('AlreadyReleasedError')) return true;
  const code = sqlState(error) ?? '';
  // 08 connection, 25006 read only, 25P03 a transaction that was idle for too long, 53 resources, 57 intervention, 58 system; 40 is what the unit of work gave up on.
  if (/^(08|53|57|58|40)...$/.test(code) || code === '25006' || code === '25P03') return true;
  return CONNECTION_CODES.has(code) || CONNECTION_WORDS.test(error.message);
}
