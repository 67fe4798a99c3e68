import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentMemory } from './simulated-node-agent.js';

/** What is kept of a guest: its agent's memory, how it ended, a control plane's disk. */
export interface GuestState {
  readonly version: 1;
  readonly serverId: string;
  readonly outcome: 'running' | 'joined' | 'failed' | 'cancelled';
  readonly memory: AgentMemory;
  readonly disk?: Record<string, { mode: number; base64: string }> | undefined;
}

/** One file per guest; nothing at all without a directory. */
export class StateFiles {
  constructor(readonly dir?: string) {
    if (dir !== undefined) mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** Every state that can be read, by server id. */
  load(): Map<string, GuestState> {
    const states = new Map<string, GuestState>();
    if (this.dir === undefined) return states;
    for (const name of readdirSync(this.dir)) {
      if (!name.endsWith('.json')) continue;
      const state = JSON.parse(readFileSync(join(this.dir, name), 'utf8')) as GuestState;
      if (state.version === 1) states.set(state.serverId, state);
    }
    return states;
  }

  /** Atomic: a state is there wholly or not at all. */
  save(state: GuestState): void {
    if (this.dir === undefined) return;
    const file = join(this.dir, `${state.serverId}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(serverId: string): void {
    if (this.dir !== undefined) rmSync(join(this.dir, `${serverId}.json`), { force: true });
  }
}
