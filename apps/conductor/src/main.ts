import { InvalidConfiguration, loadConfig } from '#libs/config';
import { createConductor } from './create-conductor.js';
import { openParts } from './parts.js';

/** The conductor's process: takes operations; on SIGTERM or SIGINT hands them on and ends. */
async function main(): Promise<void> {
  const parts = await openParts(loadConfig());
  const conductor = await createConductor(parts);
  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    parts.log.info({ signal }, 'ending');
    await conductor.stop();
    await parts.close();
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void end(signal));
  process.on('SIGINT', (signal) => void end(signal));
  await conductor.start();
}

main().catch((error: unknown) => {
  console.error(error instanceof InvalidConfiguration ? error.message : error);
  process.exit(1);
});
