import { StackSignalsRepository, type StacksRepository } from '#libs/db';
import { signalToken } from '#libs/pki';
import { builtinResources, createRegistry, HeatBackend, StackEngine, Stacks, systemClock } from '#libs/stack';
import type { ConductorParts } from './parts.js';

/** All ways to build stacks, over the same rows. */
export function stackBackends({ settings, log, keyRing, source }: ConductorParts, store: StacksRepository): Stacks {
  const signals = new StackSignalsRepository(source);
  const inbox = {
    address: (handle: string) => ({
      url: `${settings.BOOTSTRAP_PUBLIC_URL}/bootstrap/v1/signals/${handle}`,
      token: signalToken(keyRing, handle),
      // Where the user data of our nodes puts it.
      caFile: '/etc/jeroboam/ca.pem',
    }),
    received: (handle: string) => signals.of(handle),
  };
  const engine = { store, registry: createRegistry(builtinResources), clock: systemClock, log, sealer: keyRing, inbox };
  const native = new StackEngine(engine);
  const backends = { native, heat: new HeatBackend({ ...engine, native }) };
  return new Stacks({ rows: store, backends, standard: settings.STACK_BACKEND });
}
