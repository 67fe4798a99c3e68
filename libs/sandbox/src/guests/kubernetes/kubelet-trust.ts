import { X509Certificate } from 'node:crypto';
import { handshake, type TlsEnd } from './tls-handshake.js';

interface Kubelet extends TlsEnd {
  /** Null: it speaks with every API server; else what keeps it from it. Told when it changes. */
  readonly tell: (trouble: string | null) => void;
}

/**
 * Whether the kubelets of a cluster and its API servers believe each other. A worker's is led to any of them, so it must get on
 * with all; a master's speaks with the one beside it (kubeadm's ControlPlaneKubeletLocalMode, the default since 1.33). Real handshakes, whenever an
 * API server comes or goes; kubelets that nobody could tell apart by their trust (same authorities, same issuer) share one.
 */
export class KubeletTrust {
  readonly #servers = new Map<string, TlsEnd>();
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #told = new Map<string, string | null>();
  readonly #known = new Map<string, Promise<string | null>>();

  serving(serverId: string, end: TlsEnd): void {
    this.#servers.set(serverId, end);
    void this.#lookAtAll();
  }

  /** Nobody serves there any more. */
  stopped(serverId: string): void {
    if (this.#servers.delete(serverId)) void this.#lookAtAll();
  }

  running(serverId: string, kubelet: Kubelet): void {
    this.#kubelets.set(serverId, kubelet);
    void this.#look(serverId, kubelet);
  }

  gone(serverId: string): void {
    this.#kubelets.delete(serverId);
    this.#told.delete(serverId);
  }

  async #lookAtAll(): Promise<void> {
    for (const [id, kubelet] of [...this.#kubelets]) await this.#look(id, kubelet);
  }

  async #look(id: string, kubelet: Kubelet): Promise<void> {
    let trouble: string | null = null;
    const beside = this.#servers.get(id);
    for (const server of beside ? [beside] : [...this.#servers.values()]) trouble ??= await this.#between(server, kubelet);
    if (this.#kubelets.get(id) !== kubelet || (this.#told.get(id) ?? null) === trouble) return;
    this.#told.set(id, trouble);
    kubelet.tell(trouble);
  }

  #between(server: TlsEnd, kubelet: Kubelet): Promise<string | null> {
    const key = [server.certPem, server.trustPem, kubelet.trustPem, issuerKeyOf(kubelet)].join('|');
    const known = this.#known.get(key) ?? handshake(server, kubelet);
    if (this.#known.size > 200) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }
}

const issuers = new Map<string, string>();

/** By which of the authorities it trusts, or by none of them, a certificate is. */
function issuerKeyOf({ certPem, trustPem }: TlsEnd): string {
  const known = issuers.get(certPem);
  if (known !== undefined) return known;
  const leaf = new X509Certificate(certPem);
  const authorities = trustPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const found = authorities.find((pem) => leaf.verify(new X509Certificate(pem).publicKey)) ?? leaf.fingerprint256;
  if (issuers.size > 5_000) issuers.clear();
  issuers.set(certPem, found);
  return found;
}
