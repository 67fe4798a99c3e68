import type { Scenario } from './scenario.js';

export const rotateCredential: readonly Scenario[] = [
  {
    kind: 'rotate-credential',
    name: 'rotate the credential',
    from: 'small',
    to: 'small',
    ends: { complete: 'as before', failed: 'as before' },
    ask: async (lane) => void (await lane.request('PATCH', `/credentials/${lane.cluster}`)),
  },
];
