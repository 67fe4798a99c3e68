import { parseDocument } from 'yaml';
import { isConflict, isNotFound } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

const CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
const INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const AUTHENTICATION = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const TRIES = 5;

interface WireConfigMap {
  readonly metadata: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Says whom nodes that join from now on are to trust: kubeadm takes it from the ConfigMap `cluster-info`, and the kubelet
 * keeps it. The controller manager signs it anew for each bootstrap token.
 * @param caPem one certificate or several
 * @returns whether it was another one
 */
export function setJoiningTrust(transport: Transport, caPem: string, options: CallOptions = {}): Promise<boolean> {
  return changed(transport, INFO, 'kubeconfig', options, (text) => {
    const document = parseDocument(text);
    const path = ['clusters', 0, 'cluster', 'certificate-authority-data'];
    const wanted = Buffer.from(caPem).toString('base64');
    if (document.getIn(path) === wanted) return null;
    document.setIn(path, wanted);
    return document.toString({ lineWidth: 0 });
  });
}

/**
 * Gives the controller managers of masters that join from now on a certificate of its own to sign with: they refuse a file that
 * has two, as `ca.crt` has while both authorities are trusted. Source: kubernetes pkg/controller/certificates/signer, ca_provider.go.
 * @param path on the masters
 * @returns whether it was another one
 */
export function setSigningCertificate(transport: Transport, path: string, options: CallOptions = {}): Promise<boolean> {
  return changed(transport, CONFIG, 'ClusterConfiguration', options, (text) => {
    const document = parseDocument(text);
    const { controllerManager } = (document.toJS() ?? {}) as { controllerManager?: { extraArgs?: { name: string }[] } };
    const before = controllerManager?.extraArgs ?? [];
    const argument = { name: 'cluster-signing-cert-file', value: path };
    if (before.some((one) => JSON.stringify(one) === JSON.stringify(argument))) return null;
    const others = before.filter(({ name }) => name !== argument.name);
    document.setIn(['controllerManager', 'extraArgs'], document.createNode([...others, argument]));
    return document.toString({ lineWidth: 0 });
  });
}

/**
 * Whom aggregated API servers believe: API servers only ever add to it, so that what has gone is taken out here. A cluster
 * without the ConfigMap stays without.
 * @returns whether it was another one
 */
export async function setExtensionTrust(
  transport: Transport,
  trust: { readonly clientPem: string; readonly frontProxyPem: string },
  options: CallOptions = {},
): Promise<boolean> {
  const parts = { 'client-ca-file': trust.clientPem, 'requestheader-client-ca-file': trust.frontProxyPem };
  let some = false;
  try {
    for (const [key, pem] of Object.entries(parts)) {
      some =
        (await changed(transport, AUTHENTICATION, key, options, (text) => (text.trim() === pem.trim() ? null : pem))) || some;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return some;
}

/** @param change null: it is as it should be */
async function changed(
  transport: Transport,
  path: string,
  key: string,
  options: CallOptions,
  change: (text: string) => string | null,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const map = await transport.json<WireConfigMap>({ ...options, method: 'GET', path });
    const text = change(map.data?.[key] ?? '');
    if (text === null) return false;
    const body = { metadata: { resourceVersion: map.metadata.resourceVersion }, data: { [key]: text } };
    try {
      await transport.json({ ...options, method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
      return true;
    } catch (error) {
      if (!isConflict(error) || attempt >= TRIES) throw error;
    }
  }
}
