import type { LedgerNode } from '#libs/db';

export interface HealedGroup {
  readonly uuid: string;
  readonly role: string;
  readonly nodeCount: number;
}

/** At most this share of a group's nodes is replaced at a time, and at least one. */
const SHARE = 0.3;
const FIRST_PAUSE_MS = 10 * 60_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60_000;

/**
 * Which nodes a repair that nobody has asked for replaces: of each group a share, the lowest names first. Of masters one, and
 * only while most of them are well: the others need somebody who knows what is lost. Pure.
 */
export function chooseNodes(groups: readonly HealedGroup[], nodes: readonly LedgerNode[], unwell: ReadonlySet<string>): string[] {
  return groups.flatMap((group) => {
    const own = nodes
      .filter((node) => node.nodeGroupUuid === group.uuid && !node.leaving)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const lost = own.filter((node) => unwell.has(node.uuid));
    if (group.role !== 'master') {
      return lost.slice(0, Math.max(1, Math.floor(group.nodeCount * SHARE))).map((node) => node.uuid);
    }
    const well = own.length - lost.length;
    return well > 0 && well >= Math.floor(own.length / 2) + 1 ? lost.slice(0, 1).map((node) => node.uuid) : [];
  });
}

/** How long after the last of so many repairs for the same differences the next one may come. */
export const pauseMs = (repairs: number): number =>
  repairs === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(repairs - 1, 20));
