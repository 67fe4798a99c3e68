import type { ClusterStatus, HealthStatus } from '#libs/domain';
import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn, RevisionColumn, TextColumn, TimeColumn } from './columns.js';

/** A cluster. Fields as Magnum's, reference section 5.2; copied from the template at creation and then frozen. */
@Entity('clusters')
@Index('clusters_project_idx', ['projectId', 'id'])
@Index('clusters_name_idx', ['projectId', 'name'])
@Index('clusters_template_idx', ['clusterTemplateUuid'])
export class ClusterEntity {
  @IdColumn() id: number;
  @Column({ type: 'uuid', unique: true }) uuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text', name: 'user_id' }) userId: string;
  @Column({ type: 'text' }) name: string;
  @Column({ type: 'uuid', name: 'cluster_template_uuid' }) clusterTemplateUuid: string;
  @TextColumn('keypair') keypair: string | null;
  /** GiB */
  @Column({ type: 'integer', name: 'docker_volume_size', nullable: true }) dockerVolumeSize: number | null;
  @JsonColumn('labels') labels: Record<string, string>;
  @TextColumn('master_flavor_id') masterFlavorId: string | null;
  @TextColumn('flavor_id') flavorId: string | null;
  /** Minutes */
  @Column({ type: 'integer', name: 'create_timeout', nullable: true }) createTimeout: number | null;
  @TextColumn('discovery_url') discoveryUrl: string | null;
  @TextColumn('fixed_network') fixedNetwork: string | null;
  @TextColumn('fixed_subnet') fixedSubnet: string | null;
  @Column({ type: 'boolean', name: 'floating_ip_enabled' }) floatingIpEnabled: boolean;
  @Column({ type: 'boolean', name: 'master_lb_enabled' }) masterLbEnabled: boolean;
  @Column({ type: 'text' }) status: ClusterStatus;
  @TextColumn('status_reason') statusReason: string | null;
  @TextColumn('health_status') healthStatus: HealthStatus | null;
  @JsonColumn('health_status_reason') healthStatusReason: Record<string, string>;
  /** The infrastructure stack's uuid. */
  @TextColumn('stack_id') stackId: string | null;
  /** `https://host:6443` */
  @TextColumn('api_address') apiAddress: string | null;
  @TextColumn('coe_version') coeVersion: string | null;
  @TextColumn('container_version') containerVersion: string | null;
  @TextColumn('trust_id') trustId: string | null;
  @TextColumn('trustee_user_id') trusteeUserId: string | null;
  /** When the groups of our users were bound to roles in it; null: never. */
  @TimeColumn('access_bound_at') accessBoundAt: Date | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}
