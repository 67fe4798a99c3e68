import type { Scenario } from './scenario.js';

const ends = { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' } as const;

/** The default workers of a small cluster become two, and one again. */
export const resize: readonly Scenario[] = [
  {
    kind: 'resize',
    name: 'resize up',
    from: 'small',
    to: 'two workers',
    ends,
    ask: (lane) => lane.ask('POST', '/actions/resize', { node_count: 2 }),
  },
  {
    kind: 'resize',
    name: 'resize down',
    from: 'two workers',
    to: 'small',
    ends,
    ask: (lane) => lane.ask('POST', '/actions/resize', { node_count: 1 }),
  },
];
