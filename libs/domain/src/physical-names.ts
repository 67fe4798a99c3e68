/**
 * Names in the cloud. One rule for everything a cluster owns, so that an object can be found again by its name alone:
 * `<cluster name>-<first 12 hex digits of the cluster's uuid>-<logical name>`.
 *
 * The result is an RFC 1123 label (lower case, digits, dashes, at most 63 characters for servers), because a server's
 * name is also the name of its Kubernetes node. Logical names are unique within a cluster.
 */
export function physicalName(cluster: NamedCluster, logicalName: string): string {
  return `${clusterStackName(cluster)}-${logicalName}`;
}

export interface NamedCluster {
  readonly name: string;
  readonly uuid: string;
}

/** What the names of everything that a cluster owns begin with: `k1-3f2a9c1b7d4e`. */
export function clusterStackName(cluster: NamedCluster): string {
  const readable = cluster.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replaceAll(/^-+|-+$/g, '');
  return `${readable || 'cluster'}-${cluster.uuid.replaceAll('-', '').slice(0, 12)}`;
}

export interface NamedGroup {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly isDefault: boolean;
}

/**
 * The logical name of a node's server: `master-0`, `worker-3`, and for further groups `<group>-<slot>`.
 * A group's name that is long, not a plain label, or taken by a default group is made short and unique by its uuid.
 */
export function nodeLogicalName(group: NamedGroup, slot: number): string {
  return `${groupPrefix(group)}-${slot}`;
}

/** The name of a node group's stack: `k1-3f2a9c1b7d4e-worker`; its nodes' names begin with it. */
export function groupStackName(cluster: NamedCluster, group: NamedGroup): string {
  return physicalName(cluster, groupPrefix(group));
}

/** The name of a node: of its server, and of its Kubernetes node. */
export function nodeName(cluster: NamedCluster, group: NamedGroup, slot: number): string {
  return physicalName(cluster, nodeLogicalName(group, slot));
}

const PLAIN_GROUP = /^[a-z]([a-z0-9-]{0,11}[a-z0-9])?$/;

/** What the logical names of a group's nodes begin with. */
export function groupPrefix(group: NamedGroup): string {
  if (group.isDefault) return group.role === 'master' ? 'master' : 'worker';
  if (PLAIN_GROUP.test(group.name) && group.name !== 'master' && group.name !== 'worker') return group.name;
  const readable = group.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 5)
    .replaceAll(/^-+|-+$/g, '');
  return `${readable || 'group'}-x${group.uuid.replaceAll('-', '').slice(0, 6)}`;
}
