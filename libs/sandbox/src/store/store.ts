import type { Journal } from './journal.js';
import { Table } from './table.js';
import type { Mutation, MutationLog, Row } from './table.js';

const rowsPerLine = 200;
const compactionFloorBytes = 64 << 20;

/** All tables of the cloud. Everything happens in units: wholly, or (when the unit throws) not at all. */
export class Store implements MutationLog {
  private readonly tables = new Map<string, Table<Row>>();
  private readonly listeners = new Set<(tables: ReadonlySet<string>) => void>();
  private unitOpen = false;
  private mutations: Mutation[] = [];
  private undos: (() => void)[] = [];
  private afterwards: (() => void)[] = [];
  private compactedBytes = 0;

  /** @param journal undefined keeps everything in memory only */
  constructor(private readonly journal?: Journal) {}

  table<T extends Row>(name: string, indexed: readonly (keyof T & string)[] = []): Table<T> {
    if (this.tables.has(name)) throw new Error(`table ${name} exists`);
    const table = new Table<T>(name, this, indexed);
    this.tables.set(name, table as unknown as Table<Row>);
    return table;
  }

  tableNamed(name: string): Table<Row> | undefined {
    return this.tables.get(name);
  }

  allTables(): IterableIterator<Table<Row>> {
    return this.tables.values();
  }

  /** Reads the journal and shortens it. Call once, when all tables are declared. */
  open(): void {
    if (this.journal === undefined) return;
    this.journal.replay((unit) => {
      for (const [verb, name, id, data] of unit) this.tables.get(name)?.replay(verb, id, data);
    });
    this.compact();
  }

  close(): void {
    this.journal?.close();
  }

  /** Runs `work`; if it throws, takes back what it did. Units do not nest: an inner one joins the outer one. */
  unit<R>(work: () => R): R {
    if (this.unitOpen) return work();
    this.unitOpen = true;
    let result: R;
    try {
      result = work();
    } catch (error) {
      for (const undo of this.undos.reverse()) undo();
      this.end();
      throw error;
    }
    const { mutations, afterwards } = this;
    this.end();
    if (mutations.length > 0) {
      this.journal?.append(mutations);
      if (this.listeners.size > 0) {
        const touched = new Set(mutations.map((mutation) => mutation[1]));
        for (const listener of this.listeners) listener(touched);
      }
    }
    for (const action of afterwards) action();
    if (this.journal !== undefined && this.journal.size > Math.max(compactionFloorBytes, 4 * this.compactedBytes)) this.compact();
    return result;
  }

  /** Once the open unit has succeeded, runs `action`. */
  afterUnit(action: () => void): void {
    if (this.unitOpen) this.afterwards.push(action);
    else action();
  }

  /** Calls `listener` with the names of the tables touched by each unit. */
  onChange(listener: (tables: ReadonlySet<string>) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  record(mutation: Mutation, undo: () => void): void {
    this.undos.push(undo);
    if (!this.unitOpen) {
      undo();
      this.end();
      throw new Error(`${mutation[0]} ${mutation[1]} outside of a unit`);
    }
    this.mutations.push(mutation);
  }

  private end(): void {
    this.unitOpen = false;
    this.mutations = [];
    this.undos = [];
    this.afterwards = [];
  }

  private compact(): void {
    this.journal?.rewrite(this.snapshot());
    this.compactedBytes = this.journal?.size ?? 0;
  }

  private *snapshot(): Generator<readonly Mutation[]> {
    for (const table of this.tables.values()) {
      let unit: Mutation[] = [];
      for (const row of table.all()) {
        unit.push(['insert', table.name, row.id, row]);
        if (unit.length === rowsPerLine) {
          yield unit;
          unit = [];
        }
      }
      if (unit.length > 0) yield unit;
    }
  }
}
