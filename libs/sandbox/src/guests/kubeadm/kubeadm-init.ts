import { stringify } from 'yaml';
import type { GuestEnvironment } from '../guest-environment.js';
import { guestAgent } from '../guest-https.js';
import { defaultObjects } from '../kubernetes/default-objects.js';
import { resourceKey, apiResources } from '../kubernetes/api-resources.js';
import { base64, dig, digText, type KubeObject } from '../kubernetes/kube-object.js';
import { certificatesIn, readAuthority } from '../kubernetes/simulated-pki.js';
import type { TlsEnd } from '../kubernetes/tls-handshake.js';
import { SimulatedClusters, type SimulatedCluster } from '../kubernetes/simulated-cluster.js';
import { credentialsOf, firstServiceIp, readAuthorities, trustedBy, writeLeafCertificates } from './control-plane-files.js';
import { GuestKubeClient, poll } from './guest-kube-client.js';
import type { InitSettings } from './kubeadm-config.js';
import { phaseFailure } from './kubeadm-failure.js';
import { installedVersion } from './installed-version.js';
import { kubeProxy, staticPods } from './system-pods.js';
import { markControlPlane, nodeObject, registerNode } from './simulated-kubelet.js';

export interface JoinedNode {
  readonly clusterKey: string;
  readonly nodeName: string;
  /** What its kubelet shows and believes; unset: written by a sandbox that did not ask. */
  readonly kubelet?: TlsEnd;
  /** What the API server of this guest is started with again after a restart; null for workers. */
  readonly controlPlane: {
    readonly certificatesDir: string;
    readonly version: string;
    readonly port: number;
    readonly endpoint: string;
    /** Its etcd is a member of its own; unset: written by a sandbox that did not tell members apart. */
    readonly etcdMember?: true;
    /** The file that its controller manager signs by; unset: the cluster's CA. */
    readonly signingCert?: string;
  } | null;
}

/**
 * `kubeadm init` as far as others can tell: certificates, an API server, cluster-info, tokens, a Node.
 * @throws KubeadmFailure in kubeadm's words
 */
export async function kubeadmInit(environment: GuestEnvironment, settings: InitSettings): Promise<JoinedNode> {
  const { disk, server } = environment;
  const dir = settings.certificatesDir;
  const { name } = settings.registration;
  const kubeletVersion = installedVersion(disk) ?? settings.kubernetesVersion;
  const node = nodeObject(environment, settings.registration, 'master', kubeletVersion);
  const ca = readAuthorities(disk, dir, 'certs/');
  const endpoint =
    settings.controlPlaneEndpoint === '' ? `${settings.advertiseAddress}:${settings.bindPort}` : settings.controlPlaneEndpoint;
  writeLeafCertificates(disk, dir, ca, { ...settings, nodeName: name, controlPlaneEndpoint: endpoint });

  const key = SimulatedClusters.keyOf(ca.certificatePem);
  const others = [...(environment.clusters.find(key)?.servers ?? [])].filter((id) => id !== server.id);
  if (others.length > 0) {
    throw phaseFailure(
      'preflight',
      `simulated kubeadm: the authority of this cluster already serves on server ${others.join(', ')}; a further control plane must join`,
    );
  }
  environment.clusters.leave(key, server.id);
  const cluster = environment.clusters.join(key, server.id);
  cluster.etcdMembers.bootstrap(server.id, name, settings.advertiseAddress);
  fillCluster(cluster, settings, ca.certificatePem, endpoint);
  const controlPlane = {
    certificatesDir: dir,
    version: settings.kubernetesVersion,
    port: settings.bindPort,
    endpoint,
    etcdMember: true as const,
    signingCert: signingCertificate(settings.clusterConfiguration, dir),
  };
  await startApiServer(environment, key, name, controlPlane);

  const admin = adminClient(environment, endpoint);
  const kubelet = fileClient(environment, endpoint, '/etc/kubernetes/kubelet.conf');
  try {
    await poll(environment, settings.timeouts.controlPlaneMs, () => admin.call({ method: 'GET', path: '/livez' })).catch(
      (error: unknown) => {
        throw phaseFailure(
          'wait-control-plane',
          `failed while waiting for the control plane to start: kube-apiserver check failed at https://${endpoint}/livez: ${(error as Error).message}`,
        );
      },
    );
    await registerNode(kubelet, node);
    await markControlPlane(admin, name);
  } finally {
    admin.agent.destroy();
    kubelet.agent.destroy();
  }
  const { cert: certPem, key: keyPem } = credentialsOf(disk, '/etc/kubernetes/kubelet.conf');
  return { clusterKey: key, nodeName: name, controlPlane, kubelet: { certPem, keyPem, trustPem: ca.certificatePem } };
}

/** The file by which the controller manager signs, as its arguments have it. */
export function signingCertificate(configuration: unknown, dir: string): string {
  const extra = dig(configuration, 'controllerManager', 'extraArgs');
  const found = (Array.isArray(extra) ? extra : []).findLast((one) => dig(one, 'name') === 'cluster-signing-cert-file');
  return digText(found, 'value') || `${dir}/ca.crt`;
}

/** Starts the guest's API server with what lies on its disk, and shows its static pods. */
export async function startApiServer(
  environment: GuestEnvironment,
  clusterKey: string,
  nodeName: string,
  controlPlane: NonNullable<JoinedNode['controlPlane']>,
): Promise<void> {
  const { certificatesDir: dir, version, port, endpoint } = controlPlane;
  const cluster = environment.clusters.find(clusterKey);
  const place = { nodeName, address: environment.localIp, certificatesDir: dir, version };
  for (const pod of cluster ? staticPods(place) : []) cluster?.etcd.put('/pods', pod);
  await environment.serveApi({
    clusterKey,
    certificatesDir: dir,
    nodeName,
    version,
    port,
    endpoint,
    certPem: environment.disk.text(`${dir}/apiserver.crt`) ?? '',
    keyPem: environment.disk.text(`${dir}/apiserver.key`) ?? '',
    clientCaPem: environment.disk.text(`${dir}/ca.crt`) ?? '',
  });
  startControllerManager(environment, clusterKey, controlPlane);
}

/** It signs what kubelets ask for, when it can read what by. Source: pkg/controller/certificates/signer, ca_provider.go. */
function startControllerManager(
  { clusters, disk, console, server }: GuestEnvironment,
  clusterKey: string,
  { certificatesDir: dir, signingCert = `${dir}/ca.crt` }: NonNullable<JoinedNode['controlPlane']>,
): void {
  const text = disk.text(signingCert) ?? '';
  const count = certificatesIn(text).length;
  if (count === 1) clusters.find(clusterKey)?.signers.set(server.id, readAuthority(text, disk.text(`${dir}/ca.key`) ?? ''));
  else
    console.write(
      `kube-controller-manager: failed to start kubernetes.io/kube-apiserver-client-kubelet certificate controller: error reading CA cert file "csr-controller::${signingCert}": expected 1 certificate, found ${count}`,
    );
}

/** A client with the credentials of a kubeconfig on the guest's disk. */
function fileClient(environment: GuestEnvironment, endpoint: string, path: string): GuestKubeClient {
  const { disk } = environment;
  const agent = guestAgent({ maxSockets: 1, ca: trustedBy(disk, path), ...credentialsOf(disk, path) });
  return new GuestKubeClient(environment, endpoint, agent);
}

export function adminClient(environment: GuestEnvironment, endpoint: string): GuestKubeClient {
  return fileClient(environment, endpoint, '/etc/kubernetes/admin.conf');
}

function fillCluster(cluster: SimulatedCluster, settings: InitSettings, caPem: string, endpoint: string): void {
  const objects: KubeObject[] = [
    ...defaultObjects(firstServiceIp(settings.serviceSubnet)),
    configMap('kube-system', 'kubeadm-config', { ClusterConfiguration: stringify(settings.clusterConfiguration) }),
    kubeProxy(settings),
    configMap('kube-system', 'kubelet-config', {
      kubelet: stringify({ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' }),
    }),
    configMap('kube-public', 'cluster-info', { kubeconfig: clusterInfo(caPem, endpoint) }),
    ...settings.bootstrapTokens.map(tokenSecret),
  ];
  for (const object of objects) putObject(cluster, object);
  cluster.controllers.refreshClusterInfo();
}

function putObject(cluster: SimulatedCluster, object: KubeObject): void {
  const resource = apiResources.find(({ kind }) => kind === object.kind);
  if (resource) cluster.etcd.put(resourceKey(resource), object);
}

/** What kube-public/cluster-info says: where and whom, no credentials. */
function clusterInfo(caPem: string, endpoint: string): string {
  return stringify({
    apiVersion: 'v1',
    clusters: [{ cluster: { 'certificate-authority-data': base64(caPem), server: `https://${endpoint}` }, name: '' }],
    contexts: null,
    'current-context': '',
    kind: 'Config',
    preferences: {},
    users: null,
  });
}

function configMap(namespace: string, name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

function tokenSecret({ token, ttlMs, usages, groups }: InitSettings['bootstrapTokens'][number]): KubeObject {
  const [id = '', secret = ''] = token.split('.');
  const data: Record<string, string> = {
    'token-id': id,
    'token-secret': secret,
    'auth-extra-groups': groups.join(','),
    ...(ttlMs > 0 ? { expiration: new Date(Date.now() + ttlMs).toISOString().replace(/\.\d+Z$/, 'Z') } : {}),
    ...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  };
}
