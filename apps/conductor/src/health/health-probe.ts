import {
  clusterClient,
  isForbidden,
  isUnauthorized,
  isUnreachable,
  isUntrusted,
  KubernetesError,
  type ClusterEndpoint,
} from '#libs/kubernetes';
import type { ObservedCluster } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { ClusterKube } from '../kubernetes/cluster-kube.js';
import type { Look } from './judge-health.js';

const CALL_MS = 4_000;
const CERTIFICATE_MINUTES = 24 * 60;
/** Long before its certificate ends, and each at another time. */
const KEPT_MS = 12 * 60 * 60_000;
const MOST_KEPT = 20_000;

interface Kept {
  readonly endpoint: ClusterEndpoint;
  readonly until: number;
}

/**
 * One look at a cluster's API: one connection, two small questions, short time-outs. The certificate to ask with and the TLS
 * session are kept in memory, or a round over ten thousand clusters would be ten thousand keys and whole handshakes.
 */
@Injectable()
export class HealthProbe {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly kube: ClusterKube) {}

  /** What goes wrong with the cluster is the finding. @throws the signal's reason; what the database said */
  async look(cluster: Pick<ObservedCluster, 'uuid' | 'apiAddress'>, signal: AbortSignal): Promise<Look> {
    const known = this.#kept.has(cluster.uuid);
    const look = await this.#ask(cluster, signal);
    // The authority may be another one by now: then the certificate is what is wrong.
    if (look.again && known) return (await this.#ask(cluster, signal)).found;
    return look.found;
  }

  async #ask(
    cluster: Pick<ObservedCluster, 'uuid' | 'apiAddress'>,
    signal: AbortSignal,
  ): Promise<{ readonly found: Look; readonly again: boolean }> {
    const client = clusterClient(await this.#endpoint(cluster));
    try {
      await client.ready({ signal, timeoutMs: CALL_MS });
      return { found: { kind: 'answers', nodes: await client.rememberedNodes({ signal, timeoutMs: CALL_MS }) }, again: false };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubernetesError)) throw error;
      const ours = isUntrusted(error) || isUnauthorized(error) || isForbidden(error);
      if (ours) this.#kept.delete(cluster.uuid);
      return { found: { kind: isUnreachable(error) ? 'unreachable' : 'failing', words: error.words }, again: ours };
    } finally {
      await client.close();
    }
  }

  async #endpoint(cluster: Pick<ObservedCluster, 'uuid' | 'apiAddress'>): Promise<ClusterEndpoint> {
    const now = Date.now();
    const kept = this.#kept.get(cluster.uuid);
    if (kept && kept.until > now && kept.endpoint.server === cluster.apiAddress) return kept.endpoint;
    const endpoint = { ...(await this.kube.endpoint(cluster, CERTIFICATE_MINUTES)), connections: 1, session: { ticket: null } };
    // The oldest first; clusters that are gone are among them.
    for (const uuid of this.#kept.keys()) {
      if (this.#kept.size < MOST_KEPT) break;
      this.#kept.delete(uuid);
    }
    this.#kept.delete(cluster.uuid);
    this.#kept.set(cluster.uuid, { endpoint, until: now + KEPT_MS * (0.75 + Math.random() / 4) });
    return endpoint;
  }
}
