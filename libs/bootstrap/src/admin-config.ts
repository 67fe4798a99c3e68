import { stringify } from 'yaml';
import { checked } from './grammar.js';
import { controlPlaneEndpoint } from './kubeadm-config.js';
import type { BundleFile, BundleInput } from './types.js';

/**
 * `/etc/kubernetes/admin.conf` as kubeadm would write it, but for trusting two authorities: kubeadm embeds the first
 * certificate of `ca.crt` alone, and would not believe the API servers that still stand while it joins. It takes a file that
 * is there when its own authority is among those in it. Source: kubeadm, phases/kubeconfig, since 1.27.
 */
export function adminConfig(input: BundleInput): BundleFile[] {
  const admin = input.controlPlane?.admin;
  if (input.kind !== 'join-control-plane' || !admin) return [];
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const trusted = checked('certificate', 'ca', admin.trustPem ?? admin.certPem);
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'kubernetes',
        cluster: { server: `https://${controlPlaneEndpoint(input)}`, 'certificate-authority-data': base64(trusted) },
      },
    ],
    users: [
      {
        name: 'kubernetes-admin',
        user: {
          'client-certificate-data': base64(checked('certificate', 'admin', admin.certPem)),
          'client-key-data': base64(checked('privateKey', 'admin', admin.keyPem)),
        },
      },
    ],
    contexts: [{ name: 'kubernetes-admin@kubernetes', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubernetes',
  };
  return [{ path: '/etc/kubernetes/admin.conf', mode: '0600', content: stringify(document, { version: '1.1', lineWidth: 0 }) }];
}
