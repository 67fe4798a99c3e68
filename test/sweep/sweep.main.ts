/**
 * `npm run test:sweep`: every fault at every call of every operation. See docs/faults.md.
 * Options: --out FILE (table and findings), --runs N (at least so many: pairs of faults fill up), --seed N, --nightly,
 * --only TEXT (one case as a finding names it, or the name of a scenario), --workers N, --lanes N,
 * --guests simulated|whole|both (whole ones for --whole N of the runs, at most one in 25).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startTestServer } from '#libs/testing';
import { caseText, type Case, type CaseResult } from './case.js';
import { parseStrike } from './faults.js';
import type { FromWorker, ToWorker } from './messages.js';
import { everyFault, pairs, seeded, shared, shuffled } from './plan.js';
import { describe, isBad, type Traces } from './runner.js';
import { allScenarios } from './scenarios/index.js';
import type { Guests } from './site.js';
import { legend, ResultTable } from './table.js';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    workers: { type: 'string', default: '2' },
    lanes: { type: 'string', default: '14' },
    nightly: { type: 'boolean', default: false },
    guests: { type: 'string', default: 'both' },
    whole: { type: 'string', default: '200' },
  },
});
const DEFAULT_RUNS = 5_000;
const NIGHTLY_RUNS = 100_000;
const TELL_MS = 30_000;

const scenarios = allScenarios(options.nightly);
const began = Date.now();
const seconds = (): number => Math.round((Date.now() - began) / 1000);

/** @throws Error the text names nothing */
function only(text: string, traces: Traces): Case[] {
  const [scenario = '', ...strikes] = text.split(' | ');
  if (!traces[scenario]) throw new Error(`no scenario ${scenario}: ${Object.keys(traces).join(', ')}`);
  if (strikes.length > 0) return [{ scenario, strikes: strikes.map(parseStrike) }];
  return everyFault({ [scenario]: traces[scenario] });
}

function plan(traces: Traces, guests: Guests): Case[] {
  if (options.only !== undefined) return only(options.only, traces);
  const random = seeded(Number(options.seed));
  const all = Number(options.runs ?? (options.nightly ? NIGHTLY_RUNS : DEFAULT_RUNS));
  const whole = options.guests === 'both' ? Math.min(Number(options.whole), Math.ceil(all / 25)) : 0;
  const single = shuffled(everyFault(traces, scenarios), random);
  if (guests === 'whole' && options.guests === 'both') return single.slice(0, whole);
  const wanted = all - whole;
  const cases = (options.nightly ? single : shared(single, traces)).slice(0, wanted);
  return [...cases, ...pairs(traces, Math.max(0, wanted - cases.length), random)];
}

async function main(): Promise<number> {
  const server = await startTestServer();
  process.env['TEST_POSTGRES_URL'] = server.url;
  const children: ChildProcess[] = [];
  try {
    const stopped = (): void => {
      found.notes.push('STOPPED before its end');
      void finish(found);
      process.exit(1);
    };
    process.once('SIGINT', stopped);
    process.once('SIGTERM', stopped);
    const found: Found = { table: new ResultTable(scenarios), bad: [], notes: [], cpuMs: 0 };
    for (const guests of ['simulated', 'whole'] as const) {
      if (options.guests !== 'both' && options.guests !== guests) continue;
      if (options.guests === 'both' && guests === 'whole' && options.only !== undefined) continue;
      const before = found.table.runs;
      await sweep(children, guests, found);
      found.notes.push(`${found.table.runs - before} runs with ${guests} guests`);
    }
    return finish(found);
  } finally {
    await Promise.all(children.map(ended));
    await server.stop();
  }
}

interface Found {
  readonly table: ResultTable;
  readonly bad: CaseResult[];
  readonly notes: string[];
  cpuMs: number;
}

async function sweep(children: ChildProcess[], guests: Guests, found: Found): Promise<void> {
  const { table, bad, notes } = found;
  // From what the first worker records; the other one then knows the same operations.
  let planned: Case[] | undefined;
  const work = async (index: number, count: number): Promise<void> => {
    const child = fork(
      fileURLToPath(new URL('worker.main.js', import.meta.url)),
      [guests, ...(options.nightly ? ['--nightly'] : [])],
      {
        execArgv: ['--enable-source-maps'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, ...(options.only === undefined ? {} : { SWEEP_ONLY: options.only.split(' | ')[0] ?? '' }) },
      },
    );
    children.push(child);
    const tell = (message: ToWorker): void => void child.send(message);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`a worker ended by itself (${code})`)));
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'recorded') {
          console.error(`${seconds()} s: worker ${index + 1} has recorded ${Object.keys(message.traces).length} operations`);
          try {
            planned ??= plan(message.traces, guests);
          } catch (error) {
            return reject(error);
          }
          tell({ kind: 'run', cases: planned.filter((_, place) => place % count === index), lanes: Number(options.lanes) });
        } else if (message.kind === 'result') {
          table.add(message.result);
          if (isBad(message.result.finding) || message.result.broken !== undefined) {
            bad.push(message.result);
            console.log(`${describe(message.result)}\n    again: ${again(message.result.case)}`);
          }
        } else if (message.kind === 'done') {
          found.cpuMs += message.cpuMs;
          notes.push(`${guests} guests, worker ${index + 1}: ${Math.round(message.cpuMs / 1000)} s of CPU, ${message.rssMb} MB`);
          resolve();
        } else {
          console.log(`worker ${index + 1}: ${message.error}`);
          if (!message.error.startsWith('unhandled')) reject(new Error('a worker could not go on'));
        }
      });
    });
  };
  const telling = setInterval(() => console.error(`${seconds()} s: ${table.runs} runs, ${bad.length} with findings`), TELL_MS);
  try {
    const count = options.only?.includes(' | ') ? 1 : Number(options.workers);
    await Promise.all(Array.from({ length: count }, (_, index) => work(index, count)));
  } finally {
    clearInterval(telling);
  }
  await Promise.all(children.splice(0).map(ended));
}

function finish({ table, bad, notes, cpuMs }: Found): number {
  const each = Math.round(cpuMs / Math.max(1, table.runs));
  const text = report(table, bad, [...notes, `${each} ms of CPU for each run, without Postgres`]);
  console.log(text);
  if (options.out !== undefined) writeFileSync(options.out, `${text}\n`);
  return bad.length > 0 || table.runs === 0 ? 1 : 0;
}

const again = (one: Case): string => `npm run test:sweep -- --only '${caseText(one)}'`;

function report(table: ResultTable, bad: readonly CaseResult[], notes: readonly string[]): string {
  return [
    `${table.runs} runs in ${seconds()} s, seed ${options.seed}; ${bad.length} with findings`,
    '',
    table.toString(),
    '',
    legend(),
    '',
    ...notes.map((note) => `- ${note}`),
    ...bad.flatMap((result) => ['', describe(result), `    again: ${again(result.case)}`]),
  ].join('\n');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.send({ kind: 'end' } satisfies ToWorker, () => undefined);
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(late);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
