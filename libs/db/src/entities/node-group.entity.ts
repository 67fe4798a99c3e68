import type { ClusterStatus } from '#libs/domain';
import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn, RevisionColumn, TextColumn, TimeColumn } from './columns.js';

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** What a node is made from besides the rows: written by the conductor before the first node is made. */
export interface NodeFacts {
  /** Ids, no names. */
  readonly flavorId: string;
  readonly imageId: string;
  /** `v1.36.4` */
  readonly kubernetesVersion: string;
  /** The image's own `kube_version`: Kubernetes is installed. Null: it is installed at boot. */
  readonly imageKubeVersion: string | null;
  /** The image's `os_distro`; unknown of nodes that an earlier release has planned: they are Ubuntu or Debian. */
  readonly imageDistro?: string | null;
  /** The subnet of the nodes. */
  readonly nodeCidr: string;
}

/** Equal nodes of a cluster. Fields as Magnum's, reference section 5.3. */
@Entity('node_groups')
@Index('node_groups_cluster_name_key', ['clusterUuid', 'name'], { unique: true })
export class NodeGroupEntity {
  @IdColumn() id: number;
  @Column({ type: 'uuid', unique: true }) uuid: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text' }) name: string;
  /** `master`, or any other word for workers. */
  @Column({ type: 'text' }) role: string;
  @Column({ type: 'boolean', name: 'is_default', default: false }) isDefault: boolean;
  @TextColumn('flavor_id') flavorId: string | null;
  @TextColumn('image_id') imageId: string | null;
  /** GiB */
  @Column({ type: 'integer', name: 'docker_volume_size', nullable: true }) dockerVolumeSize: number | null;
  @JsonColumn('labels') labels: Record<string, string>;
  @Column({ type: 'integer', name: 'node_count' }) nodeCount: number;
  @Column({ type: 'integer', name: 'min_node_count', default: 0 }) minNodeCount: number;
  @Column({ type: 'integer', name: 'max_node_count', nullable: true }) maxNodeCount: number | null;
  @JsonColumn('node_labels') nodeLabels: Record<string, string>;
  @JsonColumn('node_taints', '[]') nodeTaints: NodeTaint[];
  @JsonColumn('node_addresses', '[]') nodeAddresses: string[];
  @TextColumn('stack_id') stackId: string | null;
  @Column({ type: 'jsonb', name: 'node_facts', nullable: true }) nodeFacts: NodeFacts | null;
  @Column({ type: 'text' }) status: ClusterStatus;
  @TextColumn('status_reason') statusReason: string | null;
  @TextColumn('version') version: string | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}
