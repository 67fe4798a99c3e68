import type { AddonStatus } from '#libs/domain';
import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, JsonColumn, TextColumn } from './columns.js';

/** An object's name in a cluster. */
export interface AddonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

/** An add-on of a cluster: what is wanted, and what is there. */
@Entity('cluster_addons')
export class ClusterAddonEntity {
  @Column({ type: 'uuid', name: 'cluster_uuid', primary: true }) clusterUuid: string;
  @Column({ type: 'text', primary: true }) name: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'boolean' }) enabled: boolean;
  /** Wanted; null: no version is for the cluster's Kubernetes. */
  @TextColumn('version') version: string | null;
  /** Somebody has named the version. */
  @Column({ type: 'boolean', default: false }) pinned: boolean;
  @Column({ type: 'text' }) status: AddonStatus;
  @TextColumn('status_reason') statusReason: string | null;
  @TextColumn('installed_version') installedVersion: string | null;
  /** Of the text that was applied. */
  @TextColumn('checksum') checksum: string | null;
  @JsonColumn('inventory', '[]') inventory: AddonObject[];
  @CreatedAtColumn() createdAt: Date;
  @Column({ type: 'timestamptz', name: 'updated_at', default: () => 'now()' }) updatedAt: Date;
}
