import type { Move } from '../nodes/move.js';

/** A node's row, as much of it as counts here. */
export interface RepairedNode {
  readonly uuid: string;
  readonly slot: number;
  readonly leavingSince: Date | null;
  readonly readyAt: Date | null;
  /** It is to be replaced. */
  readonly broken: boolean;
  /** Its machine is gone or does nothing: nothing can move from it to a new one. */
  readonly down: boolean;
}

/**
 * The next move of a repair, from the rows alone. A broken node that still does something stays until a new one is Ready;
 * one that is down goes first: what is left of it may be in the way, and etcd takes no new member while one is silent.
 * Repeating it until `done` brings a group from any state in between to `wanted` sound nodes. Pure.
 * @param atOnce how many may come or go together
 */
export function nextRepair<T extends RepairedNode>(nodes: readonly T[], wanted: number, atOnce: number): Move<T> {
  const leaving = nodes.filter((node) => node.leavingSince !== null);
  if (leaving.length > 0) return { kind: 'leave', nodes: leaving };
  const standing = nodes.toSorted((a, b) => a.slot - b.slot);
  const broken = standing.filter((node) => node.broken);
  const lost = broken.filter((node) => node.down || node.readyAt === null);
  if (lost.length > 0) return { kind: 'mark', nodes: lost.slice(0, atOnce) };
  if (standing.some((node) => node.readyAt === null)) return { kind: 'grow' };
  const surplus = standing.length - wanted;
  if (surplus > 0 && broken.length > 0) return { kind: 'mark', nodes: broken.slice(0, surplus) };
  if (broken.length === 0 && surplus >= 0) return { kind: 'done' };
  return { kind: 'add', count: Math.min(atOnce, broken.length - surplus) };
}
