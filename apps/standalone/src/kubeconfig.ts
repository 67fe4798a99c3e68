import { createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { request } from 'node:https';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { stringify } from 'yaml';
import type { ClusterView, ContainerInfra } from './client.js';

export interface KubeCredentials {
  readonly server: string;
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** What `openstack coe cluster config` does: a key that never leaves this machine, and a certificate for it. */
export async function fetchCredentials(api: ContainerInfra, cluster: ClusterView): Promise<KubeCredentials> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, true, [
      'sign',
    ]),
    publicKey: await webcrypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, [
      'verify',
    ]),
  };
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=admin, O=system:masters',
    keys,
    signingAlgorithm: algorithm,
  });
  const [ca, signed] = await Promise.all([
    api.request<{ pem: string }>('GET', `/certificates/${cluster.uuid}`),
    api.request<{ pem: string }>('POST', '/certificates', { cluster_uuid: cluster.uuid, csr: csr.toString('pem') }),
  ]);
  if (!cluster.api_address) throw new Error(`cluster ${cluster.name} has no API address yet`);
  return {
    server: cluster.api_address,
    caPem: ca.pem,
    certPem: signed.pem,
    keyPem: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
      .export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  };
}

export function renderKubeconfig(name: string, credentials: KubeCredentials): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: credentials.server, 'certificate-authority-data': base64(credentials.caPem) } }],
      users: [
        {
          name: 'admin',
          user: { 'client-certificate-data': base64(credentials.certPem), 'client-key-data': base64(credentials.keyPem) },
        },
      ],
      contexts: [{ name: 'default', context: { cluster: name, user: 'admin' } }],
      'current-context': 'default',
    },
    { version: '1.1' },
  );
}

export interface KubeNode {
  readonly name: string;
  readonly ready: boolean;
  readonly roles: string;
  readonly version: string;
  readonly address: string;
}

interface WireNode {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly status: {
    readonly conditions?: { readonly type: string; readonly status: string }[];
    readonly addresses?: { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}

/** The cluster's own answer to `kubectl get nodes`, over TLS verified against its CA. */
export async function listNodes(credentials: KubeCredentials): Promise<KubeNode[]> {
  const text = await new Promise<string>((resolve, reject) => {
    const call = request(
      `${credentials.server}/api/v1/nodes`,
      { ca: credentials.caPem, cert: credentials.certPem, key: credentials.keyPem, timeout: 10_000 },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(`the cluster answered ${response.statusCode}: ${body}`)),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error('the cluster did not answer within 10 s')));
    call.on('error', reject);
    call.end();
  });
  return (JSON.parse(text) as { items: WireNode[] }).items.map(({ metadata, status }) => ({
    name: metadata.name,
    ready: status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    roles:
      Object.keys(metadata.labels ?? {})
        .filter((label) => label.startsWith('node-role.kubernetes.io/'))
        .map((label) => label.slice('node-role.kubernetes.io/'.length))
        .join(',') || '<none>',
    version: status.nodeInfo?.kubeletVersion ?? '',
    address: status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
  }));
}
