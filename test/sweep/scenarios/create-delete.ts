import { NONE, type Scenario, type State } from './scenario.js';

/** Shapes of clusters: what `create` asks for besides the template. */
export const SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  small: { master_count: 1, node_count: 1 },
  'with a load balancer': { master_count: 1, node_count: 0, master_lb_enabled: true },
};

const createIn = (shape: State): Scenario => ({
  kind: 'create',
  name: `create ${shape}`,
  from: NONE,
  to: shape,
  ends: { complete: 'CREATE_COMPLETE', failed: 'CREATE_FAILED' },
  ask: (lane) => lane.create(SHAPES[shape] ?? {}),
});

const deleteIn = (shape: State): Scenario => ({
  kind: 'delete',
  name: `delete ${shape}`,
  from: shape,
  to: NONE,
  ends: { complete: null, failed: 'DELETE_FAILED' },
  ask: (lane) => lane.ask('DELETE', ''),
});

export const create: readonly Scenario[] = Object.keys(SHAPES).map(createIn);
export const remove: readonly Scenario[] = Object.keys(SHAPES).map(deleteIn);
