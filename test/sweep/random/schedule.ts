import { createHash } from 'node:crypto';
import { faultsAt, outcomeOf, pointText, type FaultName, type Point } from '../faults.js';
import { seeded } from '../plan.js';
import type { Lane } from '../lane.js';

/** Something that is asked for in the course of a schedule. */
export interface Asked {
  readonly what: string;
  /** So many calls of the lane's conductors after the one before; Infinity: when nothing is open any more. */
  readonly after: number;
  ask(lane: Lane): Promise<void>;
}

export interface Schedule {
  readonly seed: number;
  readonly asked: readonly Asked[];
  /** Which of the conductors gets a job. */
  choose(): number;
  /** By the call alone, not by when it comes: calls that run side by side come in any order. */
  fault(point: Point): FaultName | undefined;
}

const MOST_CALLS_APART = 80;
const MOST_ASKED = 6;
/** Of all calls. */
const FAULTS = 0.025;
/** A hanging call takes as long as a client waits: few of them are enough. */
const RARE: readonly FaultName[] = ['hang-before', 'hang-after', 'stop'];

const nodeCount = (value: number): unknown => [{ op: 'replace', path: '/node_count', value }];

const KINDS: readonly ((random: () => number) => Omit<Asked, 'after'>)[] = [
  (random) => {
    const count = Math.floor(random() * 4);
    return { what: `resize to ${count}`, ask: (lane) => lane.ask('POST', '/actions/resize', { node_count: count }) };
  },
  (random) => {
    const count = Math.floor(random() * 3) + 1;
    return { what: `update to ${count}`, ask: (lane) => lane.ask('PATCH', '?rollback=True', nodeCount(count)) };
  },
  () => ({
    what: 'create a node group',
    ask: (lane) => lane.ask('POST', '/nodegroups', { name: 'second', node_count: 1 }),
  }),
  () => ({ what: 'delete the node group', ask: (lane) => lane.ask('DELETE', '/nodegroups/second') }),
  () => ({
    what: 'rotate the credential',
    ask: async (lane) => void (await lane.request('PATCH', `/credentials/${lane.cluster}`)),
  }),
  () => ({
    what: 'repair a worker',
    ask: async (lane) => lane.ask('POST', '/actions/repair', { nodes: [await lane.worker()] }),
  }),
  () => ({ what: 'abort', ask: (lane) => lane.abort() }),
  (random) => {
    const how = random() < 0.5 ? 'retry' : 'resume';
    return { what: how, ask: (lane) => lane.repeat(how) };
  },
  (random) => {
    const image = random() < 0.5 ? 'stock' : 'prebuilt';
    return {
      what: `upgrade to ${image}`,
      ask: async (lane) =>
        lane.ask('POST', '/actions/upgrade', { cluster_template: await lane.template(image), max_batch_size: 1 }),
    };
  },
];

/** A create, a few changes at any moments, and in the end a delete: all of it from the seed. */
export function scheduleOf(seed: number): Schedule {
  const random = seeded(seed);
  const asked: Asked[] = [{ what: 'create', after: 0, ask: (lane) => lane.create({ master_count: 1, node_count: 1 }) }];
  const count = 1 + Math.floor(random() * (MOST_ASKED - 1));
  for (let n = 0; n < count; n++) {
    const kind = KINDS[Math.floor(random() * KINDS.length)];
    // The create comes first: most of what can be asked needs a cluster that stands.
    const after = n === 0 || random() < 0.4 ? Infinity : Math.floor(random() * MOST_CALLS_APART);
    if (kind) asked.push({ ...kind(random), after });
  }
  const after = random() < 0.4 ? Infinity : Math.floor(random() * MOST_CALLS_APART);
  const query = random() < 0.25 ? '?force=true' : '';
  asked.push({ what: `delete${query}`, after, ask: (lane) => lane.ask('DELETE', query) });
  const choose = seeded(seed + 1);
  return { seed, asked, choose: () => Math.floor(choose() * 2), fault: (point) => faultOf(seed, point) };
}

function faultOf(seed: number, point: Point): FaultName | undefined {
  const digest = createHash('sha256')
    .update(`${seed} ${pointText(point)}`)
    .digest();
  const draw = (place: number): number => digest.readUInt32BE(place) / 2 ** 32;
  if (draw(0) >= FAULTS) return undefined;
  const possible = faultsAt(point).filter((fault) => outcomeOf({ point, fault }) === 'survived');
  const fault = possible[Math.floor(draw(4) * possible.length)];
  return fault && RARE.includes(fault) && draw(8) < 0.7 ? undefined : fault;
}
