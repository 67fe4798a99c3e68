import { createHash } from 'node:crypto';
import { renderBundle, type Bundle } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import {
  findAuthorities,
  Grouped,
  NodeBootstrapRepository,
  SecretStore,
  trustOf,
  type ClusterEntity,
  type FoundNode,
  type NodeEntity,
} from '#libs/db';
import { bootstrapToken, certificatesOf, isNodeNonce, issueClientCertificate, KeyRing, spkiPin } from '#libs/pki';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { z } from 'zod';
import { LOGGER, SETTINGS } from '../tokens.js';
import {
  alreadyFetched,
  beingDeleted,
  leaving,
  nonceRefused,
  notYet,
  tooOld,
  unknownNode,
  wrongSource,
} from './bootstrap-errors.js';
import { bundleInput, type BundleSecrets } from './bundle-input.js';
import { isFirstMaster } from './turn.js';

/** As kubeadm's own, for a year. Source: kubeadm 1.36, phases/kubeconfig. */
const ADMIN = { commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'], minutes: 365 * 1440 };

export const bundleBody = z.strictObject({
  nonce: z.string().min(1).max(256),
  retry_key: z.string().min(32).max(256),
});
export type BundleBody = z.infer<typeof bundleBody>;

/**
 * A node's one fetch: nonce -> life of node and cluster -> source address -> bundle -> claim. Nothing is used up before the
 * bundle is there; a node that lost the answer asks again with the same key.
 */
@Injectable()
export class FetchBundle {
  /** A thousand workers that ask at once: the secrets of their cluster are opened once for each group of them. */
  private readonly opened = new Grouped<string, BundleSecrets | null>(async (clusterUuids) => this.openAll(clusterUuids));

  constructor(
    private readonly nodes: NodeBootstrapRepository,
    private readonly secrets: SecretStore,
    private readonly keyRing: KeyRing,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws BootstrapRefusal 403, 404, 410, 503 */
  async run(nodeUuid: string, source: string, body: BundleBody): Promise<Bundle> {
    if (!isNodeNonce(this.keyRing, nodeUuid, body.nonce)) throw nonceRefused();
    const keyHash = createHash('sha256').update(body.retry_key).digest('hex');
    const found = await this.admit(nodeUuid, source, keyHash);
    const bundle = await this.render(found);
    if (!(await this.nodes.claimBundle(nodeUuid, keyHash))) throw await this.refuseUsed(nodeUuid, source);
    const { clusterUuid, name } = found.node;
    this.log.info({ clusterUuid, nodeId: nodeUuid, node: name, source }, 'handing out a bundle');
    return bundle;
  }

  private async admit(nodeUuid: string, source: string, keyHash: string): Promise<FoundNode> {
    const found = await this.nodes.find(nodeUuid);
    if (!found) throw unknownNode();
    const { node, cluster } = found;
    if (cluster.status.startsWith('DELETE')) throw beingDeleted();
    if (node.leavingSince !== null) throw leaving();
    if (Date.now() > endOfLife(node, cluster, this.settings.DEFAULT_CREATE_TIMEOUT_MINUTES)) throw tooOld();
    if (this.settings.BOOTSTRAP_SOURCE_CHECK) await this.checkSource(node, cluster, source);
    if (node.bundleKeyHash !== null && node.bundleKeyHash !== keyHash) throw await this.refuseUsed(nodeUuid, source);
    return found;
  }

  /** Rows learn the addresses as soon as the ports have them; a node that is faster waits. */
  private async checkSource(node: NodeEntity, cluster: ClusterEntity, source: string): Promise<void> {
    if (node.privateIp === null) throw notYet('The addresses of this node are not known yet.');
    const allowed = new Set([...node.allowedSources, node.privateIp, node.floatingIp]);
    if (allowed.has(source)) return;
    // Behind a router that is not ours nobody knows the outside address: the nonce alone must do.
    const outsideIsUnknown = [...allowed].every((address) => address === null || address === node.privateIp);
    if (outsideIsUnknown && (cluster.fixedNetwork !== null || cluster.fixedSubnet !== null)) return;
    await this.nodes.warn(node.uuid, `its bundle was asked for from the foreign address ${source}`, { source });
    throw wrongSource();
  }

  private async refuseUsed(nodeUuid: string, source: string): Promise<Error> {
    await this.nodes.warn(nodeUuid, `its bundle was asked for again, from ${source}`, { source });
    return alreadyFetched();
  }

  private async render(found: FoundNode): Promise<Bundle> {
    const { cluster } = found;
    const [rows, secrets, isFirst] = await Promise.all([
      this.nodes.bundleRows(found),
      this.opened.run(cluster.uuid),
      this.makesControlPlane(found),
    ]);
    if (!secrets) throw notYet('The cluster has no certificates yet.');
    return renderBundle(bundleInput(rows, isFirst, secrets, this.settings.NODE_SETTINGS));
  }

  /** The first master of a cluster that has never been one. */
  private async makesControlPlane({ node, cluster }: FoundNode): Promise<boolean> {
    if (node.role !== 'master' || cluster.coeVersion !== null) return false;
    return isFirstMaster(await this.nodes.masters(node.clusterUuid), node);
  }

  /** What cannot be opened is no other cluster's trouble. */
  private openAll(clusterUuids: readonly string[]): Promise<BundleSecrets | null>[] {
    const opened = new Map([...new Set(clusterUuids)].map((uuid) => [uuid, this.open(uuid)]));
    return clusterUuids.map((uuid) => opened.get(uuid) ?? this.open(uuid));
  }

  private async open(clusterUuid: string): Promise<BundleSecrets | null> {
    const authorities = await findAuthorities(this.secrets, clusterUuid);
    if (!authorities) return null;
    const token = bootstrapToken(this.keyRing, clusterUuid);
    const { ca } = authorities;
    const admin = ca.trustPem === undefined ? undefined : { ...(await issueClientCertificate(ca, ADMIN)), trustPem: ca.trustPem };
    return { authorities, caCertHashes: certificatesOf(trustOf(ca)).map(spkiPin), bootstrapToken: token, admin };
  }
}

/** A bundle is for a node that has just been made. */
function endOfLife(node: NodeEntity, cluster: ClusterEntity, fallbackMinutes: number): number {
  return node.createdAt.getTime() + (cluster.createTimeout || fallbackMinutes) * 60_000;
}
