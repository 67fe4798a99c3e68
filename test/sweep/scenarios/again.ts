import type { Lane } from '../lane.js';
import { SHAPES } from './create-delete.js';
import { NONE, type Scenario } from './scenario.js';

/** So many calls of its conductors after it was asked for, an operation is told to stop: somewhere in its middle. */
const CALLS = { create: 40, resize: 12 } as const;

/** What was told to stop, and is done again: as a new operation, or going on as the same one. */
export const createAgain: readonly Scenario[] = [
  {
    kind: 'create',
    name: 'create, aborted and tried again',
    from: NONE,
    to: 'small',
    ends: { complete: 'CREATE_COMPLETE', failed: 'CREATE_FAILED' },
    ask: async (lane) => {
      await lane.create(SHAPES['small'] ?? {});
      await stopAndRepeat(lane, CALLS.create, 'retry');
    },
  },
];

export const resizeAgain: readonly Scenario[] = [
  {
    kind: 'resize',
    name: 'resize up, aborted and resumed',
    from: 'small',
    to: 'two workers',
    ends: { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' },
    ask: async (lane) => {
      await lane.ask('POST', '/actions/resize', { node_count: 2 });
      await stopAndRepeat(lane, CALLS.resize, 'resume');
    },
  },
];

/** One that has ended by itself meanwhile, well or not, is not asked to stop; one that went well is not repeated. */
async function stopAndRepeat(lane: Lane, calls: number, how: 'retry' | 'resume'): Promise<void> {
  await lane.reach(calls);
  await lane.abort();
  if ((await lane.newestOperation())?.status === 'complete') return;
  await lane.repeat(how);
}
