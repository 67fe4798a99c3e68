import { Applier, type KubernetesObject, type ObjectLabel, type ObjectRef } from './apply.js';
import { deleteBootstrapToken, ensureBootstrapToken } from './bootstrap-token.js';
import { drain, type DrainOptions, type DrainResult } from './drain.js';
import { setExtensionTrust, setJoiningTrust, setSigningCertificate } from './cluster-authorities.js';
import { setClusterVersion, setKubeProxyVersion } from './cluster-version.js';
import { isNotFound } from './errors.js';
import {
  etcdMembers,
  type EtcdMember,
  type EtcdMemberOf,
  type EtcdSnapshot,
  removeEtcdMember,
  saveEtcdSnapshot,
} from './etcd.js';
import { listNodes, rememberedNodes, watchNodes } from './list-nodes.js';
import type { NodeState } from './nodes.js';
import { reclaimFacts, type ReclaimFacts } from './reclaim.js';
import { changeTaints, type TaintChange } from './taints.js';
import { type CallOptions, type ClusterEndpoint, Transport } from './transport.js';

/**
 * One cluster's API. Connections are made when needed and kept for 20 s: keep the client while working on the cluster,
 * `close` it after. Every call throws KubernetesError, or the reason of an aborted signal; every call may be repeated.
 */
export interface ClusterClient {
  version(options?: CallOptions): Promise<ClusterVersion>;
  /** Returns when the API says that it is ready. @throws KubernetesError that names the failed checks */
  ready(options?: CallOptions): Promise<void>;
  nodes(options?: CallOptions): Promise<NodeState[]>;
  /** The same from the API server's memory: cheap for both sides, perhaps a moment old. */
  rememberedNodes(options?: CallOptions): Promise<NodeState[]>;
  /**
   * Every node now, and again whenever something changed; one list, then a watch. Ends when `signal` is aborted.
   *
   *     for await (const nodes of kube.watchNodes(signal)) if (nodes.filter((node) => node.ready).length === wanted) break;
   */
  watchNodes(signal: AbortSignal): AsyncGenerator<readonly NodeState[]>;
  /** Sets labels; null removes one. */
  labelNode(name: string, labels: Readonly<Record<string, string | null>>, options?: CallOptions): Promise<void>;
  /** Sets and removes taints; the others stay. */
  taintNode(name: string, change: TaintChange, options?: CallOptions): Promise<void>;
  cordon(name: string, options?: CallOptions): Promise<void>;
  uncordon(name: string, options?: CallOptions): Promise<void>;
  /** Evicts what runs on the node, bounded in time; see `DrainOptions` and `DrainResult`. Cordon first. */
  drain(name: string, options: DrainOptions): Promise<DrainResult>;
  /** Removes the Node object. Nothing there is fine. */
  deleteNode(name: string, options?: CallOptions): Promise<void>;
  /** Makes kubeadm's token good until `expiresAt`. @throws RangeError no token */
  ensureBootstrapToken(token: string, expiresAt: Date, options?: CallOptions): Promise<void>;
  deleteBootstrapToken(token: string, options?: CallOptions): Promise<void>;
  /** Applies one object, or YAML of several, on the server's side. @throws TypeError what is no object */
  apply(manifest: KubernetesObject | string, fieldManager: string, options?: CallOptions): Promise<KubernetesObject[]>;
  /** Removes an object if it carries the label. @returns false: there is none, or it is somebody else's */
  removeObject(object: ObjectRef, label: ObjectLabel, options?: CallOptions): Promise<boolean>;
  /** The members of the etcd on the control-plane nodes. @throws KubernetesError none of them could be asked */
  etcdMembers(options?: CallOptions): Promise<EtcdMember[]>;
  /**
   * Takes a control-plane node out of etcd; its leadership passes on first. Before its server goes.
   * @returns false: it was no member
   * @throws KubernetesError with reason `EtcdNoMajority`: those who stay would be no majority now
   */
  removeEtcdMember(of: EtcdMemberOf, options?: CallOptions): Promise<boolean>;
  /**
   * A copy of what etcd holds, checked, on the disk of one of its machines.
   * @param prefer names of nodes, the best first
   */
  saveEtcdSnapshot(prefer: readonly string[], options?: CallOptions): Promise<EtcdSnapshot>;
  /** Which version control-plane nodes that join are made with. Before the first of a new version joins. */
  setClusterVersion(version: string, options?: CallOptions): Promise<boolean>;
  /** Whom nodes that join are to trust. @returns whether it was another one */
  setJoiningTrust(caPem: string, options?: CallOptions): Promise<boolean>;
  /** Which file the controller managers of masters that join sign with. @returns whether it was another one */
  setSigningCertificate(path: string, options?: CallOptions): Promise<boolean>;
  /** Whom aggregated API servers believe. @returns whether it was another one */
  setExtensionTrust(
    trust: { readonly clientPem: string; readonly frontProxyPem: string },
    options?: CallOptions,
  ): Promise<boolean>;
  /** When the whole control plane has the new version. */
  setKubeProxyVersion(version: string, options?: CallOptions): Promise<boolean>;
  /** What is to outlive the cluster: reclaim policies of volumes and snapshots, floating IPs that Services ask to keep. */
  reclaimFacts(options?: CallOptions): Promise<ReclaimFacts>;
  /** Closes all connections; calls under way fail as unreachable. */
  close(): Promise<void>;
}

export interface ClusterVersion {
  /** `v1.36.4` */
  readonly gitVersion: string;
}

/**
 * A client for a cluster; nothing is sent yet.
 * @throws TypeError the server is no https URL
 * @example
 *   const { certPem, keyPem } = await issueClientCertificate(ca, { commonName: 'jeroboam-conductor', organizations: ['system:masters'], minutes: 30 });
 *   const kube = clusterClient({ server: cluster.apiAddress, caPem: ca.certPem, certPem, keyPem, timeoutMs: 5000 });
 */
export function clusterClient(endpoint: ClusterEndpoint): ClusterClient {
  const transport = new Transport(endpoint);
  const applier = new Applier(transport);
  const patchNode = async (name: string, body: object, options?: CallOptions): Promise<void> => {
    await transport.json({ ...options, method: 'PATCH', path: nodePath(name), contentType: MERGE_PATCH, body });
  };
  return {
    version: (options) => transport.json<ClusterVersion>({ ...options, method: 'GET', path: '/version' }),
    ready: async (options) => {
      await transport.text({ ...options, method: 'GET', path: '/readyz' });
    },
    nodes: async (options) => [...(await listNodes(transport, options)).nodes.values()],
    rememberedNodes: (options) => rememberedNodes(transport, options),
    watchNodes: (signal) => watchNodes(transport, signal),
    labelNode: (name, labels, options) => patchNode(name, { metadata: { labels } }, options),
    taintNode: (name, change, options) => changeTaints(transport, nodePath(name), change, options),
    cordon: (name, options) => patchNode(name, { spec: { unschedulable: true } }, options),
    uncordon: (name, options) => patchNode(name, { spec: { unschedulable: null } }, options),
    drain: (name, options) => drain(transport, name, options),
    deleteNode: async (name, options) => {
      try {
        await transport.json({ ...options, method: 'DELETE', path: nodePath(name) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    ensureBootstrapToken: (token, expiresAt, options) => ensureBootstrapToken(transport, token, expiresAt, options),
    deleteBootstrapToken: (token, options) => deleteBootstrapToken(transport, token, options),
    apply: (manifest, fieldManager, options) => applier.apply(manifest, fieldManager, options),
    removeObject: (object, label, options) => applier.remove(object, label, options),
    etcdMembers: (options) => etcdMembers(transport, options),
    removeEtcdMember: (of, options) => removeEtcdMember(transport, of, options),
    saveEtcdSnapshot: (prefer, options) => saveEtcdSnapshot(transport, prefer, options),
    setClusterVersion: (version, options) => setClusterVersion(transport, version, options),
    setJoiningTrust: (caPem, options) => setJoiningTrust(transport, caPem, options),
    setSigningCertificate: (path, options) => setSigningCertificate(transport, path, options),
    setExtensionTrust: (trust, options) => setExtensionTrust(transport, trust, options),
    setKubeProxyVersion: (version, options) => setKubeProxyVersion(transport, version, options),
    reclaimFacts: (options) => reclaimFacts(transport, options),
    close: () => transport.close(),
  };
}

const MERGE_PATCH = 'application/merge-patch+json';
const nodePath = (name: string): string => `/api/v1/nodes/${encodeURIComponent(name)}`;
