import type { Lane } from './lane.js';

/** One object of the cloud, without the cluster's part of its name. */
export interface Holding {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly shortName: string;
}

/** What the cloud holds of a lane: everything of its project, its trusts, and the users that its clusters act by. */
export function holdingsOf(lane: Lane, clusterUuids: readonly string[]): Holding[] {
  const found: Holding[] = [];
  for (const [owner, kinds] of Object.entries(lane.sandbox.inventory())) {
    for (const [kind, rows] of Object.entries(kinds)) {
      for (const row of rows) {
        const id = String(row['id']);
        const name = typeof row['name'] === 'string' ? row['name'] : '';
        const own = kind === 'users' ? clusterUuids.some((uuid) => name.startsWith(uuid)) : owner === lane.projectId;
        if (own) found.push({ kind, id, name, shortName: kind === 'users' ? 'trustee' : shortName(name) });
      }
    }
  }
  return found;
}

export const shortName = (name: string): string => /-[0-9a-f]{12}-(.+)$/.exec(name)?.[1] ?? (name === '' ? '(no name)' : name);

/** How many there are of each kind. */
export function counted(holdings: readonly Holding[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of holdings) counts[kind] = (counts[kind] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));
}
