import { InvalidConfiguration, loadConfig } from '#libs/config';
import { endOnSignals, readiness, startMetricsServer } from '#libs/runtime';
import { BootstrapServer } from './bootstrap/bootstrap-server.js';
import { createApi } from './create-api.js';
import { openParts } from './parts.js';

/** The API's process: listens, and on SIGTERM or SIGINT lets requests finish, then ends. */
async function main(): Promise<void> {
  const settings = loadConfig();
  const parts = await openParts(settings);
  const app = await createApi(parts);
  const metrics = await startMetricsServer({
    host: settings.METRICS_HOST,
    port: settings.API_METRICS_PORT,
    token: settings.METRICS_TOKEN,
    registry: parts.metrics,
    ready: () => readiness(parts),
    log: parts.log,
  });
  endOnSignals(parts.log, async () => {
    await metrics.close();
    await app.close();
    await parts.close();
  });
  await app.listen(settings.API_PORT, settings.API_HOST);
  const bootstrapPort = await app.get(BootstrapServer).listen();
  parts.log.info({ url: await app.getUrl(), bootstrapPort, metricsPort: metrics.port }, 'listening');
}

main().catch((error: unknown) => {
  console.error(error instanceof InvalidConfiguration ? error.message : error);
  process.exit(1);
});
