import type { Scenario } from './scenario.js';

const ends = { complete: 'UPDATE_COMPLETE', failed: 'UPDATE_FAILED' } as const;

export const createGroup: readonly Scenario[] = [
  {
    kind: 'node-group-create',
    name: 'create a node group',
    from: 'small',
    to: 'a second group',
    ends,
    ask: (lane) => lane.ask('POST', '/nodegroups', { name: 'second', node_count: 1 }),
  },
];

/** Labels and taints go to the nodes that stand. */
export const updateGroup: readonly Scenario[] = [
  {
    kind: 'node-group-update',
    name: 'update a node group',
    from: 'a second group',
    to: 'a second group',
    ends,
    ask: (lane) =>
      lane.ask('PATCH', '/nodegroups/second', [
        { op: 'replace', path: '/node_labels', value: JSON.stringify({ turn: `t${lane.turn()}` }) },
      ]),
  },
];

export const deleteGroup: readonly Scenario[] = [
  {
    kind: 'node-group-delete',
    name: 'delete a node group',
    from: 'a second group',
    to: 'small',
    ends,
    ask: (lane) => lane.ask('DELETE', '/nodegroups/second'),
  },
];
