import { setFlagsFromString } from 'node:v8';
import { InvalidConfiguration, loadConfig } from '#libs/config';
import { endOnSignals, readiness, startMetricsServer } from '#libs/runtime';
import { createConductor } from './create-conductor.js';
import { openParts } from './parts.js';

/**
 * The heap grows by so much of what is alive before it is collected again: on a large machine V8 would let it grow fourfold.
 * A create of 1,000 nodes then takes 270 MB instead of up to 470, and no more time.
 */
setFlagsFromString('--heap-growing-percent=30');

/** The conductor's process: takes operations; on SIGTERM or SIGINT hands them on and ends. */
async function main(): Promise<void> {
  const settings = loadConfig();
  const parts = await openParts(settings);
  const conductor = await createConductor(parts);
  const metrics = await startMetricsServer({
    host: settings.METRICS_HOST,
    port: settings.CONDUCTOR_METRICS_PORT,
    token: settings.METRICS_TOKEN,
    registry: parts.metrics,
    ready: () => readiness(parts),
    log: parts.log,
  });
  endOnSignals(parts.log, async () => {
    await metrics.close();
    await conductor.stop();
    await parts.close();
  });
  await conductor.start();
}

main().catch((error: unknown) => {
  console.error(error instanceof InvalidConfiguration ? error.message : error);
  process.exit(1);
});
