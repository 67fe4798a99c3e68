/**
 * `npm run test:sweep`: every fault at every call of every operation. See docs/faults.md.
 * Options: --out FILE (table and findings), --runs N (at least so many: pairs of faults fill up), --seed N, --nightly,
 * --only TEXT (one case as a finding names it, or the name of a scenario), --workers N, --lanes N,
 * --guests simulated|whole|both (whole ones for --whole N of the runs, at most one in 25).
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTestServer } from '#libs/testing';
import { caseText, type Case, type CaseResult } from './case.js';
import { parseStrike } from './faults.js';
import { everyFault, pairs, seeded, shared, shuffled } from './plan.js';
import { describe, isBad, type Recording, type Traces } from './runner.js';
import { allScenarios } from './scenarios/index.js';
import type { Guests } from './site.js';
import { legend, ResultTable } from './table.js';
import { Worker } from './worker.js';

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
const say = (line: string): void => console.error(`${seconds()} s: ${line}`);

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
  const every = shuffled(everyFault(traces, scenarios), random);
  const single = options.nightly ? every : shared(every, traces);
  if (guests === 'whole' && options.guests === 'both') return single.slice(0, whole);
  const wanted = all - whole;
  const cases = single.slice(0, wanted);
  return [...cases, ...pairs(traces, scenarios, cases, wanted - cases.length, random)];
}

async function main(): Promise<number> {
  const server = await startTestServer();
  process.env['TEST_POSTGRES_URL'] = server.url;
  const found: Found = { table: new ResultTable(scenarios), bad: [], notes: [], cpuMs: 0 };
  const stopped = (): void => {
    found.notes.push('STOPPED before its end');
    finish(found);
    process.exit(1);
  };
  process.once('SIGINT', stopped);
  process.once('SIGTERM', stopped);
  const telling = setInterval(() => say(`${found.table.runs} runs, ${found.bad.length} with findings`), TELL_MS);
  try {
    await Promise.all(kinds().map((guests) => sweep(guests, found)));
    return finish(found);
  } finally {
    clearInterval(telling);
    await server.stop();
  }
}

/** Both at once: where guests are whole, lanes mostly wait. */
function kinds(): Guests[] {
  const { guests, only: one } = options;
  if (guests === 'both') return one === undefined ? ['simulated', 'whole'] : ['simulated'];
  if (guests === 'simulated' || guests === 'whole') return [guests];
  throw new Error(`--guests ${guests}: simulated, whole or both`);
}

interface Found {
  readonly table: ResultTable;
  readonly bad: CaseResult[];
  readonly notes: string[];
  cpuMs: number;
}

async function sweep(guests: Guests, found: Found): Promise<void> {
  const only = options.only?.split(' | ')[0];
  const beside = guests === 'whole' && options.guests === 'both';
  const of = beside || options.only?.includes(' | ') ? 1 : Number(options.workers);
  const workers = Array.from({ length: of }, (_, part) => new Worker({ guests, nightly: options.nightly, only, part, of }));
  try {
    const recording = merged(await Promise.all(workers.map(({ recorded }) => recorded)));
    say(`${Object.keys(recording.traces).length} operations recorded, ${guests} guests`);
    const cases = plan(recording.traces, guests);
    const used = await Promise.all(
      workers.map((worker, part) =>
        worker.run(
          recording,
          cases.filter((_, place) => place % of === part),
          Number(options.lanes),
          (result) => note(result, found),
        ),
      ),
    );
    say(`${cases.length} runs with ${guests} guests`);
    found.notes.push(`${cases.length} runs with ${guests} guests`);
    for (const { cpuMs, rssMb } of used) {
      found.cpuMs += cpuMs;
      found.notes.push(`a worker with ${guests} guests: ${Math.round(cpuMs / 1000)} s of CPU, ${rssMb} MB`);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

/** What the parts have recorded, as one. */
function merged(recordings: readonly Recording[]): Recording {
  const [traces, looks] = [{}, {}];
  for (const one of recordings.toReversed()) {
    Object.assign(traces, one.traces);
    Object.assign(looks, one.looks);
  }
  return { traces, looks };
}

function note(result: CaseResult, { table, bad }: Found): void {
  table.add(result);
  if (!isBad(result.finding) && result.broken === undefined) return;
  bad.push(result);
  console.log(`${describe(result)}\n    again: ${again(result.case)}`);
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

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
