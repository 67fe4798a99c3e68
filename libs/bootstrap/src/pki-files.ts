import { InvalidInput } from '#libs/domain';
import { checked } from './grammar.js';
import type { BundleFile, BundleInput, CertificatePair } from './types.js';

/** The authorities a master carries, where kubeadm looks for them. Workers carry none: giving them any is a mistake. */
export function pkiFiles(input: BundleInput): BundleFile[] {
  const secrets = input.controlPlane;
  if (input.kind === 'join-worker') {
    if (secrets)
      throw new InvalidInput('keys-for-worker', 'A worker gets no key of the control plane.', { field: 'controlPlane' });
    return [];
  }
  if (!secrets)
    throw new InvalidInput('keys-missing', 'A master needs the keys of the control plane.', { field: 'controlPlane' });
  return [
    ...pair('ca', secrets.ca),
    // The controller manager takes one certificate to sign with, where `ca.crt` may have two to trust.
    placed('signing-ca.crt', '0644', checked('certificate', 'signing-ca', secrets.ca.certPem)),
    ...pair('etcd/ca', secrets.etcdCa),
    ...pair('front-proxy-ca', secrets.frontProxyCa),
    placed('sa.pub', '0644', checked('publicKey', 'service account key', secrets.serviceAccount.publicPem)),
    placed('sa.key', '0600', checked('privateKey', 'service account key', secrets.serviceAccount.privatePem)),
  ];
}

const placed = (name: string, mode: string, content: string): BundleFile => ({
  path: `/etc/kubernetes/pki/${name}`,
  mode,
  content,
});

const pair = (name: string, { certPem, keyPem, trustPem }: CertificatePair): BundleFile[] => [
  placed(`${name}.crt`, '0644', checked('certificate', name, trustPem ?? certPem)),
  placed(`${name}.key`, '0600', checked('privateKey', name, keyPem)),
];
