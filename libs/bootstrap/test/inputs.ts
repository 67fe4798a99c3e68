import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { BundleInput, CertificatePair, ControlPlaneSecrets, UserDataInput } from '../src/types.js';

/** Text in the shape of a certificate: rendering does not look inside. */
export const certificateText = (): string =>
  `-----BEGIN CERTIFICATE-----\n${randomBytes(600)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;

const keyText = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const pair = (): CertificatePair => ({ certPem: certificateText(), keyPem: keyText() });

let secrets: ControlPlaneSecrets | undefined;

/** Made once per run: keys take time. */
export function controlPlaneSecrets(): ControlPlaneSecrets {
  return (secrets ??= makeSecrets());
}

function makeSecrets(): ControlPlaneSecrets {
  const account = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ca: pair(),
    etcdCa: pair(),
    frontProxyCa: pair(),
    serviceAccount: {
      publicPem: account.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      privatePem: account.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  };
}

export const userDataInput = (): UserDataInput => ({
  nodeId: '3f2a9c1b-7d4e-4000-8000-000000000001',
  clusterId: '3f2a9c1b-7d4e-4000-8000-000000000002',
  name: 'k1-3f2a9c1b7d4e-master-0',
  role: 'master',
  endpoint: 'https://127.0.0.1:9512',
  nonce: randomBytes(32).toString('base64url'),
  caPem: certificateText(),
});

type Overrides = Partial<Omit<BundleInput, 'node' | 'cluster'>> & {
  node?: Partial<BundleInput['node']>;
  cluster?: Partial<BundleInput['cluster']>;
};

/** A first master on a prebuilt image; parts replaced at will. */
export function bundleInput(overrides: Overrides = {}): BundleInput {
  const worker = overrides.kind === 'join-worker';
  return {
    kind: 'init',
    kubernetesVersion: 'v1.36.4',
    imageProperties: { os_distro: 'ubuntu', kube_version: 'v1.36.4' },
    apiHost: '203.0.113.10',
    apiPort: 6443,
    apiAddresses: ['10.0.0.5'],
    nodeCidr: '10.0.0.0/24',
    bootstrapToken: `abcdef.${randomBytes(8).toString('hex')}`,
    caCertHashes: [`sha256:${randomBytes(32).toString('hex')}`],
    dockerVolume: false,
    externalCloudProvider: false,
    ...(worker ? {} : { controlPlane: controlPlaneSecrets() }),
    ...overrides,
    node: {
      id: '3f2a9c1b-7d4e-4000-8000-000000000001',
      name: worker ? 'k1-3f2a9c1b7d4e-worker-0' : 'k1-3f2a9c1b7d4e-master-0',
      role: worker ? 'worker' : 'master',
      groupName: worker ? 'default-worker' : 'default-master',
      ...overrides.node,
    },
    cluster: {
      id: '3f2a9c1b-7d4e-4000-8000-000000000002',
      name: 'k1',
      labels: {},
      createTimeoutMinutes: 60,
      networkDriver: 'calico',
      httpProxy: null,
      httpsProxy: null,
      noProxy: null,
      insecureRegistry: null,
      ...overrides.cluster,
    },
  };
}
