import type { Json } from '../server/call.js';
import { isObject } from '../server/fields.js';
import type { Store } from '../store/store.js';

/** Tables that hold what somebody made in the cloud, and may leak. Users, trusts and the like are listed below their own owner. */
const tables = [
  'servers',
  'server_groups',
  'keypairs',
  'networks',
  'subnets',
  'routers',
  'ports',
  'security_groups',
  'floatingips',
  'loadbalancers',
  'listeners',
  'pools',
  'members',
  'healthmonitors',
  'volumes',
  'volume_snapshots',
  'users',
  'trusts',
  'application_credentials',
] as const;

/**
 * All objects by project (identity's by domain, trusts by project), as `{id, name}`. Default security groups are left out:
 * the cloud makes them by itself and keeps them. Objects of nobody (ports of floating IPs and gateways) are below `-`.
 */
export function inventory(store: Store, project?: string): Record<string, Record<string, Json[]>> {
  const found: Record<string, Record<string, Json[]>> = {};
  for (const name of tables) {
    for (const row of store.tableNamed(name)?.all() ?? []) {
      if (!isObject(row) || (name === 'security_groups' && row['name'] === 'default')) continue;
      const owner = text(row['project_id']) ?? text(row['domain_id']) ?? '-';
      if (project !== undefined && owner !== project) continue;
      const owned = (found[owner] ??= {});
      (owned[name] ??= []).push({ id: row['id'], name: text(row['name']) ?? '' });
    }
  }
  return found;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
