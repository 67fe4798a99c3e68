import type { Manifest } from './manifest.js';

/** What others stand on is applied before them; within a rank all at once. */
const FIRST: Readonly<Record<string, number>> = {
  Namespace: 0,
  CustomResourceDefinition: 0,
  PriorityClass: 0,
  ServiceAccount: 1,
  ConfigMap: 1,
  Secret: 1,
  ClusterRole: 1,
  Role: 1,
  CSIDriver: 1,
  StorageClass: 1,
  Service: 1,
  ClusterRoleBinding: 2,
  RoleBinding: 2,
};
const LAST = 3;

export const rankOf = ({ kind }: Pick<Manifest, 'kind'>): number => FIRST[kind] ?? LAST;

/** Objects in groups that are applied one after the other. Removal goes the other way. */
export function inRanks<T extends Pick<Manifest, 'kind'>>(objects: readonly T[]): T[][] {
  const ranks: T[][] = Array.from({ length: LAST + 1 }, () => []);
  for (const object of objects) ranks[rankOf(object)]?.push(object);
  return ranks.filter((rank) => rank.length > 0);
}
