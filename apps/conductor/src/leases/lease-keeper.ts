import { randomUUID } from 'node:crypto';
import type { Lease, LeasesRepository } from '#libs/db';
import type { Logger } from 'pino';
import { LeaseLost } from '../operations/stop-reasons.js';

export interface HeldLease {
  readonly lease: Lease;
  /** Fires when the lease is gone, or cannot be said to be held any more. */
  readonly signal: AbortSignal;
  /** Gives it back; others may take it at once. */
  release(): Promise<void>;
}

interface Entry {
  readonly lease: Lease;
  readonly controller: AbortController;
  confirmedAt: number;
}

/** Holds this process' leases: one statement renews them all, three times within their life. */
export class LeaseKeeper {
  readonly #held = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly leases: Pick<LeasesRepository, 'acquire' | 'renew' | 'release'>,
    private readonly conductorName: string,
    private readonly ttlMs: number,
    private readonly log: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.renew(), this.ttlMs / 3);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Null while somebody else's lease lives. */
  async acquire(name: string): Promise<HeldLease | null> {
    const askedAt = this.now();
    const lease = await this.leases.acquire(name, `${this.conductorName}/${randomUUID()}`, this.ttlMs);
    if (!lease) return null;
    const entry: Entry = { lease, controller: new AbortController(), confirmedAt: askedAt };
    this.#held.set(lease.owner, entry);
    return {
      lease,
      signal: entry.controller.signal,
      release: async () => {
        if (!this.#held.delete(lease.owner)) return;
        await this.leases.release(lease);
      },
    };
  }

  /** Renews all; drops the ones that passed on, and after a whole life without an answer those that may have. */
  async renew(): Promise<void> {
    const mine = [...this.#held.values()];
    if (mine.length === 0) return;
    const askedAt = this.now();
    try {
      const held = await this.leases.renew(
        mine.map((entry) => entry.lease),
        this.ttlMs,
      );
      for (const entry of mine) {
        if (held.has(entry.lease.owner)) entry.confirmedAt = askedAt;
        else this.#lose(entry);
      }
    } catch (error) {
      this.log.warn({ error: String(error) }, 'renewing leases failed');
      for (const entry of mine) if (this.now() - entry.confirmedAt >= this.ttlMs) this.#lose(entry);
    }
  }

  #lose(entry: Entry): void {
    if (!this.#held.delete(entry.lease.owner)) return;
    this.log.warn({ lease: entry.lease.name, epoch: entry.lease.epoch }, 'a lease has passed to someone else');
    entry.controller.abort(new LeaseLost());
  }
}
