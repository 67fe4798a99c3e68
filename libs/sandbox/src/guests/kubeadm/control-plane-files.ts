import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import type { SimulatedDisk } from '../simulated-disk.js';
import { dig, unbase64 } from '../kubernetes/kube-object.js';
import { certificatesIn, issueLeaf, readAuthority, type SimulatedAuthority } from '../kubernetes/simulated-pki.js';
import type { TlsEnd } from '../kubernetes/tls-handshake.js';
import { phaseFailure } from './kubeadm-failure.js';

/** Reads a file kubeadm cannot do without. @throws KubeadmFailure */
export function requiredFile(disk: SimulatedDisk, path: string, phase: string, what: string): string {
  const text = disk.text(path);
  if (text !== undefined) return text;
  throw phaseFailure(
    phase,
    `failure loading ${what}: couldn't load the ${path.endsWith('.key') ? 'private key' : 'certificate'} file ${path}: open ${path}: no such file or directory`,
  );
}

/**
 * Checks the key pairs a control plane is given (cluster CA, etcd CA, front-proxy CA, service-account key).
 * @returns the cluster CA. @throws KubeadmFailure naming the file
 */
export function readAuthorities(disk: SimulatedDisk, dir: string, phasePrefix: string): ControlPlaneAuthority {
  const authorities: SimulatedAuthority[] = [];
  for (const [file, phase] of [
    ['ca', 'ca'],
    ['etcd/ca', 'etcd-ca'],
    ['front-proxy-ca', 'front-proxy-ca'],
  ] as const) {
    const name = `${phasePrefix}${phase}`;
    const certificate = requiredFile(disk, `${dir}/${file}.crt`, name, `certificate for ${phase}`);
    const key = requiredFile(disk, `${dir}/${file}.key`, name, `private key for ${phase}`);
    try {
      authorities.push(readAuthority(certificate, key));
    } catch (error) {
      throw phaseFailure(name, `failure loading ${phase} certificate ${dir}/${file}.crt: ${(error as Error).message}`);
    }
  }
  const privateKey = requiredFile(disk, `${dir}/sa.key`, `${phasePrefix}sa`, 'key for service account');
  const publicKey = requiredFile(disk, `${dir}/sa.pub`, `${phasePrefix}sa`, 'public key for service account');
  if (!sameKey(privateKey, publicKey))
    throw phaseFailure(`${phasePrefix}sa`, `${dir}/sa.pub is not the public key of ${dir}/sa.key`);
  return { ...(authorities[0] as SimulatedAuthority), etcd: authorities[1] as SimulatedAuthority };
}

function sameKey(privatePem: string, publicPem: string): boolean {
  try {
    return createPublicKey(createPrivateKey(privatePem)).equals(createPublicKey(publicPem));
  } catch {
    return false;
  }
}

/** What the etcd of this disk shows its peers, and whom it believes. */
export function etcdEnd(disk: SimulatedDisk, dir: string): TlsEnd {
  const read = (name: string): string => disk.text(`${dir}/etcd/${name}`) ?? '';
  return { certPem: read('peer.crt'), keyPem: read('peer.key'), trustPem: read('ca.crt') };
}

/** The cluster's CA, and that of its etcd. */
export interface ControlPlaneAuthority extends SimulatedAuthority {
  readonly etcd: SimulatedAuthority;
}

export interface ServingNames {
  readonly nodeName: string;
  readonly dnsDomain: string;
  readonly serviceSubnet: string;
  readonly advertiseAddress: string;
  /** host:port */
  readonly controlPlaneEndpoint: string;
  readonly certSANs: readonly string[];
}

/** The names kubeadm puts into the API server's certificate. Source: kubeadm 1.36, pkiutil GetAPIServerAltNames. */
export function servingNames(names: ServingNames): { dnsNames: string[]; ips: string[] } {
  const all = [
    names.nodeName,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${names.dnsDomain}`,
    firstServiceIp(names.serviceSubnet),
    names.advertiseAddress,
    ...(names.controlPlaneEndpoint === '' ? [] : [names.controlPlaneEndpoint.split(':')[0] ?? '']),
    ...names.certSANs,
  ];
  const isIp = (name: string): boolean => /^\d+(\.\d+){3}$/.test(name);
  return { dnsNames: [...new Set(all.filter((name) => !isIp(name)))], ips: [...new Set(all.filter(isIp))] };
}

/** The address of the Service `kubernetes`: the first one of the range. */
export function firstServiceIp(subnet: string): string {
  const [address = '', bits = ''] = subnet.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
}

/** Issues what kubeadm issues for a control-plane node and writes it below `dir` and /etc/kubernetes. */
export function writeLeafCertificates(disk: SimulatedDisk, dir: string, ca: ControlPlaneAuthority, names: ServingNames): void {
  const etcdNames = { dnsNames: ['localhost', names.nodeName], ips: [names.advertiseAddress, '127.0.0.1'] };
  const etcd = issueLeaf(ca.etcd, { commonName: names.nodeName, usage: 'server', ...etcdNames });
  disk.write(`${dir}/etcd/server.crt`, etcd.certPem, 0o644);
  disk.write(`${dir}/etcd/server.key`, etcd.keyPem, 0o600);
  const peer = issueLeaf(ca.etcd, { commonName: names.nodeName, usage: 'peer', ...etcdNames });
  disk.write(`${dir}/etcd/peer.crt`, peer.certPem, 0o644);
  disk.write(`${dir}/etcd/peer.key`, peer.keyPem, 0o600);
  const serving = issueLeaf(ca, { commonName: 'kube-apiserver', usage: 'server', ...servingNames(names) });
  disk.write(`${dir}/apiserver.crt`, serving.certPem, 0o644);
  disk.write(`${dir}/apiserver.key`, serving.keyPem, 0o600);
  const kubeletClient = issueLeaf(ca, {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['kubeadm:cluster-admins'],
    usage: 'client',
  });
  disk.write(`${dir}/apiserver-kubelet-client.crt`, kubeletClient.certPem, 0o644);
  disk.write(`${dir}/apiserver-kubelet-client.key`, kubeletClient.keyPem, 0o600);
  const users = [
    ['admin.conf', 'kubernetes-admin', 'kubeadm:cluster-admins'],
    ['super-admin.conf', 'kubernetes-super-admin', 'system:masters'],
    ['kubelet.conf', `system:node:${names.nodeName}`, 'system:nodes'],
  ] as const;
  for (const [file, commonName, organization] of users) {
    if (keepsConfig(disk, `/etc/kubernetes/${file}`, ca)) continue;
    const { certPem, keyPem } = issueLeaf(ca, { commonName, organizations: [organization], usage: 'client' });
    disk.write(
      `/etc/kubernetes/${file}`,
      JSON.stringify(kubeconfig(names.controlPlaneEndpoint, ca.certificatePem, certPem, keyPem)),
      0o600,
    );
  }
}

/**
 * A kubeconfig that somebody has placed is kept when the authority is among those it trusts.
 * @throws KubeadmFailure in kubeadm's words. Source: kubeadm 1.36, phases/kubeconfig
 */
function keepsConfig(disk: SimulatedDisk, path: string, ca: ControlPlaneAuthority): boolean {
  if (disk.text(path) === undefined) return false;
  const trusted = certificatesIn(trustedBy(disk, path));
  if (trusted.some((pem) => new X509Certificate(pem).fingerprint256 === ca.certificate.fingerprint256)) return true;
  throw phaseFailure(
    'kubeconfig',
    `a kubeconfig file "${path}" exists but does not contain a trusted CA in its current context's cluster. Total CA certificates found: ${trusted.length}`,
  );
}

/** A kubeconfig as JSON, which is YAML too. */
export function kubeconfig(endpoint: string, caPem: string, certPem: string, keyPem: string): object {
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: { server: `https://${endpoint}`, 'certificate-authority-data': encode(caPem) } }],
    users: [{ name: 'user', user: { 'client-certificate-data': encode(certPem), 'client-key-data': encode(keyPem) } }],
    contexts: [{ name: 'user@kubernetes', context: { cluster: 'kubernetes', user: 'user' } }],
    'current-context': 'user@kubernetes',
  };
}

/** Certificate and key of a kubeconfig on the disk. */
export function credentialsOf(disk: SimulatedDisk, path: string): { cert: string; key: string } {
  const user = dig((dig(parse(disk.text(path) ?? '{}'), 'users') as unknown[] | undefined)?.[0], 'user');
  return { cert: unbase64(dig(user, 'client-certificate-data')), key: unbase64(dig(user, 'client-key-data')) };
}

/** The authorities that a kubeconfig on the disk trusts, PEM. */
export function trustedBy(disk: SimulatedDisk, path: string): string {
  const cluster = dig((dig(parse(disk.text(path) ?? '{}'), 'clusters') as unknown[] | undefined)?.[0], 'cluster');
  return unbase64(dig(cluster, 'certificate-authority-data'));
}
