import { randomInt } from 'node:crypto';
import { stringify } from 'yaml';
import { publicKeyPin } from '../kubernetes/simulated-pki.js';
import { testAuthority, testKeyPair, type TestAuthority } from './test-authorities.js';

export interface TestBundle {
  version: 1;
  name: string;
  role: 'master' | 'worker';
  files: { path: string; mode: string; content: string }[];
  steps: { name: string; command: string[]; timeout_seconds: number; attempts: number; turn?: true }[];
  cleanup: string[];
}

/** Bundles for the nodes of one cluster, with keys made at run time. */
export class TestCluster {
  private constructor(
    readonly ca: TestAuthority,
    readonly etcdCa: TestAuthority,
    readonly frontProxyCa: TestAuthority,
    readonly serviceAccount: { privatePem: string; publicPem: string },
    /** Address of the API, of the loopback network. */
    readonly address: string,
  ) {}

  readonly token = 'abcdef.0123456789abcdef';

  static async make(address = `127.27.${randomInt(1, 250)}.${randomInt(1, 250)}`): Promise<TestCluster> {
    const [ca, etcdCa, frontProxyCa] = await Promise.all([
      testAuthority('kubernetes'),
      testAuthority('etcd-ca'),
      testAuthority('front-proxy-ca'),
    ]);
    return new TestCluster(ca, etcdCa, frontProxyCa, testKeyPair(), address);
  }

  get endpoint(): string {
    return `${this.address}:6443`;
  }

  init(name: string, change: { ttl?: string; cluster?: object; nodeLabels?: string } = {}): TestBundle {
    const documents = [
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'ClusterConfiguration',
        clusterName: 'k1',
        kubernetesVersion: 'v1.36.4',
        controlPlaneEndpoint: this.endpoint,
        networking: { podSubnet: '10.100.0.0/16', serviceSubnet: '10.254.0.0/16', dnsDomain: 'cluster.local' },
        apiServer: { certSANs: ['api.k1.example', '127.0.0.1'] },
        ...change.cluster,
      },
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'InitConfiguration',
        bootstrapTokens: [{ token: this.token, ttl: change.ttl ?? '30m0s' }],
        localAPIEndpoint: { advertiseAddress: '@@LOCAL_IP@@', bindPort: 6443 },
        nodeRegistration: this.#registration(name, change.nodeLabels),
      },
    ];
    return bundle(name, 'master', 'init', [...this.#authorityFiles(), kubeadmFile(documents)]);
  }

  join(name: string, role: 'master' | 'worker', change: { token?: string; pin?: string; nodeLabels?: string } = {}): TestBundle {
    const document = {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'JoinConfiguration',
      discovery: {
        bootstrapToken: {
          token: change.token ?? this.token,
          apiServerEndpoint: this.endpoint,
          caCertHashes: [change.pin ?? publicKeyPin(this.ca.certPem)],
        },
      },
      ...(role === 'master' ? { controlPlane: { localAPIEndpoint: { advertiseAddress: '@@LOCAL_IP@@', bindPort: 6443 } } } : {}),
      nodeRegistration: this.#registration(name, change.nodeLabels),
      timeouts: { discovery: '1m0s' },
    };
    return bundle(name, role, 'join', [...(role === 'master' ? this.#authorityFiles() : []), kubeadmFile([document])]);
  }

  #registration(name: string, labels = 'magnum.openstack.org/nodegroup=default'): object {
    return {
      name,
      kubeletExtraArgs: [
        { name: 'cloud-provider', value: 'external' },
        { name: 'provider-id', value: 'openstack:///@@INSTANCE_ID@@' },
        { name: 'node-labels', value: labels },
      ],
    };
  }

  #authorityFiles(): TestBundle['files'] {
    const pki = '/etc/kubernetes/pki';
    return [
      { path: `${pki}/ca.crt`, mode: '0644', content: this.ca.certPem },
      { path: `${pki}/ca.key`, mode: '0600', content: this.ca.keyPem },
      { path: `${pki}/etcd/ca.crt`, mode: '0644', content: this.etcdCa.certPem },
      { path: `${pki}/etcd/ca.key`, mode: '0600', content: this.etcdCa.keyPem },
      { path: `${pki}/front-proxy-ca.crt`, mode: '0644', content: this.frontProxyCa.certPem },
      { path: `${pki}/front-proxy-ca.key`, mode: '0600', content: this.frontProxyCa.keyPem },
      { path: `${pki}/sa.key`, mode: '0600', content: this.serviceAccount.privatePem },
      { path: `${pki}/sa.pub`, mode: '0600', content: this.serviceAccount.publicPem },
    ];
  }
}

function kubeadmFile(documents: object[]): TestBundle['files'][number] {
  return {
    path: '/run/kubeadm/kubeadm.yaml',
    mode: '0600',
    content: documents.map((document) => `---\n${stringify(document)}`).join(''),
  };
}

function bundle(name: string, role: 'master' | 'worker', action: 'init' | 'join', files: TestBundle['files']): TestBundle {
  const step = (phase: string, ...command: string[]): TestBundle['steps'][number] => ({
    name: phase,
    command,
    timeout_seconds: 600,
    attempts: 1,
  });
  return {
    version: 1,
    name,
    role,
    files,
    steps: [
      step('prepare', '/bin/true'),
      step('containerd', '/bin/true'),
      {
        ...step(`kubeadm-${action}`, 'kubeadm', action, '--config', '/run/kubeadm/kubeadm.yaml'),
        ...(action === 'join' ? { turn: true as const } : {}),
      },
    ],
    cleanup: ['/run/kubeadm'],
  };
}
