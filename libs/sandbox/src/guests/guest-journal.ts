import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AgentMemory } from './simulated-node-agent.js';

/** What is kept of a guest: its agent's memory, how it ended, a control plane's disk. */
export interface GuestState {
  readonly serverId: string;
  readonly outcome: 'running' | 'joined' | 'failed' | 'cancelled';
  readonly memory: AgentMemory;
  readonly disk?: Record<string, { mode: number; base64: string }> | undefined;
}

interface Line {
  id: string;
  state?: GuestState;
}

/**
 * The states of all guests in one file that only grows: a thousand guests joining write a few lines each, in batches of one
 * turn, and kill -9 loses at most that turn. Without a file nothing is kept.
 */
export class GuestJournal {
  #states = new Map<string, GuestState>();
  #descriptor: number | null = null;
  #pending: string[] = [];

  constructor(file?: string) {
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (existsSync(file)) this.#load(file);
    const lines = [...this.#states].map(([id, state]) => `${JSON.stringify({ id, state })}\n`);
    writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#descriptor = openSync(file, 'a', 0o600);
  }

  /** What was there when the journal was opened. */
  takeStates(): Map<string, GuestState> {
    const states = this.#states;
    this.#states = new Map();
    return states;
  }

  save(state: GuestState): void {
    this.#append({ id: state.serverId, state });
  }

  remove(serverId: string): void {
    this.#append({ id: serverId });
  }

  close(): void {
    this.#flush();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #append(line: Line): void {
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
      if (line?.state) this.#states.set(line.id, line.state);
      else if (line) this.#states.delete(line.id);
    }
  }
}

/** A line torn by kill -9 is no line. */
function parseLine(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
