import { isNodeCalled } from '#libs/domain';

/** A node's row, as much of it as counts here. */
export interface PresentNode {
  readonly uuid: string;
  readonly name: string;
  readonly slot: number;
  readonly serverId: string | null;
  readonly leavingSince: Date | null;
}

export interface NodePlan {
  readonly leaving: readonly PresentNode[];
  readonly newSlots: readonly number[];
  /** Named to be removed, but no node of the group. */
  readonly unknown: readonly string[];
}

/**
 * How a group gets its wanted count. Named nodes leave whatever the count is, each known by server id, node uuid, name or
 * slot; then the highest slots leave, or the lowest free slots are filled. Nodes that are leaving already are neither
 * counted nor is their slot free. Pure.
 */
export function planNodes(rows: readonly PresentNode[], wanted: number, nodesToRemove: readonly string[] = []): NodePlan {
  const named = nodesToRemove.map((entry) => ({ entry, node: rows.find((row) => isNodeCalled(row, entry)) }));
  const chosen = new Set(named.flatMap(({ node }) => (node ? [node.uuid] : [])));
  const standing = rows.filter((row) => row.leavingSince === null).toSorted((a, b) => a.slot - b.slot);
  const kept = standing.filter((row) => !chosen.has(row.uuid));
  const taken = new Set(rows.map((row) => row.slot));
  return {
    leaving: [...standing.filter((row) => chosen.has(row.uuid)), ...kept.slice(wanted)],
    newSlots: freeSlots(taken, Math.max(0, wanted - kept.length)),
    unknown: named.filter(({ node }) => !node).map(({ entry }) => entry),
  };
}

/** The lowest slots that nobody has. */
export function freeSlots(taken: ReadonlySet<number>, count: number): number[] {
  const free: number[] = [];
  for (let slot = 0; free.length < count; slot++) if (!taken.has(slot)) free.push(slot);
  return free;
}
