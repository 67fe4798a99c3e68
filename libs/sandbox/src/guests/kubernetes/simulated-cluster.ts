import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { logIn, SimulatedCloudProvider, type TryCredential } from './simulated-cloud-provider.js';
import { KubeletTrust } from './kubelet-trust.js';
import { SimulatedControllerManager } from './simulated-controller-manager.js';
import { SimulatedEtcd } from './simulated-etcd.js';
import { SimulatedEtcdMembers } from './simulated-etcd-members.js';
import type { ProgramResult } from './simulated-etcdctl.js';
import type { SimulatedAuthority } from './simulated-pki.js';
import type { TlsEnd } from './tls-handshake.js';

/** @throws StatusError there is no such container here */
export type RunInContainer = (container: string, command: readonly string[]) => ProgramResult;

/** What the control-plane guests of one cluster share: etcd and control loops. Lives as long as one of them exists. */
export interface SimulatedCluster {
  /** Hash of the CA certificate that the cluster began with. */
  readonly key: string;
  readonly etcd: SimulatedEtcd;
  readonly controllers: SimulatedControllerManager;
  /** What its cloud controller manager does, once one is there. */
  readonly cloudProvider: SimulatedCloudProvider;
  /** Ids of the servers that carry a control plane, whether etcd knows them or not. */
  readonly servers: Set<string>;
  /** Who belongs to its etcd. */
  readonly etcdMembers: SimulatedEtcdMembers;
  /** What the kubelets of its control-plane nodes run in a container, by the node's name. */
  readonly kubelets: Map<string, RunInContainer>;
  /** What the controller managers sign with, by server; the first one leads. */
  readonly signers: Map<string, SimulatedAuthority>;
  /** What its etcds show each other, by server. */
  readonly etcdTls: Map<string, TlsEnd>;
  /** Whether its kubelets and API servers believe each other. */
  readonly kubeletTrust: KubeletTrust;
  /** Ids of the members that serve the API now. */
  readonly serving: Set<string>;
}

/** All simulated clusters of a runtime. */
export class SimulatedClusters {
  readonly #open = new Map<string, SimulatedCluster>();

  /** @param electionMs see SimulatedEtcdMembers */
  constructor(
    readonly dir?: string,
    readonly electionMs = 0,
    readonly tryCredential: TryCredential = logIn,
  ) {}

  /** Two authorities are the same when their PEM is, but for white space. */
  static keyOf(caCertificatePem: string): string {
    return createHash('sha256').update(caCertificatePem.replace(/\s/g, '')).digest('hex').slice(0, 32);
  }

  find(key: string): SimulatedCluster | undefined {
    return this.#open.get(key);
  }

  /** Gives `serverId` a control plane; opens what is on disk, else starts empty. May be called twice. @param key see `keyOf` */
  join(key: string, serverId: string): SimulatedCluster {
    let cluster = this.#open.get(key);
    if (!cluster) {
      const etcd = new SimulatedEtcd(this.dir === undefined ? undefined : join(this.dir, `${key}.jsonl`));
      const signers = new Map<string, SimulatedAuthority>();
      cluster = {
        key,
        etcd,
        cloudProvider: new SimulatedCloudProvider(etcd, this.tryCredential),
        controllers: new SimulatedControllerManager(etcd, () => [...signers.values()][0]),
        signers,
        etcdTls: new Map(),
        kubeletTrust: new KubeletTrust(),
        servers: new Set(),
        etcdMembers: new SimulatedEtcdMembers(etcd, this.electionMs),
        kubelets: new Map(),
        serving: new Set(),
      };
      this.#open.set(key, cluster);
    }
    cluster.servers.add(serverId);
    return cluster;
  }

  /** The server is no more; with the last one the cluster's objects go. In etcd it stays a member that does not answer. */
  leave(key: string, serverId: string): void {
    const cluster = this.#open.get(key);
    if (!cluster) return;
    cluster.servers.delete(serverId);
    cluster.serving.delete(serverId);
    cluster.signers.delete(serverId);
    cluster.etcdTls.delete(serverId);
    cluster.kubeletTrust.stopped(serverId);
    cluster.etcdMembers.stop(serverId);
    if (cluster.servers.size > 0) return;
    cluster.cloudProvider.close();
    cluster.etcdMembers.close();
    cluster.etcd.destroy();
    this.#open.delete(key);
  }

  /** Removes what is on disk of clusters nobody joined again: their servers went while nothing ran. */
  sweep(): void {
    if (this.dir === undefined || !existsSync(this.dir)) return;
    for (const name of readdirSync(this.dir)) {
      if (!this.#open.has(name.split('.')[0] ?? '')) rmSync(join(this.dir, name), { force: true });
    }
  }

  close(): void {
    for (const { etcd, etcdMembers, cloudProvider } of this.#open.values()) {
      cloudProvider.close();
      etcdMembers.close();
      etcd.close();
    }
    this.#open.clear();
  }
}
