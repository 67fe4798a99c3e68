import type { Scenario } from './scenario.js';

const METRICS = 'metrics-server';

export const addons: readonly Scenario[] = [
  {
    kind: 'addons',
    name: 'switch an add-on off',
    from: 'small',
    to: 'small',
    ends: { complete: 'as before', failed: 'as before' },
    ask: async (lane) => void (await lane.request('PATCH', `/clusters/${lane.cluster}/addons/${METRICS}`, { enabled: false })),
  },
];
