import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Case, CaseResult } from './case.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { Recording } from './runner.js';
import type { Guests } from './site.js';

const PATIENCE_MS = 20_000;

export interface WorkerOptions {
  readonly guests: Guests;
  readonly nightly: boolean;
  /** What it records: the `part`th of so many parts, counted from 0. */
  readonly part: number;
  readonly of: number;
  /** The only scenario that is wanted. */
  readonly only: string | undefined;
}

export interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** A process with an installation of its own. A worker that cannot go on rejects what is asked of it. */
export class Worker {
  readonly recorded: Promise<Recording>;
  private readonly child: ChildProcess;

  constructor(options: WorkerOptions) {
    this.child = fork(fileURLToPath(new URL('worker.main.js', import.meta.url)), [JSON.stringify(options)], {
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.recorded = this.hear((message) => (message.kind === 'recorded' ? message.recording : undefined));
  }

  run(recording: Recording, cases: readonly Case[], lanes: number, found: (result: CaseResult) => void): Promise<Usage> {
    this.tell({ kind: 'run', recording, cases, lanes });
    return this.hear((message) => {
      if (message.kind === 'result') found(message.result);
      return message.kind === 'done' ? message : undefined;
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    this.tell({ kind: 'end' });
    const late = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    await exit;
    clearTimeout(late);
  }

  private tell(message: ToWorker): void {
    this.child.send(message, () => undefined);
  }

  /** Until a message has what is waited for. @throws Error the worker is broken, or gone */
  private async hear<T>(wanted: (message: FromWorker) => T | undefined): Promise<T> {
    const { child } = this;
    let listener: (message: FromWorker) => void = () => undefined;
    let exit: (code: number | null) => void = () => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        listener = (message) => {
          if (message.kind === 'broken') return reject(new Error(`a worker could not go on: ${message.error}`));
          const value = wanted(message);
          if (value !== undefined) resolve(value);
        };
        exit = (code) => reject(new Error(`a worker ended by itself (${code})`));
        child.on('message', listener);
        child.once('exit', exit);
      });
    } finally {
      child.off('message', listener);
      child.off('exit', exit);
    }
  }
}
