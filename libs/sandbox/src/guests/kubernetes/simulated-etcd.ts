import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { kubeTime, type KubeObject } from './kube-object.js';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change {
  readonly type: ChangeType;
  readonly revision: number;
  /** `<group>/<plural>`; the core group is empty: `/nodes`. */
  readonly resource: string;
  readonly object: KubeObject;
}

export interface Entry {
  readonly object: KubeObject;
  /** Configurations last applied, by field manager. */
  readonly applied: Readonly<Record<string, KubeObject>>;
  /** The object as JSON text, made once. */
  json(): string;
}

const HISTORY = 4_000;

/**
 * The objects of one simulated cluster, shared by its control-plane guests. Written to a journal in the turn of the
 * change, so that kill -9 loses nothing; one process may have a file open.
 */
export class SimulatedEtcd {
  readonly #tables = new Map<string, Map<string, Entry>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #revision = 0;
  #descriptor: number | null = null;
  #pending: string[] = [];

  /** Without a file nothing is kept. */
  constructor(readonly file?: string) {
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (existsSync(file)) this.#load(file);
    this.#rewrite(file);
  }

  get revision(): number {
    return this.#revision;
  }

  get(resource: string, namespace: string, name: string): Entry | undefined {
    return this.#tables.get(resource)?.get(`${namespace}/${name}`);
  }

  /** Entries of a resource in order of creation; of all namespaces when `namespace` is undefined. */
  list(resource: string, namespace?: string): Entry[] {
    const all = [...(this.#tables.get(resource)?.values() ?? [])];
    return namespace === undefined ? all : all.filter((entry) => entry.object.metadata.namespace === namespace);
  }

  resources(): string[] {
    return [...this.#tables.keys()];
  }

  /** Stores an object; uid, creationTimestamp and resourceVersion are set here. Unchanged objects keep their revision. */
  put(resource: string, object: KubeObject, applied?: Readonly<Record<string, KubeObject>>): KubeObject {
    const before = this.get(resource, object.metadata.namespace ?? '', object.metadata.name);
    const metadata = {
      ...object.metadata,
      uid: before?.object.metadata.uid ?? randomUUID(),
      creationTimestamp: before?.object.metadata.creationTimestamp ?? kubeTime(),
      ...(before ? { resourceVersion: before.object.metadata.resourceVersion } : {}),
    };
    const next = { ...object, metadata };
    if (before && applied === undefined && JSON.stringify(next) === JSON.stringify(before.object)) return before.object;
    const revision = ++this.#revision;
    const stored: KubeObject = { ...next, metadata: { ...metadata, resourceVersion: String(revision) } };
    const entry = entryOf(stored, applied ?? before?.applied ?? {});
    this.#set(resource, entry);
    this.#write({ v: revision, r: resource, o: stored, ...(Object.keys(entry.applied).length > 0 ? { a: entry.applied } : {}) });
    this.#tell({ type: before ? 'MODIFIED' : 'ADDED', revision, resource, object: stored });
    return stored;
  }

  delete(resource: string, namespace: string, name: string): KubeObject | undefined {
    const before = this.get(resource, namespace, name);
    if (!before) return undefined;
    const revision = ++this.#revision;
    this.#tables.get(resource)?.delete(`${namespace}/${name}`);
    this.#write({ v: revision, r: resource, d: [namespace, name] });
    const object = { ...before.object, metadata: { ...before.object.metadata, resourceVersion: String(revision) } };
    this.#tell({ type: 'DELETED', revision, resource, object });
    return object;
  }

  /** Changes after `revision`, oldest first; null when they are no longer known (410 Gone). */
  since(revision: number): readonly Change[] | null {
    const oldest = this.#history[0]?.revision ?? this.#revision + 1;
    if (revision < oldest - 1) return null;
    return this.#history.filter((change) => change.revision > revision);
  }

  /** @returns stops the calls */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#flush();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#listeners.clear();
  }

  /** The last member has gone: so has the data. */
  destroy(): void {
    this.close();
    if (this.file !== undefined) rmSync(this.file, { force: true });
  }

  #set(resource: string, entry: Entry): void {
    let table = this.#tables.get(resource);
    if (!table) this.#tables.set(resource, (table = new Map<string, Entry>()));
    table.set(`${entry.object.metadata.namespace ?? ''}/${entry.object.metadata.name}`, entry);
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > 2 * HISTORY) this.#history = this.#history.slice(-HISTORY);
    for (const listener of this.#listeners) listener(change);
  }

  #write(line: JournalLine): void {
    if (this.#descriptor === null) return;
    this.#pending.push(JSON.stringify(line));
    if (this.#pending.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#descriptor !== null && this.#pending.length > 0) writeSync(this.#descriptor, `${this.#pending.join('\n')}\n`);
    this.#pending = [];
  }

  #load(file: string): void {
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      const line = parseLine(text);
      if (!line) continue;
      this.#revision = Math.max(this.#revision, line.v);
      if (line.o) this.#set(line.r, entryOf(line.o, line.a ?? {}));
      else if (line.d) this.#tables.get(line.r)?.delete(line.d.join('/'));
    }
  }

  /** Starts the journal anew with what is there now. */
  #rewrite(file: string): void {
    const lines = [JSON.stringify({ v: this.#revision, r: '' })];
    for (const [resource, table] of this.#tables) {
      for (const { object, applied } of table.values()) {
        lines.push(JSON.stringify({ v: this.#revision, r: resource, o: object, a: applied }));
      }
    }
    writeFileSync(`${file}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#descriptor = openSync(file, 'a', 0o600);
  }
}

interface JournalLine {
  v: number;
  r: string;
  o?: KubeObject;
  a?: Readonly<Record<string, KubeObject>>;
  d?: [namespace: string, name: string];
}

function entryOf(object: KubeObject, applied: Readonly<Record<string, KubeObject>>): Entry {
  let text: string | undefined;
  return { object, applied, json: () => (text ??= JSON.stringify(object)) };
}

/** A line torn by kill -9 is no line. */
function parseLine(text: string): JournalLine | null {
  try {
    return JSON.parse(text) as JournalLine;
  } catch {
    return null;
  }
}
