import { InvalidConfiguration, loadConfig } from '#libs/config';
import { endOnSignals } from '#libs/runtime';
import { createConductor } from './create-conductor.js';
import { openParts } from './parts.js';

/** The conductor's process: takes operations; on SIGTERM or SIGINT hands them on and ends. */
async function main(): Promise<void> {
  const parts = await openParts(loadConfig());
  const conductor = await createConductor(parts);
  endOnSignals(parts.log, async () => {
    await conductor.stop();
    await parts.close();
  });
  await conductor.start();
}

main().catch((error: unknown) => {
  console.error(error instanceof InvalidConfiguration ? error.message : error);
  process.exit(1);
});
