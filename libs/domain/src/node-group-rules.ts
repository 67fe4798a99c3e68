import { Conflict, InvalidInput } from './errors.js';

/** How many nodes a group may have. `maxNodeCount`: null and 0 are no limit. */
export interface NodeCounts {
  readonly nodeCount: number;
  readonly minNodeCount: number;
  readonly maxNodeCount: number | null;
}

/** A taint as it came: judged by `readNodeTaints`. */
export type RawTaint = Readonly<Record<string, unknown>>;

/**
 * Source: magnum/api/controllers/v1/nodegroup.py (_validate_node_count); reference section 5.3.
 * @throws Conflict the limits and the count do not agree
 */
export function assertNodeCounts(group: string, { nodeCount, minNodeCount: min, maxNodeCount }: NodeCounts): void {
  const max = maxNodeCount || null;
  if (max !== null && max < min) {
    throw invalid(group, 'max_node_count', `min_node_count (${min}) should be less or equal to max_node_count (${max})`);
  }
  if (max !== null && nodeCount > max) {
    throw invalid(group, 'max_node_count', `node_count (${nodeCount}) should be less or equal to max_node_count (${max})`);
  }
  if (min > nodeCount) {
    throw invalid(group, 'min_node_count', `min_node_count (${min}) should be less or equal to node_count (${nodeCount})`);
  }
}

/** @throws InvalidInput a resize would leave the group's limits */
export function assertWithinLimits(group: string, nodeCount: number, min: number, max: number | null): void {
  if (nodeCount >= min && (!max || nodeCount <= max)) return;
  throw new InvalidInput(
    'outside-node-limits',
    `Resizing ${group} outside the allowed range: min_node_count = ${min}, max_node_count = ${max ?? 'None'}`,
    { nodeGroup: group, nodeCount },
  );
}

/** Keys of the domains `kubernetes.io` and `k8s.io` that a kubelet may set on its own node. Source: Kubernetes, NodeRestriction. */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/windows-build',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const KUBELET_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const RESERVED_DOMAINS = ['kubernetes.io', 'k8s.io'];

const inDomain = (prefix: string, domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`);

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const isKubernetesKey = (key: string): boolean => {
  const [first = '', second, ...rest] = key.split('/');
  if (second === undefined) return NAME.test(first);
  return rest.length === 0 && first.length <= 253 && PREFIX.test(first) && NAME.test(second);
};
const isKubernetesValue = (value: string): boolean => value === '' || NAME.test(value);

/**
 * Kubernetes labels of the group's nodes: Magnum's rules, and what Kubernetes itself would refuse when the node joins.
 * @throws Conflict
 */
export function assertNodeLabels(group: string, role: string, labels: Readonly<Record<string, string>>): void {
  const keys = Object.keys(labels);
  if (role === 'master' && keys.length > 0) {
    throw invalid(group, 'node_labels', 'node_labels may not be set on master nodegroups');
  }
  for (const key of keys) {
    const [prefix = ''] = key.includes('/') ? key.split('/') : [''];
    const reserved = RESERVED_DOMAINS.some((domain) => inDomain(prefix, domain));
    if (reserved && !KUBELET_LABELS.has(key) && !KUBELET_DOMAINS.some((domain) => inDomain(prefix, domain))) {
      throw invalid(group, 'node_labels', `node_labels key ${key} is in a reserved domain`);
    }
    if (!isKubernetesKey(key)) throw invalid(group, 'node_labels', `node_labels key ${key} is not a valid label key`);
    if (!isKubernetesValue(labels[key] ?? '')) {
      throw invalid(group, 'node_labels', `node_labels[${key}] is not a valid label value`);
    }
  }
}

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: (typeof TAINT_EFFECTS)[number];
}

/**
 * @returns the taints, as they are stored
 * @throws Conflict
 */
export function readNodeTaints(group: string, role: string, taints: readonly RawTaint[]): Taint[] {
  if (role === 'master' && taints.length > 0) {
    throw invalid(group, 'node_taints', 'node_taints may not be set on master nodegroups');
  }
  return taints.map((taint, index) => readTaint(group, taint, `node_taints[${index}]`));
}

function readTaint(group: string, taint: RawTaint, name: string): Taint {
  const refuse = (words: string): Conflict => invalid(group, 'node_taints', `${name}${words}`);
  const unknown = Object.keys(taint).filter((key) => !['key', 'value', 'effect'].includes(key));
  if (unknown.length > 0) {
    throw refuse(` contains unrecognised field(s) ${unknown.join(', ')}; allowed fields are key, value, effect`);
  }
  const { key, value } = taint;
  if (typeof key !== 'string' || key === '') throw refuse('.key is required');
  const effect = TAINT_EFFECTS.find((one) => one === taint['effect']);
  if (!effect) throw refuse(`.effect must be one of ${TAINT_EFFECTS.join(', ')}`);
  if (!isKubernetesKey(key)) throw refuse('.key is not a valid taint key');
  if (value === undefined || value === null) return { key, effect };
  if (typeof value !== 'string' || !isKubernetesValue(value)) throw refuse('.value is not a valid taint value');
  return { key, value, effect };
}

/** @throws InvalidInput the control plane has its own group and no other */
export function assertNoMasterGroup(role: string): void {
  if (role !== 'master') return;
  throw new InvalidInput('master-group', 'Creating master nodegroups is currently not supported.', { field: 'role' });
}

function invalid(group: string, attribute: string, words: string): Conflict {
  return new Conflict('invalid-node-group', `${attribute} for ${group} is invalid (${words}).`, {
    nodeGroup: group,
    field: attribute,
  });
}
