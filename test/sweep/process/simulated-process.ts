import type { FaultName, Layer } from '../faults.js';
import type { Tracer } from './tracer.js';

/** Longer than a lease lives. */
const STOP_MS = 4_500;

/**
 * A conductor's process as the world sees it: the calls that leave it and the answers that reach it. When it dies, no call
 * leaves it any more and no answer comes in, and its connections break.
 */
export class SimulatedProcess {
  #dead = false;
  /** Resolves when it goes on; undefined while it does. */
  #stopped: Promise<void> | undefined;
  readonly #onDeath: (() => void)[] = [];
  /** Resolves when it dies. */
  readonly death = new Promise<void>((resolve) => this.#onDeath.push(resolve));

  constructor(
    readonly name: string,
    readonly tracer: Tracer,
  ) {}

  get dead(): boolean {
    return this.#dead;
  }

  /** Called at once when it dies, or now if it is dead. */
  onDeath(then: () => void): void {
    if (this.#dead) then();
    else this.#onDeath.push(then);
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const then of this.#onDeath.splice(0)) then();
  }

  /** Stops it, as SIGSTOP does, and lets it go on after so long: it knows nothing of the time between. */
  stop(ms: number): void {
    this.#stopped ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#stopped = undefined;
        resolve();
      }, ms);
    });
  }

  /** What needs no number: it only must not go on in a dead process. */
  async live<T>(work: () => Promise<T>): Promise<T> {
    await this.#stay();
    try {
      return await work();
    } finally {
      await this.#stay();
    }
  }

  /** A call to the world. `work` is told of the fault that it is to meet, if any but a crash. */
  async call<T>(layer: Layer, key: string, work: (fault: FaultName | undefined) => Promise<T>): Promise<T> {
    await this.#stay();
    const fault = this.tracer.pass(layer, key);
    if (fault === 'stop') this.stop(STOP_MS);
    if (fault === 'crash-before') this.die();
    await this.#stay();
    try {
      return await work(fault === 'stop' || fault?.startsWith('crash-') ? undefined : fault);
    } finally {
      if (fault === 'crash-after') this.die();
      await this.#stay();
    }
  }

  /** For ever, once dead. */
  async #stay(): Promise<void> {
    while (this.#stopped && !this.#dead) await this.#stopped;
    if (this.#dead) await new Promise<never>(() => undefined);
  }
}
