import type { StacksRepository } from '#libs/db';
import { builtinResources, createRegistry, HeatBackend, StackEngine, Stacks, systemClock } from '#libs/stack';
import type { ConductorParts } from './parts.js';

/** All ways to build stacks, over the same rows. */
export function stackBackends({ settings, log, keyRing }: ConductorParts, store: StacksRepository): Stacks {
  const engine = { store, registry: createRegistry(builtinResources), clock: systemClock, log, sealer: keyRing };
  const native = new StackEngine(engine);
  const backends = { native, heat: new HeatBackend({ ...engine, native }) };
  return new Stacks({ rows: store, backends, standard: settings.STACK_BACKEND });
}
