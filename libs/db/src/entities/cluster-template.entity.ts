import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn, RevisionColumn, TextColumn, TimeColumn } from './columns.js';

/** What clusters are made from. Fields as Magnum's, reference section 5.1. */
@Entity('cluster_templates')
@Index('cluster_templates_project_idx', ['projectId', 'id'])
@Index('cluster_templates_name_idx', ['name'])
export class ClusterTemplateEntity {
  @IdColumn() id: number;
  @Column({ type: 'uuid', unique: true }) uuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text', name: 'user_id' }) userId: string;
  @TextColumn('name') name: string | null;
  @Column({ type: 'text' }) coe: string;
  /** Id or name, as given. */
  @Column({ type: 'text', name: 'image_id' }) imageId: string;
  @TextColumn('flavor_id') flavorId: string | null;
  @TextColumn('master_flavor_id') masterFlavorId: string | null;
  @TextColumn('dns_nameserver') dnsNameserver: string | null;
  @TextColumn('keypair_id') keypairId: string | null;
  @TextColumn('external_network_id') externalNetworkId: string | null;
  @TextColumn('fixed_network') fixedNetwork: string | null;
  @TextColumn('fixed_subnet') fixedSubnet: string | null;
  @TextColumn('network_driver') networkDriver: string | null;
  @Column({ type: 'integer', name: 'apiserver_port', nullable: true }) apiserverPort: number | null;
  /** GiB */
  @Column({ type: 'integer', name: 'docker_volume_size', nullable: true }) dockerVolumeSize: number | null;
  @TextColumn('cluster_distro') clusterDistro: string | null;
  @TextColumn('http_proxy') httpProxy: string | null;
  @TextColumn('https_proxy') httpsProxy: string | null;
  @TextColumn('no_proxy') noProxy: string | null;
  @TextColumn('volume_driver') volumeDriver: string | null;
  @Column({ type: 'boolean', name: 'registry_enabled', default: false }) registryEnabled: boolean;
  @JsonColumn('labels') labels: Record<string, string>;
  @Column({ type: 'boolean', name: 'tls_disabled', default: false }) tlsDisabled: boolean;
  @Column({ type: 'boolean', default: false }) public: boolean;
  @Column({ type: 'text', name: 'server_type', default: 'vm' }) serverType: string;
  @TextColumn('insecure_registry') insecureRegistry: string | null;
  @TextColumn('docker_storage_driver') dockerStorageDriver: string | null;
  @Column({ type: 'boolean', name: 'master_lb_enabled', default: false }) masterLbEnabled: boolean;
  @Column({ type: 'boolean', name: 'floating_ip_enabled', default: true }) floatingIpEnabled: boolean;
  @Column({ type: 'boolean', default: false }) hidden: boolean;
  @TextColumn('tags') tags: string | null;
  @TextColumn('driver') driver: string | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
  @RevisionColumn() revision: number;
}
