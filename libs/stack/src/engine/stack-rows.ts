import type { NewResource, StackResourceRecord } from '#libs/db';
import { isRetired, logicalNameOf } from './row-names.js';

/** A resource's row as its walker knows it. */
export type Row = { -readonly [K in keyof StackResourceRecord]: StackResourceRecord[K] };
export type RowChange = Partial<Omit<Row, 'uuid' | 'type' | 'physicalName' | 'revision'>>;

/** The rows of one stack as they were committed last, by name and by the name that they were retired from. */
export class StackRows {
  readonly byName: Map<string, Row>;
  private readonly retired = new Map<string, Set<Row>>();

  constructor(loaded: readonly StackResourceRecord[]) {
    this.byName = new Map(loaded.map((row) => [row.name, { ...row }]));
    for (const row of this.byName.values()) this.noteRetired(row);
  }

  /** Rows whose place the one of this name has taken. A thousand resources ask: no walk over all rows. */
  retiredOf(logicalName: string): readonly Row[] {
    return [...(this.retired.get(logicalName) ?? [])];
  }

  /** Its change has been committed. */
  keep(row: Row, change: RowChange): void {
    if (change.name !== undefined) this.leave(row);
    Object.assign(row, change, { revision: row.revision + 1 });
    this.byName.set(row.name, row);
    this.noteRetired(row);
  }

  leave(row: Row): void {
    this.byName.delete(row.name);
    const name = logicalNameOf(row.name);
    const retired = this.retired.get(name);
    if (retired?.delete(row) && retired.size === 0) this.retired.delete(name);
  }

  admit(added: NewResource): Row {
    const row: Row = {
      ...added,
      requires: [...added.requires],
      action: 'INIT',
      status: 'COMPLETE',
      statusReason: null,
      physicalId: null,
      attributes: {},
      definition: null,
      attempts: 0,
      revision: 1,
    };
    this.byName.set(row.name, row);
    return row;
  }

  private noteRetired(row: Row): void {
    if (!isRetired(row.name)) return;
    const name = logicalNameOf(row.name);
    this.retired.set(name, (this.retired.get(name) ?? new Set()).add(row));
  }
}
