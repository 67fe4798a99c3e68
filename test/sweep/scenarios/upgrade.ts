import type { Scenario } from './scenario.js';

const ends = { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' } as const;

/** All machines are replaced, by ones of another image and back: both carry the same Kubernetes. */
export const upgrade: readonly Scenario[] = [
  {
    kind: 'upgrade',
    name: 'upgrade',
    from: 'small',
    to: 'small on the other image',
    ends,
    ask: async (lane) =>
      lane.ask('POST', '/actions/upgrade', { cluster_template: await lane.template('stock'), max_batch_size: 1 }),
  },
  {
    kind: 'upgrade',
    name: 'upgrade back',
    twin: 'upgrade',
    from: 'small on the other image',
    to: 'small',
    ends,
    ask: async (lane) =>
      lane.ask('POST', '/actions/upgrade', { cluster_template: await lane.template('prebuilt'), max_batch_size: 1 }),
  },
];
