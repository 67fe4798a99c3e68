import type { Scenario } from './scenario.js';

/** All machines are replaced, masters three times and workers twice; what failed half-way goes on from where it stands. */
export const rotateCa: readonly Scenario[] = [
  {
    kind: 'rotate-ca',
    name: 'rotate the authorities',
    from: 'small',
    to: 'small',
    ends: { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' },
    ask: async (lane) => void (await lane.request('PATCH', `/certificates/${lane.cluster}`)),
  },
];
