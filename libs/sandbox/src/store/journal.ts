import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutation } from './table.js';

/**
 * Mutations of the cloud as lines of JSON, one line per unit of work: a unit is there wholly or not at all.
 * A line is with the kernel before the caller hears of the change, so it outlives a kill -9 of the process (not a power cut).
 */
export class Journal {
  private fd = -1;
  private bytes = 0;
  private readonly path: string;

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.path = join(dir, 'journal.jsonl');
  }

  /** Calls `apply` for each unit on record. A torn last line (killed while writing) is left out. */
  replay(apply: (unit: readonly Mutation[]) => void): void {
    if (!existsSync(this.path)) return;
    const text = readFileSync(this.path, 'utf8');
    let from = 0;
    for (let end = text.indexOf('\n', from); end !== -1; end = text.indexOf('\n', from)) {
      apply(JSON.parse(text.slice(from, end)) as Mutation[]);
      from = end + 1;
    }
  }

  /** Replaces what is on record by `units`, and goes on appending after them. */
  rewrite(units: Iterable<readonly Mutation[]>): void {
    const fresh = `${this.path}.new`;
    const fd = openSync(fresh, 'w', 0o600);
    this.bytes = 0;
    for (const unit of units) this.bytes += writeAll(fd, unit);
    fsyncSync(fd);
    renameSync(fresh, this.path);
    if (this.fd !== -1) closeSync(this.fd);
    this.fd = fd;
  }

  append(unit: readonly Mutation[]): void {
    this.bytes += writeAll(this.fd, unit);
  }

  /** Length of the record in bytes. */
  get size(): number {
    return this.bytes;
  }

  close(): void {
    if (this.fd !== -1) closeSync(this.fd);
    this.fd = -1;
  }
}

function writeAll(fd: number, unit: readonly Mutation[]): number {
  const line = Buffer.from(`${JSON.stringify(unit)}\n`);
  for (let written = 0; written < line.length;) written += writeSync(fd, line, written);
  return line.length;
}
