import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const STOP_MS = 15_000;

/** A program of ours in a process of its own, tethered to this one; its output goes to a log file. */
export class Child {
  private readonly process: ChildProcess;
  private tail = '';
  private exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  private stopping = false;

  constructor(
    readonly name: string,
    /** Relative to this folder's compiled place. */
    private readonly program: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
    private readonly logFile: string,
    /** Called when it ends without having been asked to. */
    private readonly onCrash: (child: Child) => void,
  ) {
    const log = createWriteStream(logFile, { flags: 'a' });
    // A group of its own: Ctrl-C reaches us alone, and we stop them in order.
    this.process = spawn(process.execPath, ['--enable-source-maps', '--import', join(here, 'tether.js'), join(here, program)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.tail = (this.tail + chunk.toString()).slice(-2_000);
        log.write(chunk);
      });
    }
    this.process.once('exit', (code, signal) => {
      this.exit = { code, signal };
      log.end();
      if (!this.stopping) onCrash(this);
    });
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** The first message that the child sends. @throws Error with its last words when it ends before */
  message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`${this.name} ended at once:\n${this.tail}`));
      if (this.exit) return ended();
      this.process.once('exit', ended);
      this.process.once('message', (message) => {
        this.process.off('exit', ended);
        resolve(message as T);
      });
    });
  }

  /** @throws Error with the child's last words when it has ended */
  assertRunning(): void {
    if (this.exit) throw new Error(`${this.name} ended with ${this.ending}:\n${this.tail}`);
  }

  /** How it ended. */
  get ending(): string {
    return this.exit?.signal ?? `exit code ${this.exit?.code ?? '?'}`;
  }

  /** The end of its output. */
  get lastWords(): string {
    return this.tail.trimEnd();
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.stopping = true;
    if (this.exit) return;
    const ended = new Promise<void>((resolve) => this.process.once('exit', () => resolve()));
    this.process.kill('SIGKILL');
    await ended;
  }

  /** The same program in a new process. */
  again(): Child {
    return new Child(this.name, this.program, this.env, this.logFile, this.onCrash);
  }

  /** SIGTERM, and SIGKILL when that was not enough. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.exit) return;
    const ended = new Promise<void>((resolve) => this.process.once('exit', () => resolve()));
    this.process.kill('SIGTERM');
    const hard = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(hard);
  }
}
