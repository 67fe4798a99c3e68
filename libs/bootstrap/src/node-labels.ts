import { checked } from './grammar.js';

/**
 * A kubelet may not give itself every label: the NodeRestriction plugin lets through only these of Kubernetes' own
 * prefixes. Source: kubernetes.io, admission controllers, NodeRestriction.
 */
const OWN_DOMAIN = /(^|\.)(kubernetes|k8s)\.io$/;
const ALLOWED = /^(kubelet\.kubernetes\.io|node\.kubernetes\.io|.+\.kubelet\.kubernetes\.io|.+\.node\.kubernetes\.io)\//;
const ALLOWED_EXACT = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'node.kubernetes.io/instance-type',
]);

export interface NodeLabels {
  /** Given by the kubelet when it registers. */
  readonly atJoin: Readonly<Record<string, string>>;
  /** To be set through the cluster's API afterwards. */
  readonly afterJoin: Readonly<Record<string, string>>;
}

/** A node's labels: Magnum's two, and the group's own. Throws InvalidInput for what Kubernetes would refuse. */
export function nodeLabels(role: string, groupName: string, own: Readonly<Record<string, string>> = {}): NodeLabels {
  const atJoin: Record<string, string> = {};
  const afterJoin: Record<string, string> = {};
  for (const [key, value] of Object.entries(own)) {
    checked('labelKey', 'node_labels', key);
    (mayLabelItself(key) ? atJoin : afterJoin)[key] = checked('labelValue', `node_labels/${key}`, value);
  }
  atJoin['magnum.openstack.org/role'] = role;
  atJoin['magnum.openstack.org/nodegroup'] = asLabelValue(groupName);
  return { atJoin, afterJoin };
}

function mayLabelItself(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  return !OWN_DOMAIN.test(domain) || ALLOWED.test(key) || ALLOWED_EXACT.has(key);
}

/** Group names are free text; a label's value is not. */
function asLabelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_.-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
