import { randomUUID } from 'node:crypto';
import type { Store } from './store.js';
import type { Row, Table } from './table.js';

interface Transition extends Row {
  readonly kind: string;
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly due: number;
}

/** What will happen later to an object: a server becoming ACTIVE, a load balancer going. On record, so a restart goes on with it. */
export class Transitions {
  private readonly pending: Table<Transition>;
  private readonly handlers = new Map<string, (target: string) => void>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private running = false;

  constructor(private readonly store: Store) {
    this.pending = store.table<Transition>('transitions', ['target']);
  }

  /** Says what `kind` does. It runs in a unit of its own; the target may have gone meanwhile. */
  on(kind: string, handler: (target: string) => void): void {
    if (this.handlers.has(kind)) throw new Error(`transition ${kind} is declared twice`);
    this.handlers.set(kind, handler);
  }

  schedule(kind: string, target: string, afterMs: number): void {
    if (!this.handlers.has(kind)) throw new Error(`transition ${kind} is unknown`);
    const transition = this.pending.insert({ id: randomUUID(), kind, target, due: Date.now() + afterMs });
    this.store.afterUnit(() => this.arm(transition));
  }

  /** Forgets what was to happen to `target`. */
  cancel(target: string): void {
    for (const transition of this.pending.by('target', target)) {
      this.pending.remove(transition.id);
      this.store.afterUnit(() => this.disarm(transition.id));
    }
  }

  isPending(target: string): boolean {
    return this.pending.count('target', target) > 0;
  }

  /** Begins; what was due while nobody ran happens at once. */
  start(): void {
    this.running = true;
    for (const transition of this.pending.all()) this.arm(transition);
  }

  stop(): void {
    this.running = false;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private arm(transition: Transition): void {
    if (!this.running || this.timers.has(transition.id)) return;
    const wait = Math.max(0, transition.due - Date.now());
    this.timers.set(
      transition.id,
      setTimeout(() => this.happen(transition), wait),
    );
  }

  private disarm(id: string): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
  }

  private happen(transition: Transition): void {
    this.timers.delete(transition.id);
    if (this.pending.get(transition.id) === undefined) return;
    this.store.unit(() => {
      this.pending.remove(transition.id);
      this.handlers.get(transition.kind)?.(transition.target);
    });
  }
}
