import type { Scenario } from './scenario.js';

/** The worker of a small cluster is replaced, whatever its state. */
export const repair: readonly Scenario[] = [
  {
    kind: 'repair',
    name: 'repair a worker',
    from: 'small',
    to: 'small',
    ends: { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' },
    ask: async (lane) => lane.ask('POST', '/actions/repair', { nodes: [await lane.worker()] }),
  },
];
