/** What every stored object has. Rows are documents in the wire's own spelling, so that filters, sort keys and `fields` name wire attributes. */
export interface Row {
  readonly id: string;
}

/** One line's worth of change: table, verb, id, and the row (insert) or what changed in it (patch). */
export type Mutation = readonly ['insert' | 'patch' | 'remove', string, string, unknown?];

/** Takes every mutation as it happens, with the way back. */
export interface MutationLog {
  record(mutation: Mutation, undo: () => void): void;
}

type Key = string | number | boolean | null | undefined;

/**
 * Rows of one kind in order of creation, with equality indexes. Rows are never changed in place: a patch makes a new one.
 * Writing is only possible inside `Store.unit`.
 */
export class Table<T extends Row> {
  private readonly rows = new Map<string, T>();
  private readonly indexes = new Map<string, Map<Key, Set<string>>>();
  private readonly watchers: ((before: T | undefined, after: T | undefined) => void)[] = [];

  constructor(
    readonly name: string,
    private readonly log: MutationLog,
    indexed: readonly (keyof T & string)[],
  ) {
    for (const field of indexed) this.indexes.set(field, new Map());
  }

  get size(): number {
    return this.rows.size;
  }

  get(id: string): T | undefined {
    return this.rows.get(id);
  }

  all(): IterableIterator<T> {
    return this.rows.values();
  }

  isIndexed(field: string): boolean {
    return this.indexes.has(field);
  }

  /** Rows whose `field` equals `value`, in order of creation. The field must be indexed. */
  by(field: keyof T & string, value: Key): T[] {
    const found: T[] = [];
    for (const id of this.keys(field, value)) {
      const row = this.rows.get(id);
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  count(field: keyof T & string, value: Key): number {
    return this.keys(field, value).size;
  }

  insert<R extends T>(row: R): R {
    if (this.rows.has(row.id)) throw new Error(`${this.name}: ${row.id} is there already`);
    this.set(row);
    this.log.record(['insert', this.name, row.id, row], () => this.unset(row.id));
    return row;
  }

  patch(id: string, change: Partial<Omit<T, 'id'>>): T {
    const before = this.rows.get(id);
    if (before === undefined) throw new Error(`${this.name}: ${id} is not there`);
    const after = { ...before, ...change };
    this.set(after);
    this.log.record(['patch', this.name, id, change], () => this.set(before));
    return after;
  }

  remove(id: string): void {
    const before = this.rows.get(id);
    if (before === undefined) return;
    this.unset(id);
    this.log.record(['remove', this.name, id], () => this.set(before));
  }

  /** Calls `changed` on every write, its undoing and its replay: for derived state such as used addresses. */
  watch(changed: (before: T | undefined, after: T | undefined) => void): void {
    this.watchers.push(changed);
  }

  /** Repeats a mutation read from the journal. */
  replay(verb: Mutation[0], id: string, data: unknown): void {
    if (verb === 'remove') this.unset(id);
    else if (verb === 'insert') this.set(data as T);
    else {
      const before = this.rows.get(id);
      if (before !== undefined) this.set({ ...before, ...(data as Partial<T>) });
    }
  }

  private keys(field: string, value: Key): ReadonlySet<string> {
    const index = this.indexes.get(field);
    if (index === undefined) throw new Error(`${this.name}: no index on ${field}`);
    return index.get(value) ?? nothing;
  }

  private set(row: T): void {
    const before = this.rows.get(row.id);
    this.rows.set(row.id, row);
    for (const [field, index] of this.indexes) {
      const key = row[field as keyof T] as Key;
      if (before !== undefined) {
        const old = before[field as keyof T] as Key;
        if (old === key) continue;
        unindex(index, old, row.id);
      }
      const ids = index.get(key);
      if (ids === undefined) index.set(key, new Set([row.id]));
      else ids.add(row.id);
    }
    for (const changed of this.watchers) changed(before, row);
  }

  private unset(id: string): void {
    const before = this.rows.get(id);
    if (before === undefined) return;
    this.rows.delete(id);
    for (const [field, index] of this.indexes) unindex(index, before[field as keyof T] as Key, id);
    for (const changed of this.watchers) changed(before, undefined);
  }
}

const nothing: ReadonlySet<string> = new Set();

function unindex(index: Map<Key, Set<string>>, key: Key, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) return;
  ids.delete(id);
  if (ids.size === 0) index.delete(key);
}
