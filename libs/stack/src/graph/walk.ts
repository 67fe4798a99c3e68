import type { Direction, Graph } from './graph.js';

/** A visitor's place among those that work at the same time. */
export interface Slot {
  /** Gives the place to others while only waiting, and takes one again before going on. */
  rest<T>(wait: () => Promise<T>): Promise<T>;
}

export interface WalkOptions {
  readonly direction: Direction;
  /** Resolves when the node is done; rejects when it failed. Never called for a node twice. */
  readonly visit: (name: string, slot: Slot) => Promise<void>;
  /** How many visitors work at the same time; those that rest do not count. */
  readonly concurrency?: number;
  /** After a failure: begin nothing more, or go on with what does not depend on it. Default `stop`. */
  readonly onFailure?: 'stop' | 'continue';
  /** Begin nothing more. Visitors under way look at the signal themselves. */
  readonly signal?: AbortSignal;
}

export interface WalkReport {
  readonly completed: readonly string[];
  /** Root causes only, in the order in which they came: a node that was not started because another one failed is not here. */
  readonly failed: ReadonlyMap<string, unknown>;
  readonly notStarted: readonly string[];
  readonly aborted: boolean;
}

export interface WalkState {
  /** Visited just now, resting or not. */
  readonly underWay: readonly string[];
  /** Could begin, but for the bound. */
  readonly queued: readonly string[];
  readonly completed: number;
  readonly total: number;
}

export interface Walk {
  /** Never rejects: resolves when every visitor that was started has ended. */
  readonly finished: Promise<WalkReport>;
  /** What it waits for now. */
  state(): WalkState;
  /** The unfinished nodes that stand directly before `name`. */
  blockers(name: string): readonly string[];
}

const DEFAULT_CONCURRENCY = 64;

/** Visits every node of the graph, each the moment all before it are done. O(nodes + edges). */
export function walk(graph: Graph, options: WalkOptions): Walk {
  const { direction, visit, concurrency = DEFAULT_CONCURRENCY, onFailure = 'stop', signal } = options;
  const missing = new Map<string, number>();
  const ready: string[] = [];
  const underWay = new Set<string>();
  const completed = new Set<string>();
  const failed = new Map<string, unknown>();
  /** Rested, and wants to go on: before anything new begins, so that what has begun ends soon. */
  const returning = new Queue<() => void>();
  let cursor = 0;
  let working = 0;
  let advancing = false;
  let aborted = signal?.aborted ?? false;

  for (const name of graph.names) {
    const count = graph.before(name, direction).length;
    missing.set(name, count);
    if (count === 0) ready.push(name);
  }

  const slot: Slot = {
    rest: async (wait) => {
      working--;
      advance();
      try {
        return await wait();
      } finally {
        if (working < concurrency) working++;
        else await new Promise<void>((resolve) => returning.push(resolve));
      }
    },
  };

  let finish!: (report: WalkReport) => void;
  const finished = new Promise<WalkReport>((resolve) => (finish = resolve));
  const mayBegin = (): boolean => !aborted && (onFailure === 'continue' || failed.size === 0);

  function advance(): void {
    // A visitor may rest before its first await: then this is inside of the loop below, which goes on by itself.
    if (advancing) return;
    advancing = true;
    while (working < concurrency) {
      const back = returning.shift();
      if (back) {
        working++;
        back();
      } else if (cursor < ready.length && mayBegin()) {
        begin(ready[cursor++] as string);
      } else break;
    }
    advancing = false;
    if (underWay.size === 0 && (cursor === ready.length || !mayBegin())) end();
  }

  function begin(name: string): void {
    working++;
    underWay.add(name);
    started(name)
      .then(
        () => {
          completed.add(name);
          for (const next of graph.after(name, direction)) {
            const left = (missing.get(next) ?? 0) - 1;
            missing.set(next, left);
            if (left === 0) ready.push(next);
          }
        },
        (error: unknown) => void failed.set(name, error),
      )
      .finally(() => {
        underWay.delete(name);
        working--;
        advance();
      });
  }

  const started = async (name: string): Promise<void> => visit(name, slot);

  function end(): void {
    signal?.removeEventListener('abort', abort);
    const notStarted = graph.names.filter((name) => !completed.has(name) && !failed.has(name));
    finish({ completed: [...completed], failed, notStarted, aborted });
  }

  function abort(): void {
    aborted = true;
    advance();
  }
  signal?.addEventListener('abort', abort, { once: true });
  advance();

  return {
    finished,
    state: () => ({ underWay: [...underWay], queued: ready.slice(cursor), completed: completed.size, total: graph.size }),
    blockers: (name) => graph.before(name, direction).filter((before) => !completed.has(before)),
  };
}

/** First in, first out, without moving everything at each step. */
class Queue<T> {
  private items: T[] = [];
  private head = 0;

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head++];
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}
