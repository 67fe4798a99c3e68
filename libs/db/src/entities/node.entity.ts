import type { NodePhase, NodePhaseStatus, NodeRole } from '#libs/domain';
import { Column, Entity, Index } from 'typeorm';
import { CreatedAtColumn, IdColumn, JsonColumn, TextColumn, TimeColumn } from './columns.js';
import type { NodeFacts } from './node-group.entity.js';

/** One machine of a node group; its name is also the server's and the Kubernetes node's. */
@Entity('nodes')
@Index('nodes_cluster_idx', ['clusterUuid'])
@Index('nodes_slot_key', ['nodeGroupUuid', 'slot'], { unique: true })
export class NodeEntity {
  @Column({ type: 'uuid', primary: true }) uuid: string;
  @Column({ type: 'uuid', name: 'cluster_uuid' }) clusterUuid: string;
  @Column({ type: 'uuid', name: 'node_group_uuid' }) nodeGroupUuid: string;
  @Column({ type: 'text', name: 'project_id' }) projectId: string;
  @Column({ type: 'text' }) name: string;
  /** 0 and up, unique in the group. */
  @Column({ type: 'integer' }) slot: number;
  @Column({ type: 'text' }) role: NodeRole;
  /** The newest phase and its state; the history is in `node_phases`. */
  @Column({ type: 'text', default: 'planned' }) phase: NodePhase;
  @Column({ type: 'text', name: 'phase_status', default: 'done' }) phaseStatus: NodePhaseStatus;
  @Column({ type: 'timestamptz', name: 'phase_at', default: () => 'now()' }) phaseAt: Date;
  @TextColumn('server_id') serverId: string | null;
  @TextColumn('private_ip') privateIp: string | null;
  @TextColumn('floating_ip') floatingIp: string | null;
  /** Addresses from which the node's requests may come. */
  @JsonColumn('allowed_sources', '[]') allowedSources: string[];
  /** sha256, hex, of the retry key that fetched the bundle. */
  @TextColumn('bundle_key_hash') bundleKeyHash: string | null;
  @TimeColumn('bundle_fetched_at') bundleFetchedAt: Date | null;
  /** kubeadm has ended well on it. */
  @TimeColumn('joined_at') joinedAt: Date | null;
  /** Kubernetes says Ready. */
  @TimeColumn('ready_at') readyAt: Date | null;
  /** What it is made from, fixed when it was planned; null: as its group says. */
  @Column({ type: 'jsonb', nullable: true }) facts: NodeFacts | null;
  /** It is to go: drained, then removed. */
  @TimeColumn('leaving_since') leavingSince: Date | null;
  /** Since when it is known to be unwell; null: nothing is known against it. */
  @TimeColumn('unhealthy_since') unhealthySince: Date | null;
  @TextColumn('unhealthy_reason') unhealthyReason: string | null;
  /** Since when looks at the cluster's API have found it not Ready, without a break; null: Ready, or never seen Ready. */
  @TimeColumn('not_ready_since') notReadySince: Date | null;
  @CreatedAtColumn() createdAt: Date;
  @TimeColumn('updated_at') updatedAt: Date | null;
}

@Entity('node_phases')
@Index('node_phases_node_idx', ['nodeUuid', 'id'])
export class NodePhaseEntity {
  @IdColumn() id: number;
  @Column({ type: 'uuid', name: 'node_uuid' }) nodeUuid: string;
  @Column({ type: 'text' }) phase: NodePhase;
  @Column({ type: 'text' }) status: NodePhaseStatus;
  @Column({ type: 'integer', name: 'exit_code', nullable: true }) exitCode: number | null;
  /** At most 4096 characters, secrets masked. */
  @TextColumn('log_tail') logTail: string | null;
  @Column({ type: 'timestamptz', default: () => 'now()' }) at: Date;
}
