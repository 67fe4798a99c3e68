export interface BrakedGroup {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
}
export interface BrakedNode {
  readonly uuid: string;
  readonly nodeGroupUuid: string;
}

export interface Brake {
  /** Uuids of nodes that may be replaced. */
  readonly free: ReadonlySet<string>;
  /** Why others are not; null: nothing is held. */
  readonly held: string | null;
}

/**
 * Many nodes that fall silent together have one cause, and it is seldom the machines: a network, a hypervisor, a change that was
 * rolled out. New machines would meet it too. So nothing is replaced while every node of the cluster is NotReady, while too
 * large a share of the masters is, and in a group of which too large a share is. Pure.
 * @param standing nodes that are to stay
 * @param notReady uuids of all that are not Ready now, however short
 */
export function brakeHealing(
  groups: readonly BrakedGroup[],
  standing: readonly BrakedNode[],
  notReady: ReadonlySet<string>,
  mostPercent: number,
): Brake {
  const lost = standing.filter(({ uuid }) => notReady.has(uuid));
  if (lost.length > 0 && lost.length === standing.length) {
    const words =
      lost.length === 1
        ? 'the only node is NotReady: nothing is replaced'
        : `all ${lost.length} nodes are NotReady at once: more likely their network than they themselves, so nothing is replaced`;
    return { free: new Set(), held: words };
  }
  const free = new Set<string>();
  const held: string[] = [];
  for (const group of groups) {
    const own = standing.filter(({ nodeGroupUuid }) => nodeGroupUuid === group.uuid);
    const unwell = own.filter(({ uuid }) => notReady.has(uuid));
    if (unwell.length > 1 && unwell.length * 100 > own.length * mostPercent) {
      const words = `${unwell.length} of ${own.length} nodes of group ${group.name} are NotReady at once (more than ${mostPercent} %)`;
      if (group.role === 'master') return { free: new Set(), held: `${words}: nothing is replaced` };
      held.push(`${words}: none of them is replaced`);
    } else for (const { uuid } of unwell) free.add(uuid);
  }
  return { free, held: held.length > 0 ? held.join('; ') : null };
}
