import { parseDocument } from 'yaml';
import { isConflict, isNotFound } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

const CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
const PROXY = '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy';
const TRIES = 5;

interface WireConfigMap {
  readonly metadata: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}
interface WireDaemonSet {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] } };
  };
}

/**
 * Says which version control-plane nodes that join from now on are made with: kubeadm reads it from its own ConfigMap, and
 * `kubeadm join` does not change it. To be set before the first node of a new version joins, as Cluster API does.
 * @param version `v1.36.4`
 * @returns whether it was another one
 */
export async function setClusterVersion(transport: Transport, version: string, options: CallOptions = {}): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const map = await transport.json<WireConfigMap>({ ...options, method: 'GET', path: CONFIG });
    const document = parseDocument(map.data?.['ClusterConfiguration'] ?? '');
    if (document.get('kubernetesVersion') === version) return false;
    document.set('kubernetesVersion', version);
    const body = {
      metadata: { resourceVersion: map.metadata.resourceVersion },
      data: { ClusterConfiguration: document.toString({ lineWidth: 0 }) },
    };
    try {
      await transport.json({ ...options, method: 'PATCH', path: CONFIG, contentType: 'application/merge-patch+json', body });
      return true;
    } catch (error) {
      if (!isConflict(error) || attempt >= TRIES) throw error;
    }
  }
}

/**
 * Brings kube-proxy to the version of the control plane: never before, it must not be newer. A cluster without it (an
 * add-on does its work) stays without.
 * @returns whether it was another one
 */
export async function setKubeProxyVersion(transport: Transport, version: string, options: CallOptions = {}): Promise<boolean> {
  let set: WireDaemonSet;
  try {
    set = await transport.json<WireDaemonSet>({ ...options, method: 'GET', path: PROXY });
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  const before = set.spec.template.spec.containers.find((container) => container.name === 'kube-proxy')?.image;
  const image = before === undefined ? undefined : withTag(before, version);
  if (image === undefined || image === before) return false;
  const body = { spec: { template: { spec: { containers: [{ name: 'kube-proxy', image }] } } } };
  const contentType = 'application/strategic-merge-patch+json';
  await transport.json({ ...options, method: 'PATCH', path: PROXY, contentType, body });
  return true;
}

/** `registry:5000/kube-proxy:v1.35.9` with another tag; a digest would be that of the old image. */
function withTag(image: string, tag: string): string {
  const name = image.split('@')[0] ?? '';
  const colon = name.lastIndexOf(':');
  return `${colon > name.lastIndexOf('/') ? name.slice(0, colon) : name}:${tag}`;
}
