import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '../lane.js';
import { holdingsOf, shortName } from '../holdings.js';
import type { Runner } from '../runner.js';
import { scheduleOf } from './schedule.js';

const LOOK_MS = 25;
const QUIET_SECONDS = 300;

export interface ScheduleResult {
  readonly seed: number;
  readonly told: readonly string[];
  readonly wrong: readonly string[];
  readonly faults: number;
  readonly deaths: number;
  readonly ms: number;
}

interface Row {
  readonly kind: string;
  readonly status: string;
  readonly error: { readonly code?: string; readonly message?: string } | null;
}

/**
 * One schedule on one lane with two conductors. Its clock are the calls that the conductors make: what is asked for comes after
 * so many of them, or when none is open any more.
 */
export async function runSchedule(runner: Runner, seed: number): Promise<ScheduleResult> {
  const began = Date.now();
  const schedule = scheduleOf(seed);
  const lane = await runner.openLane(2);
  lane.choose = () => schedule.choose();
  lane.tracer.begin([]);
  lane.tracer.chance = (point) => schedule.fault(point);
  const told: string[] = [];
  const wrong: string[] = [];
  const aborts = setInterval(() => void lane.lookForAborts(), 500);
  try {
    for (const asked of schedule.asked) {
      const { what, after } = asked;
      await reach(lane, after);
      const answer = await asked.ask(lane).then(
        () => 'accepted',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      told.push(`${what} after ${lane.tracer.points.length} calls: ${answer}`);
      if (answer !== 'accepted' && !/: 4\d\d /.test(answer)) wrong.push(`${what}: ${answer}`);
      if (!what.startsWith('delete') && after === Infinity) await settled(lane, wrong);
    }
    const open = await quiet(lane);
    if (open) wrong.push(`still open: ${open}`);
    wrong.push(...(await unendedOf(lane)));
    const { struck } = lane.tracer;
    lane.tracer.chance = null;
    wrong.push(...lane.sandbox.duplicates.list(lane.projectId).map(({ kind, name }) => `duplicate: ${kind} ${shortName(name)}`));
    const left = holdingsOf(lane, [lane.cluster]).map((one) => `left: ${one.kind} ${one.shortName}`);
    wrong.push(...left);
    return { seed, told, wrong, faults: struck, deaths: lane.deaths, ms: Date.now() - began };
  } finally {
    clearInterval(aborts);
    lane.tracer.chance = null;
    if (wrong.length > 0) await runner.cleanUp(lane);
    await runner.replace(lane, false);
  }
}

/** Until the clock stands there. It also goes on when nothing moves any more. */
async function reach(lane: Lane, after: number): Promise<void> {
  const goal = lane.tracer.points.length + after;
  while (lane.tracer.points.length < goal && (await openOf(lane)) !== '') await sleep(LOOK_MS);
}

/** A cluster at rest has what it says it has. */
async function settled(lane: Lane, wrong: string[]): Promise<void> {
  if (await quiet(lane)) return;
  // What was aborted has what it had.
  if ((await lane.newestOperation())?.status === 'aborted') return;
  const rows: { what: string }[] = await lane.site.database.query(
    `SELECT 'group ' || g.name || ' wants ' || g.node_count || ' nodes and has ' || count(n.uuid) AS what
       FROM node_groups g LEFT JOIN nodes n ON n.node_group_uuid = g.uuid AND n.ready_at IS NOT NULL AND n.leaving_since IS NULL
       WHERE g.cluster_uuid = $1 GROUP BY g.uuid, g.name, g.node_count HAVING count(n.uuid) <> g.node_count`,
    [lane.cluster],
  );
  wrong.push(...rows.map(({ what }) => `at rest: ${what}`));
  const [nodes]: { count: number }[] = await lane.site.database.query(
    'SELECT count(*)::int AS count FROM nodes WHERE cluster_uuid = $1',
    [lane.cluster],
  );
  const servers = holdingsOf(lane, []).filter(({ kind }) => kind === 'servers').length;
  if (servers !== nodes?.count) wrong.push(`at rest: ${servers} servers for ${nodes?.count} nodes`);
}

/** @returns what is open all the same */
async function quiet(lane: Lane): Promise<string> {
  const until = Date.now() + QUIET_SECONDS * 1000;
  for (;;) {
    const open = await openOf(lane);
    if (open === '' || Date.now() > until) return open;
    await sleep(LOOK_MS * 2);
  }
}

async function openOf(lane: Lane): Promise<string> {
  if (lane.cluster === '') return '';
  const rows: Row[] = await lane.site.database.query(
    `SELECT kind, status, error FROM operations WHERE cluster_uuid = $1 AND status IN ('pending', 'running')`,
    [lane.cluster],
  );
  return rows.map(({ kind, status }) => `${kind} is ${status}`).join(', ');
}

/** Faults that must be survived make nothing fail; what was overtaken may be superseded. */
async function unendedOf(lane: Lane): Promise<string[]> {
  const rows: Row[] = await lane.site.database.query(
    `SELECT kind, status, error FROM operations WHERE cluster_uuid = $1 AND status NOT IN ('complete', 'superseded', 'aborted') ORDER BY id`,
    [lane.cluster],
  );
  return rows.map(({ kind, status, error }) => `${kind} is ${status}: ${error?.message ?? 'without a reason'}`);
}
