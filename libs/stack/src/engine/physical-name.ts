/**
 * The name of an object in the cloud: `k1-3f2a9c1b7d4e-network`. Unique in the project, for the logical names are unique
 * in the cluster; made of what every service takes.
 */
export function physicalName(clusterName: string, clusterUuid: string, logicalName: string): string {
  const head = clusterName.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 30);
  return `${head}-${clusterUuid.replaceAll('-', '').slice(0, 12)}-${logicalName}`;
}
