import { isIPv4 } from 'node:net';
import { parseAllDocuments } from 'yaml';
import { dig, isJson, type Json } from '../kubernetes/kube-object.js';
import { KubeadmFailure } from './kubeadm-failure.js';
import { decodingError, foreignKinds, kubeadmKinds, parseDuration } from './kubeadm-schema.js';

export interface KubeadmArgument {
  readonly name: string;
  readonly value: string;
}

export interface NodeRegistration {
  readonly name: string;
  /** null: kubeadm's default taint on control planes, none on workers. */
  readonly taints: readonly { key: string; value?: string; effect: string }[] | null;
  readonly kubeletExtraArgs: readonly KubeadmArgument[];
}

export interface KubeadmTimeouts {
  readonly controlPlaneMs: number;
  readonly discoveryMs: number;
  readonly apiCallMs: number;
  readonly tlsBootstrapMs: number;
}

export interface InitSettings {
  readonly clusterName: string;
  readonly kubernetesVersion: string;
  readonly controlPlaneEndpoint: string;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  readonly certSANs: readonly string[];
  readonly certificatesDir: string;
  readonly advertiseAddress: string;
  readonly bindPort: number;
  readonly bootstrapTokens: readonly { token: string; ttlMs: number; usages: readonly string[]; groups: readonly string[] }[];
  readonly registration: NodeRegistration;
  readonly timeouts: KubeadmTimeouts;
  /** The ClusterConfiguration as it stands, for the kubeadm-config ConfigMap. */
  readonly clusterConfiguration: Json;
}

export interface JoinSettings {
  readonly token: string;
  readonly tlsBootstrapToken: string;
  readonly apiServerEndpoint: string;
  readonly caCertHashes: readonly string[];
  readonly unsafeSkipCAVerification: boolean;
  readonly controlPlane: { advertiseAddress: string; bindPort: number } | null;
  readonly registration: NodeRegistration;
  readonly timeouts: KubeadmTimeouts;
}

const tokenPattern = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** What `kubeadm init --config` understands. @throws KubeadmFailure in kubeadm's words */
export function readInitConfig(text: string, hostname: string, localIp: string): InitSettings {
  const documents = readDocuments(text);
  const cluster = documents.get('ClusterConfiguration');
  const init = documents.get('InitConfiguration');
  if (!cluster && !init) throw new KubeadmFailure('no InitConfiguration or ClusterConfiguration kind was found in the YAML file');
  const kubernetesVersion = textAt(cluster, 'kubernetesVersion') ?? '';
  if (!/^v?\d+\.\d+\.\d+/.test(kubernetesVersion)) {
    throw new KubeadmFailure(
      `couldn't parse Kubernetes version "${kubernetesVersion}": could not parse "${kubernetesVersion}" as version`,
    );
  }
  const controlPlaneEndpoint = textAt(cluster, 'controlPlaneEndpoint') ?? '';
  const advertiseAddress = textAt(init, 'localAPIEndpoint', 'advertiseAddress') ?? localIp;
  checkAddress(advertiseAddress, 'localAPIEndpoint');
  const tokens = dig(init, 'bootstrapTokens');
  return {
    clusterName: textAt(cluster, 'clusterName') ?? 'kubernetes',
    kubernetesVersion: kubernetesVersion.replace(/^v?/, 'v'),
    controlPlaneEndpoint: controlPlaneEndpoint === '' ? '' : withPort(controlPlaneEndpoint, 'controlPlaneEndpoint'),
    serviceSubnet: checkCidr(textAt(cluster, 'networking', 'serviceSubnet') ?? '10.96.0.0/12', 'networking.serviceSubnet'),
    dnsDomain: textAt(cluster, 'networking', 'dnsDomain') ?? 'cluster.local',
    certSANs: strings(dig(cluster, 'apiServer', 'certSANs')),
    certificatesDir: textAt(cluster, 'certificatesDir') ?? '/etc/kubernetes/pki',
    advertiseAddress,
    bindPort: port(init, 'localAPIEndpoint'),
    bootstrapTokens: (Array.isArray(tokens) ? tokens : []).map((entry) => ({
      token: checkToken(textAt(entry, 'token') ?? ''),
      ttlMs: parseDuration(textAt(entry, 'ttl') ?? '24h') ?? 0,
      usages: strings(dig(entry, 'usages'), ['signing', 'authentication']),
      groups: strings(dig(entry, 'groups'), ['system:bootstrappers:kubeadm:default-node-token']),
    })),
    registration: registrationOf(init, hostname),
    timeouts: timeoutsOf(init),
    clusterConfiguration: cluster ?? { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration' },
  };
}

/** What `kubeadm join --config` understands. @throws KubeadmFailure in kubeadm's words */
export function readJoinConfig(text: string, hostname: string, localIp: string): JoinSettings {
  const join = readDocuments(text).get('JoinConfiguration');
  if (!join) throw new KubeadmFailure('no JoinConfiguration found for the supplied documents');
  if (dig(join, 'discovery', 'file') !== undefined)
    throw new KubeadmFailure('simulated kubeadm: discovery by file is not simulated');
  const token = checkToken(textAt(join, 'discovery', 'bootstrapToken', 'token') ?? '');
  const caCertHashes = strings(dig(join, 'discovery', 'bootstrapToken', 'caCertHashes'));
  const bad = caCertHashes.find((hash) => !/^sha256:[0-9a-f]{64}$/.test(hash));
  if (bad !== undefined) throw new KubeadmFailure(`invalid public key hash "${bad}", expected "format:hex-value"`);
  const unsafeSkipCAVerification = dig(join, 'discovery', 'bootstrapToken', 'unsafeSkipCAVerification') === true;
  if (caCertHashes.length === 0 && !unsafeSkipCAVerification) {
    throw new KubeadmFailure(
      'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
    );
  }
  const controlPlane = dig(join, 'controlPlane');
  const advertiseAddress = textAt(controlPlane, 'localAPIEndpoint', 'advertiseAddress') ?? localIp;
  if (isJson(controlPlane)) checkAddress(advertiseAddress, 'controlPlane.localAPIEndpoint');
  return {
    token,
    tlsBootstrapToken: textAt(join, 'discovery', 'tlsBootstrapToken') ?? token,
    apiServerEndpoint: withPort(
      textAt(join, 'discovery', 'bootstrapToken', 'apiServerEndpoint') ?? '',
      'discovery.bootstrapToken.apiServerEndpoint',
    ),
    caCertHashes,
    unsafeSkipCAVerification,
    controlPlane: isJson(controlPlane) ? { advertiseAddress, bindPort: port(controlPlane, 'localAPIEndpoint') } : null,
    registration: registrationOf(join, hostname),
    timeouts: timeoutsOf(join),
  };
}

function readDocuments(text: string): Map<string, Json> {
  const documents = new Map<string, Json>();
  for (const document of parseAllDocuments(text, { version: '1.1' })) {
    if (document.errors[0]) throw new KubeadmFailure(`error converting YAML to JSON: yaml: ${document.errors[0].message}`);
    const value: unknown = document.toJS();
    if (value === null) continue;
    const kind = textAt(value, 'kind');
    const apiVersion = textAt(value, 'apiVersion');
    if (!isJson(value) || kind === undefined || apiVersion === undefined) {
      throw new KubeadmFailure(
        'invalid configuration: kind and apiVersion is mandatory information that must be specified in all YAML documents',
      );
    }
    if (foreignKinds[kind] === apiVersion) continue;
    const shape = apiVersion === 'kubeadm.k8s.io/v1beta4' ? kubeadmKinds[kind] : undefined;
    if (!shape) throw new KubeadmFailure(`no kind "${kind}" is registered for version "${apiVersion}"`);
    if (documents.has(kind)) throw new KubeadmFailure(`invalid configuration: kind "${kind}" is specified twice in YAML file`);
    const wrong = decodingError(value, shape, '', kind);
    if (wrong !== undefined) {
      throw new KubeadmFailure(
        `error unmarshaling configuration schema.GroupVersionKind{Group:"kubeadm.k8s.io", Version:"v1beta4", Kind:"${kind}"}: ${wrong}`,
      );
    }
    documents.set(kind, value);
  }
  return documents;
}

function registrationOf(document: unknown, hostname: string): NodeRegistration {
  const name = (textAt(document, 'nodeRegistration', 'name') ?? hostname).toLowerCase();
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw new KubeadmFailure(
      `nodeRegistration.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`,
    );
  }
  const taints = dig(document, 'nodeRegistration', 'taints');
  const extra = dig(document, 'nodeRegistration', 'kubeletExtraArgs');
  return {
    name,
    taints: Array.isArray(taints) ? (taints as { key: string; value?: string; effect: string }[]) : null,
    kubeletExtraArgs: Array.isArray(extra) ? (extra as KubeadmArgument[]) : [],
  };
}

function timeoutsOf(document: unknown): KubeadmTimeouts {
  const ms = (name: string, standard: string): number => parseDuration(textAt(document, 'timeouts', name) ?? standard) ?? 0;
  return {
    controlPlaneMs: ms('controlPlaneComponentHealthCheck', '4m'),
    discoveryMs: ms('discovery', '5m'),
    apiCallMs: ms('kubernetesAPICall', '1m'),
    tlsBootstrapMs: ms('tlsBootstrap', '5m'),
  };
}

function checkToken(token: string): string {
  if (tokenPattern.test(token)) return token;
  // The token itself is not repeated: this text ends in logs and events.
  throw new KubeadmFailure('the bootstrap token is invalid: it was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"');
}

function checkAddress(address: string, field: string): void {
  if (!isIPv4(address))
    throw new KubeadmFailure(
      `${field}: Invalid value: "${address}": couldn't use "${address}" as "apiserver-advertise-address", must be ipv4 or ipv6 address`,
    );
}

function checkCidr(cidr: string, field: string): string {
  const [address = '', bits = ''] = cidr.split('/');
  if (isIPv4(address) && /^\d+$/.test(bits) && Number(bits) >= 8 && Number(bits) <= 30) return cidr;
  throw new KubeadmFailure(`${field}: Invalid value: "${cidr}": couldn't parse subnet`);
}

function withPort(endpoint: string, field: string): string {
  const found = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(endpoint);
  if (!found) throw new KubeadmFailure(`${field}: Invalid value: "${endpoint}": address ${endpoint}: missing port in address`);
  return `${found[1]}:${found[2] ?? '6443'}`;
}

function port(document: unknown, field: string): number {
  const value = dig(document, field, 'bindPort');
  return typeof value === 'number' && value > 0 ? value : 6443;
}

function strings(value: unknown, standard: readonly string[] = []): readonly string[] {
  return Array.isArray(value) ? value.map(String) : standard;
}

function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = dig(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
