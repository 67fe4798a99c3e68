import { Column, Entity } from 'typeorm';

/** What a cluster's Kubernetes has said about what is to outlive it. Ids are the cloud's. */
export interface ReclaimFacts {
  readonly volumes: Readonly<Record<string, 'Delete' | 'Retain'>>;
  readonly snapshots: Readonly<Record<string, 'Delete' | 'Retain'>>;
  /** Addresses of Services that ask for their floating IP to be kept. */
  readonly keptAddresses: readonly string[];
}

/** Asked before the nodes go, read when the volumes go. */
@Entity('cluster_reclaims')
export class ClusterReclaimEntity {
  @Column({ type: 'uuid', name: 'cluster_uuid', primary: true }) clusterUuid: string;
  @Column({ type: 'jsonb' }) facts: ReclaimFacts;
  @Column({ type: 'timestamptz', name: 'asked_at', default: () => 'now()' }) askedAt: Date;
}
