import type { FromWorker, ToWorker } from './messages.js';
import { Runner } from './runner.js';
import { allScenarios } from './scenarios/index.js';
import { SweepSite } from './site.js';
import type { Usage, WorkerOptions } from './worker.js';

/** One installation in one process; the cases come from the parent. */
const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
const send = (message: FromWorker): void => void process.send?.(message, () => undefined);
const broken = (error: unknown): void =>
  send({ kind: 'broken', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on('unhandledRejection', (error) => console.error(`unhandled in a worker: ${String(error)}`));
process.on('disconnect', () => process.exit(1));

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: Math.round((user + system) / 1000), rssMb: Math.round(process.memoryUsage().rss / 2 ** 20) };
}

async function main(): Promise<void> {
  const site = await SweepSite.start(options.guests);
  const runner = new Runner(site, allScenarios(options.nightly), (line) => console.error(line));
  send({ kind: 'recorded', recording: await runner.record(options) });
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'end') {
      void runner
        .close()
        .then(() => site.close())
        .finally(() => process.exit(0));
      return;
    }
    const { recording, cases, lanes } = message;
    runner
      .run(recording, cases, lanes, (result) => send({ kind: 'result', result }))
      .then(() => send({ kind: 'done', ...usage() }), broken);
  });
}

main().catch(broken);
