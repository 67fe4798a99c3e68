import type { AddonStatus, Scope } from '#libs/domain';
import type { DataSource } from 'typeorm';
import { ClusterAddonEntity, type AddonObject } from './entities/index.js';
import { inScope } from './scope.js';
import type { Tx } from './unit-of-work.js';
import { values } from './values.js';

export type NewAddon = Pick<ClusterAddonEntity, 'name' | 'enabled' | 'version' | 'pinned'>;
export type WantedAddon = Partial<Pick<ClusterAddonEntity, 'enabled' | 'version' | 'pinned'>>;

export interface AddonProgress {
  readonly status: AddonStatus;
  readonly statusReason?: string | null;
  readonly installedVersion?: string | null;
  readonly checksum?: string | null;
  readonly inventory?: readonly AddonObject[];
}

/** The add-ons of clusters. */
export class ClusterAddonsRepository {
  constructor(private readonly source: DataSource) {}

  /** In the order of their names. */
  async ofCluster(scope: Scope, clusterUuid: string): Promise<ClusterAddonEntity[]> {
    return this.source.manager.find(ClusterAddonEntity, { where: { clusterUuid, ...inScope(scope) }, order: { name: 'ASC' } });
  }

  /** As they are inside the transaction. Lock the cluster first. */
  async all(tx: Tx, clusterUuid: string): Promise<ClusterAddonEntity[]> {
    return tx.manager.find(ClusterAddonEntity, { where: { clusterUuid }, order: { name: 'ASC' } });
  }

  /** Rows for those that have none; the others stay as they are. */
  async insertMissing(tx: Tx, cluster: { uuid: string; projectId: string }, addons: readonly NewAddon[]): Promise<void> {
    await tx.manager.query(
      `INSERT INTO cluster_addons (cluster_uuid, project_id, name, enabled, version, pinned, status)
       SELECT $1, $2, name, enabled, version, pinned, CASE WHEN enabled THEN 'pending' ELSE 'disabled' END
       FROM jsonb_to_recordset($3::jsonb) AS a (name text, enabled boolean, version text, pinned boolean)
       ON CONFLICT (cluster_uuid, name) DO NOTHING`,
      [
        cluster.uuid,
        cluster.projectId,
        JSON.stringify(addons.map(({ name, enabled, version, pinned }) => ({ name, enabled, version, pinned }))),
      ],
    );
  }

  /** Something else is wanted of it from now on. */
  async want(tx: Tx, clusterUuid: string, name: string, wanted: WantedAddon): Promise<void> {
    await tx.manager.update(
      ClusterAddonEntity,
      { clusterUuid, name },
      { ...values<ClusterAddonEntity>(wanted), status: 'pending', statusReason: null, updatedAt: () => 'now()' },
    );
  }

  async progress(tx: Tx, clusterUuid: string, name: string, { inventory, ...progress }: AddonProgress): Promise<void> {
    await tx.manager.update(
      ClusterAddonEntity,
      { clusterUuid, name },
      {
        statusReason: null,
        ...values<ClusterAddonEntity>(progress),
        ...(inventory ? { inventory: [...inventory] } : {}),
        updatedAt: () => 'now()',
      },
    );
  }
}
