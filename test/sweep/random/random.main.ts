/**
 * `npm run test:sweep -- --random`: seeded schedules, each a life of a cluster with several operations, two conductors and faults
 * at once. Options: --schedules N, --seed N (the first one), --lanes N.
 */
import { parseArgs } from 'node:util';
import { startTestServer } from '#libs/testing';
import { Runner } from '../runner.js';
import { allScenarios } from '../scenarios/index.js';
import { SweepSite } from '../site.js';
import { runSchedule, type ScheduleResult } from './run-schedule.js';

const { values: options } = parseArgs({
  options: {
    random: { type: 'boolean' },
    schedules: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '8' },
    verbose: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const server = await startTestServer();
  process.env['TEST_POSTGRES_URL'] = server.url;
  const site = await SweepSite.start();
  const began = Date.now();
  const results: ScheduleResult[] = [];
  try {
    const runner = new Runner(site, allScenarios(false), (line) => console.error(line));
    const seeds = Array.from({ length: Number(options.schedules) }, (_, index) => Number(options.seed) + index);
    const drive = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const result = await runSchedule(runner, seed).catch((error: unknown) => broken(seed, error));
        results.push(result);
        if (result.wrong.length > 0 || options.verbose) console.log(describe(result));
      }
    };
    await Promise.all(Array.from({ length: Number(options.lanes) }, drive));
    await runner.close();
  } finally {
    await site.close();
    await server.stop();
  }
  const bad = results.filter(({ wrong }) => wrong.length > 0);
  const sum = (of: (result: ScheduleResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  console.log(
    `${results.length} random schedules in ${Math.round((Date.now() - began) / 1000)} s: ${sum(({ told }) => told.length)} requests, ` +
      `${sum(({ faults }) => faults)} faults, ${sum(({ deaths }) => deaths)} dead conductors; ${bad.length} with findings` +
      (bad.length > 0 ? `: seeds ${bad.map(({ seed }) => seed).join(', ')}` : ''),
  );
  return bad.length > 0 || results.length === 0 ? 1 : 0;
}

function broken(seed: number, error: unknown): ScheduleResult {
  return { seed, told: [], wrong: [`broken: ${String(error)}`], faults: 0, deaths: 0, ms: 0 };
}

function describe({ seed, told, wrong, faults, deaths }: ScheduleResult): string {
  return [
    `schedule ${seed}: ${faults} faults, ${deaths} dead conductors`,
    ...told.map((line) => `    ${line}`),
    ...wrong.map((line) => `  ! ${line}`),
    `    again: npm run test:sweep -- --random --seed ${seed} --schedules 1`,
  ].join('\n');
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
