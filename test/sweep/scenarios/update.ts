import type { Scenario } from './scenario.js';

const ends = { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' } as const;
const nodeCount = (value: number): unknown => [{ op: 'replace', path: '/node_count', value }];
const NO_QUOTA = {
  forbidden: { code: 403, message: 'Quota exceeded for instances: Requested 1, but already used 2 of 2 instances' },
};

/** A PATCH of `node_count`; and one that fails for good, so that the group goes back to the nodes there were. */
export const update: readonly Scenario[] = [
  {
    kind: 'update',
    name: 'update up',
    from: 'small',
    to: 'two workers',
    ends,
    ask: (lane) => lane.ask('PATCH', '', nodeCount(2)),
  },
  {
    kind: 'update',
    name: 'update down',
    from: 'two workers',
    to: 'small',
    ends,
    ask: (lane) => lane.ask('PATCH', '', nodeCount(1)),
  },
];

export const rollback: readonly Scenario[] = [
  {
    kind: 'rollback',
    name: 'update and rollback',
    from: 'small',
    to: 'small',
    ends: { complete: 'ROLLBACK_COMPLETE', failed: 'ROLLBACK_FAILED' },
    background: { pattern: /^POST compute \/servers /, rule: { kind: 'status', status: 403, body: NO_QUOTA } },
    ask: (lane) => lane.ask('PATCH', '?rollback=True', nodeCount(2)),
  },
];
