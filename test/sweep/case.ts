import { check, clusterRow, lookAt, type Finding, type Look } from './checks.js';
import { BOUND_SECONDS } from './site.js';
import { strikeText, type Point, type Strike } from './faults.js';
import type { Ends } from './ends.js';
import type { Lane } from './lane.js';
import { NONE, type Scenario } from './scenarios/scenario.js';

/** One run: an operation and the faults that it meets. */
export interface Case {
  readonly scenario: string;
  readonly strikes: readonly Strike[];
}

export interface CaseResult {
  readonly case: Case;
  readonly finding: Finding;
  /** How many of the faults have met their call. */
  readonly struck: number;
  readonly ms: number;
  /** Why the run could not be made. */
  readonly broken?: string;
}

/** Past the operation's own bound, so that a bound that does not work is seen. */
const PATIENCE_MS = (BOUND_SECONDS + 20) * 1000;

export const caseText = (one: Case): string => [one.scenario, ...one.strikes.map(strikeText)].join(' | ');

/** What is known of the states: written by undisturbed runs. */
export type Looks = Map<string, Look>;

/** Runs an operation on a lane that stands in the scenario's state. */
export async function runCase(
  lane: Lane,
  scenario: Scenario,
  strikes: readonly Strike[],
  ends: Ends,
  looks: Looks,
): Promise<CaseResult & { readonly points: readonly Point[] }> {
  const began = Date.now();
  const after = await ends.newest();
  const statusBefore = scenario.from === NONE ? null : ((await clusterRow(lane))?.status ?? null);
  if (strikes.some(({ point }) => point.key.includes('/auth/tokens'))) await lane.renew();
  lane.sandbox.duplicates.clear(lane.projectId);
  lane.tracer.begin(strikes);
  lane.tracer.background = scenario.background ?? null;
  await scenario.ask(lane);
  const operation = await ends.ended(lane.cluster, after, PATIENCE_MS);
  lane.tracer.background = null;
  const { points, struck } = lane.tracer;
  lane.tracer.begin([]);
  const finding = await check(lane, scenario, operation, looks.get(scenario.to), strikes, statusBefore);
  return { case: { scenario: scenario.name, strikes }, finding, struck, ms: Date.now() - began, points: [...points] };
}

/** An undisturbed run, whose outcome is what the state shall look like. @throws Error it did not go well */
export async function runUndisturbed(lane: Lane, scenario: Scenario, ends: Ends, looks: Looks): Promise<readonly Point[]> {
  const { finding, points } = await runCase(lane, scenario, [], ends, looks);
  const wrong = [...finding.orphans, ...finding.duplicates, ...finding.wrongStatus, ...finding.missingReason];
  if (wrong.length > 0 || !finding.ended) throw new Error(`${scenario.name}, undisturbed: ${wrong.join('; ') || 'no end'}`);
  if (!looks.has(scenario.to))
    looks.set(scenario.to, scenario.to === NONE ? { objects: {}, nodes: 0, groups: 0 } : await lookAt(lane));
  return points;
}
