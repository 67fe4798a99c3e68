import type { StackStore } from '#libs/db';

/**
 * A process as the world sees it: a sequence of steps, each a request that leaves or an answer that arrives. At a chosen
 * step it dies: from then on it asks for nothing and hears nothing.
 */
export class SimulatedProcess {
  steps = 0;
  readonly crashed: Promise<'crashed'>;
  /** Called at the step instead of dying. */
  atStep: (() => void) | undefined;
  private die!: (how: 'crashed') => void;
  private dead = false;

  constructor(private readonly chosenStep = Infinity) {
    this.crashed = new Promise((resolve) => (this.die = resolve));
  }

  async step(): Promise<void> {
    if (!this.dead && ++this.steps === this.chosenStep) {
      if (this.atStep) return this.atStep();
      this.dead = true;
      this.die('crashed');
    }
    if (this.dead) await new Promise<never>(() => undefined);
  }

  /** A call to the world: it may be lost before, or its answer after. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    await this.step();
    try {
      return await work();
    } finally {
      await this.step();
    }
  }

  store(store: StackStore): StackStore {
    return {
      open: (lease, stack) => this.call(() => store.open(lease, stack)),
      load: (scope, uuid) => this.call(() => store.load(scope, uuid)),
      write: (lease, uuid, checkpoint) => this.call(() => store.write(lease, uuid, checkpoint)),
    };
  }
}
