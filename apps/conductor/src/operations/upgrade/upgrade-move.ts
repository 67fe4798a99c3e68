import type { Move } from '../nodes/move.js';

/** A node's row, as much of it as counts here. */
export interface UpgradedNode {
  readonly uuid: string;
  readonly slot: number;
  readonly leavingSince: Date | null;
  readonly readyAt: Date | null;
  /** Made from what the group is to be made from. */
  readonly current: boolean;
}

/**
 * The next move of an upgrade, from the rows alone: new nodes come in batches, an old one goes for each when they are Ready.
 * Repeating it until `done` brings a group from any state in between to `wanted` current nodes. Pure.
 */
export function nextMove<T extends UpgradedNode>(nodes: readonly T[], wanted: number, batch: number): Move<T> {
  const leaving = nodes.filter((node) => node.leavingSince !== null);
  if (leaving.length > 0) return { kind: 'leave', nodes: leaving };
  const standing = nodes.toSorted((a, b) => a.slot - b.slot);
  const old = standing.filter((node) => !node.current);
  const never = old.filter((node) => node.readyAt === null);
  if (never.length > 0) return { kind: 'mark', nodes: never };
  if (standing.some((node) => node.readyAt === null)) return { kind: 'grow' };
  const surplus = standing.length - wanted;
  if (surplus > 0) {
    const last = standing.filter((node) => node.current).toReversed();
    return { kind: 'mark', nodes: [...old, ...last].slice(0, surplus) };
  }
  if (old.length === 0 && surplus === 0) return { kind: 'done' };
  return { kind: 'add', count: Math.min(batch, old.length) - surplus };
}
