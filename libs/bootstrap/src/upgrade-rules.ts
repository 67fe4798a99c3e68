import { InvalidInput, type CodeOf } from '#libs/domain';
import { checked } from './grammar.js';

/** How many minors a kubelet may be behind the control plane. Source: kubernetes.io, Version Skew Policy. */
const MOST_BEHIND = 3;

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/**
 * Whether a control plane may go from one version to another: up within its minor or to the next one, or to the very same
 * version (new machines of another image). Neither kubeadm nor etcd can go back.
 * @param from, to `v1.36.4`
 * @throws InvalidInput 'kubernetes-downgrade', 'kubernetes-minor-skipped'; field `cluster_template`, both versions named
 */
export function checkUpgrade(from: string, to: string): void {
  const [old, next] = [parse(from), parse(to)];
  if (compare(next, old) < 0) {
    throw refusal('kubernetes-downgrade', `Kubernetes cannot be downgraded, from ${from} to ${to}.`, from, to);
  }
  if (next.major === old.major && next.minor <= old.minor + 1) return;
  throw refusal(
    'kubernetes-minor-skipped',
    `Kubernetes cannot be upgraded over a minor version, from ${from} to ${to}: go to v${old.major}.${old.minor + 1} first.`,
    from,
    to,
  );
}

/** What stays for a cluster's whole life: its machines and addresses have been made for it. */
export interface LastingTemplate {
  readonly coe: string;
  readonly serverType: string;
  readonly networkDriver: string | null;
  readonly apiserverPort: number | null;
}

export interface UpgradedCluster {
  readonly masterLbEnabled: boolean;
  readonly floatingIpEnabled: boolean;
}

/**
 * Whether a cluster can be upgraded to another template at all. Versions aside: `checkUpgrade`.
 * @throws InvalidInput 'upgrade-template-differs' naming the field; 'upgrade-address-bound' new masters could not be reached
 *   where the old one is
 */
export function checkUpgradeTemplate(cluster: UpgradedCluster, current: LastingTemplate, next: LastingTemplate): void {
  const fields: readonly [keyof LastingTemplate, string, unknown][] = [
    ['coe', 'coe', null],
    ['serverType', 'server_type', null],
    ['networkDriver', 'network_driver', 'flannel'],
    ['apiserverPort', 'apiserver_port', 6443],
  ];
  for (const [field, name, usual] of fields) {
    const [is, wanted] = [current[field] || usual, next[field] || usual];
    if (is === wanted) continue;
    throw new InvalidInput(
      'upgrade-template-differs',
      `Upgrading a cluster cannot change ${name} from ${String(is)} to ${String(wanted)}.`,
      { field: 'cluster_template', property: name },
    );
  }
  if (cluster.masterLbEnabled || cluster.floatingIpEnabled) return;
  throw new InvalidInput(
    'upgrade-address-bound',
    'Upgrading a cluster with neither load balancer nor floating IP is not supported: the address of its API is that of its one master.',
    { field: 'cluster_template' },
  );
}

/**
 * Whether nodes of one version may belong to a control plane of another: never newer, at most three minors older.
 * @throws InvalidInput 'kubernetes-node-newer', 'kubernetes-node-too-old'
 */
export function checkNodeVersion(controlPlane: string, node: string, nodeGroup: string): void {
  const [plane, kubelet] = [parse(controlPlane), parse(node)];
  if (kubelet.major > plane.major || (kubelet.major === plane.major && kubelet.minor > plane.minor)) {
    throw refusal(
      'kubernetes-node-newer',
      `Node group ${nodeGroup} cannot run newer Kubernetes than its control plane: ${node}, not above ${controlPlane}.`,
      controlPlane,
      node,
    );
  }
  if (kubelet.major === plane.major && plane.minor - kubelet.minor <= MOST_BEHIND) return;
  throw refusal(
    'kubernetes-node-too-old',
    `Node group ${nodeGroup} would be more than ${MOST_BEHIND} minor versions behind its control plane: ${node}, under ${controlPlane}.`,
    controlPlane,
    node,
  );
}

/** By version, oldest first. @throws InvalidInput 'invalid-value' */
export function compareVersions(a: string, b: string): number {
  return compare(parse(a), parse(b));
}

function compare(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

function parse(version: string): Version {
  const [major = 0, minor = 0, patch = 0] = checked('version', 'Kubernetes version', version).slice(1).split('.').map(Number);
  return { major, minor, patch };
}

function refusal(code: CodeOf<400>, message: string, from: string, to: string): InvalidInput {
  return new InvalidInput(code, message, { field: 'cluster_template', from, to });
}
