import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Latencies } from './latencies.js';
import { Store } from './store/store.js';
import { Transitions } from './store/transitions.js';
import { Timings } from './timings.js';

/** What all services of one simulated cloud share. */
export class Cloud {
  readonly transitions: Transitions;
  readonly timings = new Timings();

  constructor(
    readonly store: Store,
    readonly latencies: Latencies,
    /** `http://127.0.0.1:<port>`, known once the listener is bound. */
    public baseUrl: string,
    readonly region: string,
  ) {
    this.transitions = new Transitions(store);
  }

  /** The configured time for `what`, with the factor. */
  time(what: Exclude<keyof Latencies, 'factor'>): number {
    return this.latencies[what] * this.latencies.factor;
  }

  /** Lets `kind` happen to `target` after the time for `what`. */
  later(kind: string, target: string, what: Exclude<keyof Latencies, 'factor'>): void {
    this.transitions.schedule(kind, target, this.time(what));
  }
}

/** An id as Nova, Neutron, Cinder, Glance and Octavia make them. */
export const newId = (): string => randomUUID();

/** An id as Keystone makes them: 32 hex digits. */
export const newHexId = (): string => randomBytes(16).toString('hex');

/** `2026-01-02T03:04:05Z` */
export const nowSeconds = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/** `2026-01-02T03:04:05.678000`, Cinder's spelling. */
export const nowMicros = (): string => `${new Date().toISOString().slice(0, 23)}000`;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
