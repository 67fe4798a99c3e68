import { caseText, runCase, runUndisturbed, type Case, type CaseResult, type Looks } from './case.js';
import type { Finding } from './checks.js';
import { Course, grandTour, wayTo } from './course.js';
import { Ends } from './ends.js';
import type { Point } from './faults.js';
import { holdingsOf } from './holdings.js';
import { Lane } from './lane.js';
import { NONE, type Scenario, type State } from './scenarios/scenario.js';
import type { SweepSite } from './site.js';

export type Traces = Record<string, readonly Point[]>;

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

  /** Every scenario once, or what leads to one of them, undisturbed: which calls it makes, and what it leads to. */
  async record(only?: string): Promise<Traces> {
    const traces: Record<string, readonly Point[]> = {};
    const lane = await this.openLane();
    const wanted = this.scenarios.find(({ name }) => name === only);
    for (const scenario of wanted ? wayTo(this.scenarios, wanted) : grandTour(this.scenarios)) {
      const points = await runUndisturbed(lane, scenario, this.ends, this.looks);
      traces[scenario.name] ??= points;
    }
    return traces;
  }

  async run(cases: readonly Case[], laneCount: number, done: (result: CaseResult) => void): Promise<void> {
    const course = new Course(this.scenarios, cases);
    await Promise.all(Array.from({ length: Math.min(laneCount, cases.length) }, () => this.drive(course, done)));
  }

  async close(): Promise<void> {
    for (const lane of this.lanes.splice(0)) await lane.close();
  }

  private async drive(course: Course, done: (result: CaseResult) => void): Promise<void> {
    let lane = await this.openLane();
    let state: State = NONE;
    for (;;) {
      const leg = course.next(state);
      if (!leg) break;
      const one = leg.one ?? { scenario: leg.scenario.name, strikes: [] };
      let result: CaseResult;
      try {
        result = await runCase(lane, leg.scenario, one.strikes, this.ends, this.looks);
      } catch (error) {
        result = {
          case: one,
          finding: NOTHING,
          struck: 0,
          ms: 0,
          broken: error instanceof Error ? error.message : String(error),
        };
      }
      const bad = result.broken !== undefined || !result.finding.complete || isBad(result.finding);
      if (bad) {
        const left = await this.cleanUp(lane);
        result = { ...result, finding: { ...result.finding, orphans: [...result.finding.orphans, ...left] } };
        // What is left there must not be laid to the next ones.
        if (left.length > 0) lane = await this.replace(lane);
      }
      state = bad ? NONE : leg.scenario.to;
      if (leg.one || isBad(result.finding) || result.broken !== undefined) done(result);
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
