import type { CloudSession } from '#libs/openstack';
import type { StackRef, StackRun } from '../../../engine/run.js';
import { createRegistry } from '../../../engine/registry.js';
import { Scenario } from '../../../engine/test/scenario.js';
import { SimulatedProcess } from '../../../engine/test/simulated-process.js';
import { HeatBackend } from '../heat-backend.js';
import { SimulatedHeat } from './simulated-heat.js';

/** The engine's world, with a simulated Heat in it; and as many processes as the story needs. */
export class HeatScenario extends Scenario {
  readonly heat: SimulatedHeat;

  constructor(template?: object) {
    super(template);
    this.heat = new SimulatedHeat(this.cloud);
    // Heat makes the objects: their intents are its own.
    this.cloud.onCreate = () => undefined;
  }

  backend(process = new SimulatedProcess()): HeatBackend {
    const log = (fields: unknown, message: string): void => void this.logged.push(fields, message);
    return new HeatBackend({
      store: process.store(this.store),
      registry: createRegistry(this.cloud.types(process)),
      clock: this.clock,
      log: { info: log, warn: log },
      native: this.engine(process),
      lookEveryMs: 100,
    });
  }

  runIn(process = new SimulatedProcess(), more: Partial<StackRun> = {}): StackRun {
    return { ...this.run(more), cloud: this.session(process) };
  }

  apply(more: Partial<StackRef> = {}, run: Partial<StackRun> = {}): Promise<Record<string, unknown>> {
    const process = new SimulatedProcess();
    return this.clock.until(this.backend(process).apply({ ...this.ref, ...more }, this.runIn(process, run)));
  }

  remove(run: Partial<StackRun> = {}): Promise<void> {
    const process = new SimulatedProcess();
    return this.clock.until(this.backend(process).delete(this.ref, this.runIn(process, { hidden: {}, ...run })));
  }

  /** Does it in a process that dies at this step; the number of steps that it came to. */
  async dieAt(step: number, work: (backend: HeatBackend, run: StackRun) => Promise<unknown>): Promise<number> {
    const process = new SimulatedProcess(step);
    const run = this.runIn(process);
    await this.clock.until(Promise.race([process.crashed, work(this.backend(process), run)]));
    return process.steps;
  }

  private session(process: SimulatedProcess): CloudSession {
    const verbs = ['create', 'named', 'get', 'update', 'delete', 'resources', 'events', 'markUnhealthy'] as const;
    const stacks = Object.fromEntries(
      verbs.map((verb) => [
        verb,
        (...given: unknown[]) => {
          const call = this.heat[verb].bind(this.heat) as (...all: unknown[]) => Promise<unknown>;
          return process.call(() => call(...given));
        },
      ]),
    );
    const session = { orchestration: { stacks }, withSignal: () => session, withLife: () => Promise.resolve() };
    return session as unknown as CloudSession;
  }
}
