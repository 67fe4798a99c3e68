import { parseOnce } from './parse-once.js';
import { randomUUID } from 'node:crypto';
import type { GuestEnvironment } from '../guest-environment.js';
import { guestAgent } from '../guest-https.js';
import { base64, dig, digText, unbase64 } from '../kubernetes/kube-object.js';
import type { SimulatedCluster } from '../kubernetes/simulated-cluster.js';
import { detachedJws } from '../kubernetes/simulated-controller-manager.js';
import { EtcdRefusal } from '../kubernetes/simulated-etcd-members.js';
import { handshake, type TlsEnd } from '../kubernetes/tls-handshake.js';
import { certificatesIn, createRequest, publicKeyPin } from '../kubernetes/simulated-pki.js';
import { etcdEnd, readAuthorities, writeLeafCertificates } from './control-plane-files.js';
import { GuestKubeClient, KubeCallError, poll } from './guest-kube-client.js';
import type { JoinSettings } from './kubeadm-config.js';
import { installedVersion } from './installed-version.js';
import { KubeadmFailure, phaseFailure } from './kubeadm-failure.js';
import { adminClient, signingCertificate, startApiServer, type JoinedNode } from './kubeadm-init.js';
import { markControlPlane, nodeObject, registerNode, registerNodeInProcess } from './simulated-kubelet.js';

const clusterInfoPath = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const csrPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const SHARED_SOCKETS = 12;

interface Discovered {
  readonly clusterKey: string;
  /** One authority or several. */
  readonly caPem: string;
  /** host:port */
  readonly endpoint: string;
}

/** `kubeadm join` over the wire: discovery, CSR, Node; a control plane serves the API too. @throws KubeadmFailure */
export async function kubeadmJoin(environment: GuestEnvironment, settings: JoinSettings): Promise<JoinedNode> {
  const { caPem, endpoint, clusterKey } = await discover(environment, settings);
  const agent = environment.connections.shared('join', endpoint, caPem, environment.sourceAddress, SHARED_SOCKETS);
  const joiner = new GuestKubeClient(environment, endpoint, agent, settings.tlsBootstrapToken);
  const { name } = settings.registration;
  const configuration = await clusterConfiguration(environment, settings, joiner);
  const version = digText(configuration, 'kubernetesVersion');
  const role = settings.controlPlane ? 'master' : 'worker';
  const installed = installedVersion(environment.disk);
  if (installed !== undefined) refuseOlderCluster(installed, version);
  const node = nodeObject(environment, settings.registration, role, installed ?? version);
  await refuseDouble(environment, joiner, name);
  const controlPlane = settings.controlPlane ? prepareControlPlane(environment, settings, configuration, caPem, endpoint) : null;
  const identity = await requestCertificate(environment, settings, joiner, name);
  const own = { certPem: identity.cert, keyPem: identity.key, trustPem: caPem };
  const cluster = environment.clusters.find(clusterKey);
  if (!controlPlane && cluster) {
    registerNodeInProcess(cluster.etcd, node);
    return { clusterKey, nodeName: name, controlPlane: null, kubelet: own };
  }

  const kubelet = new GuestKubeClient(
    environment,
    endpoint,
    guestAgent({ keepAlive: controlPlane !== null, maxSockets: 1, ca: caPem, ...identity }),
  );
  try {
    await poll(
      environment,
      settings.timeouts.apiCallMs,
      () => environment.connections.limited(() => registerNode(kubelet, node)),
      isAnswer,
    );
  } catch (error) {
    throw phaseFailure('kubelet-start', `the kubelet could not register the node: ${(error as Error).message}`);
  } finally {
    kubelet.agent.destroy();
  }
  if (controlPlane) {
    await joinEtcd(environment, settings, clusterKey, controlPlane.certificatesDir);
    await startApiServer(environment, clusterKey, name, controlPlane);
    const admin = adminClient(environment, endpoint);
    await poll(environment, settings.timeouts.apiCallMs, () => markControlPlane(admin, name)).finally(() =>
      admin.agent.destroy(),
    );
    return { clusterKey, nodeName: name, controlPlane, kubelet: own };
  }
  return { clusterKey, nodeName: name, controlPlane: null, kubelet: own };
}

/** kubeadm deploys its own minor and the one before. Source: kubeadm, constants.MinimumControlPlaneVersion. */
function refuseOlderCluster(kubeadm: string, cluster: string): void {
  const minor = (version: string): number => Number(/^v1\.(\d+)\./.exec(version)?.[1]);
  if (!(minor(cluster) < minor(kubeadm) - 1)) return;
  throw phaseFailure(
    'preflight',
    `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${minor(kubeadm) - 1}.0. Current version: ${cluster}`,
  );
}

/** A learner first, a voting member when it runs. One that was added before and never started is taken up again. */
async function joinEtcd(
  environment: GuestEnvironment,
  settings: JoinSettings,
  clusterKey: string,
  dir: string,
): Promise<SimulatedCluster> {
  const { server, localIp } = environment;
  const cluster = environment.clusters.join(clusterKey, server.id);
  const { etcdMembers } = cluster;
  try {
    const own = etcdMembers.of(server.id);
    const add = (): Promise<string> =>
      Promise.resolve().then(() => etcdMembers.addLearner(server.id, settings.registration.name, localIp));
    const id = own?.id ?? (await poll(environment, settings.timeouts.apiCallMs, add));
    await meetPeers(cluster, server.id, etcdEnd(environment.disk, dir));
    etcdMembers.start(server.id);
    if (own?.learner !== false) etcdMembers.promote(id);
  } catch (error) {
    environment.signal.throwIfAborted();
    throw phaseFailure('etcd-join', `error creating local etcd static pod manifest file: ${(error as Error).message}`);
  }
  return cluster;
}

/** Every etcd dials every other one. @throws EtcdRefusal one of them does not believe the other */
async function meetPeers(cluster: SimulatedCluster, serverId: string, own: TlsEnd): Promise<void> {
  for (const [id, peer] of [...cluster.etcdTls].filter(([other]) => other !== serverId)) {
    const trouble = (await handshake(peer, own)) ?? (await handshake(own, peer));
    if (trouble !== null) throw new EtcdRefusal(`etcdserver: prober detected unhealthy peer ${id}: ${trouble}`);
  }
}

/** kubeadm's token discovery: cluster-info unverified, its signature by the token, the CA by pin, then once more verified. */
async function discover(environment: GuestEnvironment, settings: JoinSettings): Promise<Discovered> {
  const { apiServerEndpoint } = settings;
  const [id = '', secret = ''] = settings.token.split('.');
  const client = (ca: string | undefined, purpose: string): GuestKubeClient =>
    new GuestKubeClient(
      environment,
      apiServerEndpoint,
      environment.connections.shared(purpose, apiServerEndpoint, ca, environment.sourceAddress, SHARED_SOCKETS),
    );
  const attempt = async (from: GuestKubeClient): Promise<string> => {
    const info = await from.call({ method: 'GET', path: clusterInfoPath });
    const kubeconfig = dig(info, 'data', 'kubeconfig');
    const signature = dig(info, 'data', `jws-kubeconfig-${id}`);
    if (typeof kubeconfig !== 'string') throw new Error('there is no kubeconfig in the cluster-info ConfigMap');
    if (typeof signature !== 'string')
      throw new Error(`could not find a JWS signature in the cluster-info ConfigMap for token ID "${id}"`);
    if (signature !== detachedJws(kubeconfig, id, secret))
      throw new KubeadmFailure("failed to verify JWS signature of received cluster info object, can't trust this API Server");
    return kubeconfig;
  };
  const run = (from: GuestKubeClient): Promise<string> =>
    poll(
      environment,
      settings.timeouts.discoveryMs,
      () => attempt(from),
      (error) => error instanceof KubeadmFailure,
    ).catch((error: unknown) => {
      environment.signal.throwIfAborted();
      throw phaseFailure('preflight', `couldn't validate the identity of the API Server: ${(error as Error).message}`);
    });
  const first = client(undefined, 'discovery');
  const insecure = await run(first);
  const discovered = { ...readKubeconfig(insecure), clusterKey: first.cluster };
  if (settings.unsafeSkipCAVerification) return discovered;
  const pins = certificatesIn(discovered.caPem).map(publicKeyPin);
  if (!pins.some((pin) => settings.caCertHashes.includes(pin))) {
    throw phaseFailure(
      'preflight',
      `couldn't validate the identity of the API Server: cluster CA found in cluster-info ConfigMap is invalid: none of the public keys ${pins.map((pin) => `"${pin}"`).join(':')} are pinned`,
    );
  }
  const secure = await run(client(discovered.caPem, 'discovery'));
  if (secure !== insecure)
    throw phaseFailure(
      'preflight',
      'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
    );
  return discovered;
}

function readKubeconfig(text: string): Omit<Discovered, 'clusterKey'> {
  const cluster = dig((dig(parseOnce(text), 'clusters') as unknown[] | undefined)?.[0], 'cluster');
  const caPem = unbase64(dig(cluster, 'certificate-authority-data'));
  const server = digText(cluster, 'server');
  if (caPem === '' || !server.startsWith('https://'))
    throw phaseFailure('preflight', 'the cluster-info ConfigMap holds no usable cluster');
  return { caPem, endpoint: server.slice('https://'.length) };
}

async function clusterConfiguration(
  environment: GuestEnvironment,
  settings: JoinSettings,
  joiner: GuestKubeClient,
): Promise<unknown> {
  const path = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
  const found = await poll(environment, settings.timeouts.apiCallMs, () => joiner.call({ method: 'GET', path }), isAnswer).catch(
    (error: unknown) => {
      environment.signal.throwIfAborted();
      throw phaseFailure(
        'preflight',
        `unable to fetch the kubeadm-config ConfigMap: failed to get config map: ${(error as Error).message}`,
      );
    },
  );
  return parseOnce(digText(found, 'data', 'ClusterConfiguration'));
}

async function refuseDouble(environment: GuestEnvironment, joiner: GuestKubeClient, name: string): Promise<void> {
  const node = await joiner.call({ method: 'GET', path: `/api/v1/nodes/${name}` }).catch((error: unknown) => {
    environment.signal.throwIfAborted();
    if (error instanceof KubeCallError && error.status === 404) return undefined;
    throw phaseFailure('kubelet-start', `cannot get Node "${name}": ${(error as Error).message}`);
  });
  const conditions = dig(node, 'status', 'conditions');
  const ready =
    Array.isArray(conditions) && conditions.some((entry) => dig(entry, 'type') === 'Ready' && dig(entry, 'status') === 'True');
  if (ready && dig(node, 'status', 'nodeInfo', 'systemUUID') !== environment.server.id) {
    throw phaseFailure(
      'kubelet-start',
      `a Node with name "${name}" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
    );
  }
}

function prepareControlPlane(
  environment: GuestEnvironment,
  settings: JoinSettings,
  configuration: unknown,
  caPem: string,
  endpoint: string,
): NonNullable<JoinedNode['controlPlane']> {
  const dir = digText(configuration, 'certificatesDir') || '/etc/kubernetes/pki';
  const ca = readAuthorities(environment.disk, dir, 'control-plane-prepare/certs/');
  // By either authority, while there are two.
  const known = certificatesIn(caPem).map(publicKeyPin);
  if (!known.includes(publicKeyPin(ca.certificatePem))) {
    throw phaseFailure('control-plane-prepare/certs', `the CA in ${dir}/ca.crt is not the CA of the cluster`);
  }
  const sans = dig(configuration, 'apiServer', 'certSANs');
  const local = settings.controlPlane ?? { advertiseAddress: environment.localIp, bindPort: 6443 };
  writeLeafCertificates(environment.disk, dir, ca, {
    nodeName: settings.registration.name,
    dnsDomain: digText(configuration, 'networking', 'dnsDomain') || 'cluster.local',
    serviceSubnet: digText(configuration, 'networking', 'serviceSubnet') || '10.96.0.0/12',
    advertiseAddress: local.advertiseAddress,
    controlPlaneEndpoint: endpoint,
    certSANs: Array.isArray(sans) ? sans.map(String) : [],
  });
  return {
    certificatesDir: dir,
    version: digText(configuration, 'kubernetesVersion'),
    port: local.bindPort,
    endpoint,
    etcdMember: true,
    signingCert: signingCertificate(configuration, dir),
  };
}

/** The kubelet's TLS bootstrap: a CSR with the token, its certificate. */
async function requestCertificate(
  environment: GuestEnvironment,
  settings: JoinSettings,
  joiner: GuestKubeClient,
  name: string,
): Promise<{ cert: string; key: string }> {
  const { csrPem, keyPem } = createRequest(`system:node:${name}`, ['system:nodes']);
  const csrName = `node-csr-${randomUUID()}`;
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: csrName },
    spec: {
      request: base64(csrPem),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    },
  };
  const fail = (error: unknown): never => {
    environment.signal.throwIfAborted();
    throw phaseFailure('kubelet-start', `timed out waiting for the kubelet's TLS bootstrap: ${(error as Error).message}`);
  };
  let answer = await poll(
    environment,
    settings.timeouts.tlsBootstrapMs,
    () => joiner.call({ method: 'POST', path: csrPath, body }),
    isAnswer,
  ).catch(fail);
  if (dig(answer, 'status', 'certificate') === undefined) {
    answer = await poll(environment, settings.timeouts.tlsBootstrapMs, async () => {
      const csr = await joiner.call({ method: 'GET', path: `${csrPath}/${csrName}` });
      if (dig(csr, 'status', 'certificate') === undefined)
        throw new Error(`certificate signing request ${csrName} was not signed`);
      return csr;
    }).catch(fail);
  }
  return { cert: unbase64(dig(answer, 'status', 'certificate')), key: keyPem };
}

/** An answer of the API that another attempt will not change. */
function isAnswer(error: unknown): boolean {
  return error instanceof KubeCallError && error.status < 500 && error.status !== 429;
}
