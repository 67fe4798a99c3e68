import { caseText, runCase, runUndisturbed, type Case, type CaseResult, type Looks } from './case.js';
import type { Finding, Look } from './checks.js';
import { Course, grandTour, wayTo, type Errand } from './course.js';
import { Ends } from './ends.js';
import type { Point } from './faults.js';
import { holdingsOf } from './holdings.js';
import { Lane } from './lane.js';
import { NONE, type Scenario, type State } from './scenarios/scenario.js';
import type { SweepSite } from './site.js';
import type { WorkerOptions } from './worker.js';

export type Traces = Record<string, readonly Point[]>;

/** What undisturbed runs have shown: the calls of each scenario, the look of each state. */
export interface Recording {
  readonly traces: Traces;
  readonly looks: Readonly<Record<State, Look>>;
}

/** Runs cases on one site, many clusters side by side: what they wait for costs nothing. */
export class Runner {
  private readonly lanes: Lane[] = [];
  readonly ends: Ends;
  readonly looks: Looks = new Map();
  private opened = 0;

  constructor(
    private readonly site: SweepSite,
    private readonly scenarios: readonly Scenario[],
    private readonly say: (line: string) => void,
  ) {
    this.ends = new Ends(site.database);
    site.queue.deliver = (operationId) => void this.deliver(operationId);
  }

  /**
   * Every scenario of one part of the grand tour once, or what leads to the only one that is wanted, undisturbed: which calls it
   * makes, and what it leads to.
   */
  async record({ only, part, of }: Pick<WorkerOptions, 'only' | 'part' | 'of'>): Promise<Recording> {
    const wanted = this.scenarios.find(({ name }) => name === only);
    const tour = wanted ? wayTo(this.scenarios, wanted) : grandTour(this.scenarios);
    const [first, ...rest] = partOf(tour, part, of);
    const traces: Record<string, readonly Point[]> = {};
    const lane = await this.openLane();
    for (const scenario of first ? [...wayTo(this.scenarios, first), ...rest] : []) {
      const points = await runUndisturbed(lane, scenario, this.ends, this.looks);
      traces[scenario.name] ??= points;
    }
    return { traces, looks: Object.fromEntries(this.looks) };
  }

  /** @param lanes clusters side by side */
  async run(
    { traces, looks }: Recording,
    cases: readonly Case[],
    lanes: number,
    done: (result: CaseResult) => void,
  ): Promise<void> {
    for (const [state, look] of Object.entries(looks)) this.looks.set(state, look);
    const costs = Object.fromEntries(Object.entries(traces).map(([name, points]) => [name, points.length]));
    const course = new Course(this.scenarios, cases, costs);
    await Promise.all(Array.from({ length: Math.min(lanes, cases.length) }, () => this.drive(course, done)));
  }

  async close(): Promise<void> {
    for (const lane of this.lanes.splice(0)) await lane.close();
  }

  private async drive(course: Course, done: (result: CaseResult) => void): Promise<void> {
    let lane = await this.openLane();
    let state: State = NONE;
    for (let errand = course.next(state); errand; errand = course.next(state)) {
      for (const { scenario, one, counts } of legsOf(errand)) {
        let result = await attempt(() => runCase(lane, scenario, one.strikes, this.ends, this.looks), one);
        const failed = result.broken !== undefined || !result.finding.complete || isBad(result.finding);
        if (failed) {
          const left = await this.cleanUp(lane);
          result = { ...result, finding: { ...result.finding, orphans: [...result.finding.orphans, ...left] } };
          // What is left there must not be laid to the next ones.
          if (left.length > 0) lane = await this.replace(lane);
        }
        if (counts || isBad(result.finding) || result.broken !== undefined) done(result);
        state = failed ? NONE : scenario.to;
        if (failed) break;
      }
    }
    await this.replace(lane, false);
  }

  /** Away with the cluster, undisturbed. @returns what is left all the same */
  async cleanUp(lane: Lane): Promise<string[]> {
    try {
      const [there] = await lane.site.database.query<unknown[]>('SELECT 1 FROM clusters WHERE uuid = $1', [lane.cluster || null]);
      if (there) {
        const after = await this.ends.newest();
        await lane.ask('DELETE', '');
        const operation = await this.ends.ended(lane.cluster, after, 90_000);
        if (operation?.status !== 'complete')
          return [`after it the delete is ${operation?.status ?? 'not ended'}: ${operation?.error?.message ?? ''}`];
      }
      return holdingsOf(lane, [lane.cluster]).map(({ kind, shortName }) => `after the delete: ${kind} ${shortName}`);
    } catch (error) {
      return [`after it no delete: ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  async replace(lane: Lane, again = true): Promise<Lane> {
    this.lanes.splice(this.lanes.indexOf(lane), 1);
    await lane.close();
    return again ? this.openLane() : lane;
  }

  async openLane(conductors = 1): Promise<Lane> {
    const lane = await Lane.open(this.site, `lane-${++this.opened}`, conductors);
    this.lanes.push(lane);
    return lane;
  }

  private async deliver(operationId: string): Promise<void> {
    const [row]: { project_id: string }[] = await this.site.database.query('SELECT project_id FROM operations WHERE uuid = $1', [
      operationId,
    ]);
    const lane = this.lanes.find(({ projectId }) => projectId === row?.project_id);
    if (lane) await lane.deliver(operationId);
    else this.say(`nobody takes operation ${operationId}`);
  }
}

/** The `part`th, counted from 0, of so many parts that are as long as each other. */
function partOf<T>(list: readonly T[], part: number, of: number): readonly T[] {
  const length = Math.ceil(list.length / of);
  return list.slice(part * length, (part + 1) * length);
}

/** A case and the way to it, whose runs are not counted. */
function* legsOf({ way, scenario, one }: Errand): Generator<{ scenario: Scenario; one: Case; counts: boolean }> {
  for (const leg of way) yield { scenario: leg, one: { scenario: leg.name, strikes: [] }, counts: false };
  yield { scenario, one, counts: true };
}

async function attempt(run: () => Promise<CaseResult>, one: Case): Promise<CaseResult> {
  try {
    return await run();
  } catch (error) {
    const broken = error instanceof Error ? error.message : String(error);
    return { case: one, finding: NOTHING, struck: 0, ms: 0, broken };
  }
}

const NOTHING: Finding = { ended: false, complete: false, orphans: [], duplicates: [], wrongStatus: [], missingReason: [] };

export function isBad({ ended, orphans, duplicates, wrongStatus, missingReason }: Finding): boolean {
  return !ended || [orphans, duplicates, wrongStatus, missingReason].some((list) => list.length > 0);
}

export function describe(result: CaseResult): string {
  const { finding } = result;
  const parts = [
    ...(result.broken === undefined ? [] : [`broken: ${result.broken}`]),
    ...(finding.ended ? [] : ['not ended']),
    ...finding.orphans.map((text) => `orphan: ${text}`),
    ...finding.duplicates.map((text) => `duplicate: ${text}`),
    ...finding.wrongStatus.map((text) => `status: ${text}`),
    ...finding.missingReason.map((text) => `reason: ${text}`),
  ];
  return `${caseText(result.case)}\n    ${parts.join('\n    ')}`;
}
