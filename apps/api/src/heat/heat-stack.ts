import { clusterStackName, groupStackName, type NamedCluster, type NamedGroup } from '#libs/domain';
import type { NodeEntity, NodeGroupEntity, TreeStack } from '#libs/db';

/** Name and id, which together are a stack's address; the project is part of its URL. */
export interface StackAddress {
  readonly projectId: string;
  readonly name: string;
  readonly id: string;
}

/** What lists tell of a stack. */
export interface StackCommon extends StackAddress {
  /** Id of the stack in which this one is a resource. */
  readonly parent: string | null;
  /** `CREATE_COMPLETE` */
  readonly status: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
  /** Id of the user whose it is. */
  readonly owner: string;
}

/**
 * What Heat's clients take for a stack. Only the first kind has a row of its own; the others are node groups and nodes, shown
 * nested as Magnum's own templates nest them: stack, `kube_masters` or `kube_minions`, one stack for each node.
 */
export type HeatStack =
  | (StackCommon & { readonly kind: 'row'; readonly row: TreeStack; readonly group: NodeGroupEntity | null })
  | (StackCommon & { readonly kind: 'nodes'; readonly group: NodeGroupEntity })
  | (StackCommon & { readonly kind: 'node'; readonly group: NodeGroupEntity; readonly node: NodeEntity });

/** The resource under which Magnum's templates have the nodes of a group. */
export const nodesResource = (group: { readonly role: string }): string =>
  group.role === 'master' ? 'kube_masters' : 'kube_minions';

/** As Magnum's templates call the server of a node. The autoscaler looks for it. */
export const serverResource = (group: { readonly role: string }): string =>
  group.role === 'master' ? 'kube-master' : 'kube-minion';

/** Of the stack of a cluster, and of one of its groups. */
export const stackName = (cluster: NamedCluster, group: NamedGroup | null): string =>
  group ? groupStackName(cluster, group) : clusterStackName(cluster);

export const nodesStackName = (cluster: NamedCluster, group: NamedGroup): string =>
  `${groupStackName(cluster, group)}-${nodesResource(group)}`;

export const nodeStackName = (cluster: NamedCluster, group: NamedGroup, slot: number): string =>
  `${nodesStackName(cluster, group)}-${slot}`;

/** The 12 hex digits in a name that are its cluster's; a name that is not ours may have several or none. */
export const clusterKeysIn = (name: string): string[] => [...name.matchAll(/(?<=-)[0-9a-f]{12}(?=-|$)/g)].map(([key]) => key);

/** What Heat says of a stack that nothing is said of. */
export function reasonOf(status: string, given: string | null): string {
  if (given !== null && given !== '') return given;
  const [, action = '', how = ''] = /^([A-Z]+)_(.*)$/.exec(status) ?? [];
  const words: Record<string, string> = { COMPLETE: 'completed successfully', IN_PROGRESS: 'started', FAILED: 'failed' };
  return `Stack ${action} ${words[how] ?? how}`;
}
