import type { FromWorker, ToWorker } from './messages.js';
import { Runner } from './runner.js';
import { allScenarios } from './scenarios/index.js';
import { SweepSite } from './site.js';

/** One installation in one process; the cases come from the parent. */
const send = (message: FromWorker): void => void process.send?.(message);
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
};

process.on('unhandledRejection', (error) => send({ kind: 'broken', error: `unhandled: ${String(error)}` }));
process.on('disconnect', () => process.exit(1));

async function main(): Promise<void> {
  const site = await SweepSite.start(process.argv.includes('whole') ? 'whole' : 'simulated');
  const runner = new Runner(site, allScenarios(process.argv.includes('--nightly')), (line) => console.error(line));
  send({ kind: 'recorded', traces: await runner.record(process.env['SWEEP_ONLY']), cpuMs: cpuMs() });
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'end') {
      void runner
        .close()
        .then(() => site.close())
        .finally(() => process.exit(0));
      return;
    }
    runner
      .run(message.cases, message.lanes, (result) => send({ kind: 'result', result }))
      .then(
        () => send({ kind: 'done', cpuMs: cpuMs(), rssMb: Math.round(process.memoryUsage().rss / 2 ** 20) }),
        (error: unknown) =>
          send({ kind: 'broken', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
}

main().catch((error: unknown) => {
  send({ kind: 'broken', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
});
