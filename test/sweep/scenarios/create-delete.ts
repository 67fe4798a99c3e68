import { NONE, type Scenario, type State } from './scenario.js';

/** Shapes of clusters: what `create` asks for besides the template. */
export const SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  small: { master_count: 1, node_count: 1 },
  'with a load balancer': { master_count: 1, node_count: 0, master_lb_enabled: true },
};

/** Left to `--nightly`: more machines, and objects that the others have not. */
const NIGHTLY_SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'with three masters': { master_count: 3, node_count: 2, master_lb_enabled: true },
  'with volumes': {
    master_count: 1,
    node_count: 1,
    docker_volume_size: 10,
    labels: { boot_volume_size: '20' },
    merge_labels: true,
  },
  'without floating IPs': { master_count: 1, node_count: 1, floating_ip_enabled: false },
};

const createIn = (shape: State, asked: Readonly<Record<string, unknown>>): Scenario => ({
  kind: 'create',
  name: `create ${shape}`,
  from: NONE,
  to: shape,
  ends: { complete: 'CREATE_COMPLETE', failed: 'CREATE_FAILED' },
  ask: (lane) => lane.create(asked),
});

const deleteIn = (shape: State, how = ''): Scenario => ({
  kind: 'delete',
  name: `delete ${shape}${how && ` with ${how}`}`,
  from: shape,
  to: NONE,
  ends: { complete: null, failed: 'DELETE_FAILED' },
  ask: (lane) => lane.ask('DELETE', how && `?${how}=true`),
});

const nightly = (scenario: Scenario): Scenario => ({ ...scenario, nightly: true });

export const create: readonly Scenario[] = [
  ...Object.entries(SHAPES).map(([shape, asked]) => createIn(shape, asked)),
  ...Object.entries(NIGHTLY_SHAPES).map(([shape, asked]) => nightly(createIn(shape, asked))),
];
export const remove: readonly Scenario[] = [
  ...Object.keys(SHAPES).map((shape) => deleteIn(shape)),
  ...Object.keys(NIGHTLY_SHAPES).map((shape) => nightly(deleteIn(shape))),
  nightly(deleteIn('small', 'force')),
];
