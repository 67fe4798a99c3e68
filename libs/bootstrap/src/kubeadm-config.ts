import { labelInteger, labelList, labelSwitch, labelText } from '#libs/domain';
import { stringify } from 'yaml';
import { checked, checkedPort } from './grammar.js';
import { KEYSTONE_WEBHOOK_DIR, KEYSTONE_WEBHOOK_PATH } from './keystone-webhook.js';
import type { NetworkPlan } from './network-plan.js';
import { nodeLabels } from './node-labels.js';
import type { BundleInput } from './types.js';

const CRI_SOCKET = 'unix:///var/run/containerd/containerd.sock';
const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
/** What signs the kubelets' requests: one certificate, also while `ca.crt` has two. */
export const SIGNING_CA_PATH = '/etc/kubernetes/pki/signing-ca.crt';
/** The default lies below /usr, where Flatcar and Fedora CoreOS let nobody write; a cluster may mix systems, so all have this one. */
const VOLUME_PLUGINS = '/opt/libexec/kubernetes/kubelet-plugins/volume/exec/';
export const AUDIT_POLICY_PATH = '/etc/kubernetes/audit/policy.yaml';

interface Argument {
  readonly name: string;
  readonly value: string;
}

/**
 * The kubeadm file of a node (`kubeadm.k8s.io/v1beta4`): ClusterConfiguration and InitConfiguration with the kubelet's and
 * kube-proxy's configuration for the first master, JoinConfiguration for all others.
 */
export function kubeadmConfig(input: BundleInput, plan: NetworkPlan, imageRepository: string): string {
  const documents =
    input.kind === 'init'
      ? [
          initConfiguration(input),
          clusterConfiguration(input, plan, imageRepository),
          kubeletConfiguration(input, plan),
          kubeProxyConfiguration(),
        ]
      : [joinConfiguration(input)];
  return documents.map((document) => `---\n${stringify(document, { version: '1.1', lineWidth: 0 })}`).join('');
}

/** `host:port` of the cluster's API, as nodes and users know it. */
export function controlPlaneEndpoint(input: BundleInput): string {
  const host = input.apiHost === null ? '@@LOCAL_IP@@' : checked('host', 'API host', input.apiHost);
  return `${host}:${checkedPort('apiserver_port', input.apiPort)}`;
}

function initConfiguration(input: BundleInput): object {
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    bootstrapTokens: [
      {
        token: checked('bootstrapToken', 'bootstrap token', input.bootstrapToken),
        ttl: '30m0s',
        usages: ['signing', 'authentication'],
        groups: ['system:bootstrappers:kubeadm:default-node-token'],
      },
    ],
    localAPIEndpoint: localEndpoint(input),
    nodeRegistration: nodeRegistration(input),
    timeouts: timeouts(input.cluster.createTimeoutMinutes),
  };
}

function joinConfiguration(input: BundleInput): object {
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'JoinConfiguration',
    discovery: {
      bootstrapToken: {
        token: checked('bootstrapToken', 'bootstrap token', input.bootstrapToken),
        apiServerEndpoint: controlPlaneEndpoint(input),
        caCertHashes: input.caCertHashes.map((hash) => checked('caCertHash', 'CA hash', hash)),
      },
    },
    ...(input.kind === 'join-control-plane' ? { controlPlane: { localAPIEndpoint: localEndpoint(input) } } : {}),
    nodeRegistration: nodeRegistration(input),
    timeouts: timeouts(input.cluster.createTimeoutMinutes),
  };
}

function localEndpoint(input: BundleInput): object {
  return { advertiseAddress: '@@LOCAL_IP@@', bindPort: checkedPort('apiserver_port', input.apiPort) };
}

function nodeRegistration(input: BundleInput): object {
  const labels = Object.entries(nodeLabels(input.node.role, input.node.groupName, input.node.labels).atJoin);
  const own = (input.node.taints ?? []).map((taint) => ({
    key: checked('labelKey', 'node_taints', taint.key),
    ...(taint.value ? { value: checked('labelValue', `node_taints/${taint.key}`, taint.value) } : {}),
    effect: checked('taintEffect', `node_taints/${taint.key}`, taint.effect),
  }));
  return {
    name: checked('nodeName', 'node name', input.node.name),
    criSocket: CRI_SOCKET,
    imagePullPolicy: 'IfNotPresent',
    taints: input.node.role === 'master' ? [CONTROL_PLANE_TAINT, ...own] : own,
    kubeletExtraArgs: [
      ...(input.externalCloudProvider ? [{ name: 'cloud-provider', value: 'external' }] : []),
      { name: 'node-ip', value: '@@LOCAL_IP@@' },
      { name: 'node-labels', value: labels.map(([key, value]) => `${key}=${value}`).join(',') },
      { name: 'provider-id', value: 'openstack:///@@INSTANCE_ID@@' },
    ],
  };
}

/**
 * Of controller manager and scheduler: an API that stands still for half a minute (a slow disk, a busy host) must not end them
 * all, as it does by default after ten seconds; on a slow machine they then begin anew for ever. Another master's take over after a minute.
 */
const PATIENT_ELECTION: readonly Argument[] = [
  { name: 'leader-elect-lease-duration', value: '60s' },
  { name: 'leader-elect-renew-deadline', value: '40s' },
  { name: 'leader-elect-retry-period', value: '5s' },
];

function clusterConfiguration(input: BundleInput, plan: NetworkPlan, imageRepository: string): object {
  const { labels } = input.cluster;
  const quiet: Argument = { name: 'profiling', value: 'false' };
  const etcdVolume = labelInteger(labels, 'etcd_volume_size') > 0;
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    clusterName: checked('clusterName', 'cluster name', input.cluster.name),
    kubernetesVersion: checked('version', 'Kubernetes version', input.kubernetesVersion),
    controlPlaneEndpoint: controlPlaneEndpoint(input),
    imageRepository,
    certificatesDir: '/etc/kubernetes/pki',
    networking: { podSubnet: plan.podCidr, serviceSubnet: plan.serviceCidr, dnsDomain: plan.dnsDomain },
    apiServer: {
      certSANs: certificateNames(input),
      extraArgs: [quiet, ...apiServerArguments(labels), ...webhookArguments(input)],
      ...apiServerVolumes(input),
    },
    controllerManager: {
      extraArgs: [
        quiet,
        ...PATIENT_ELECTION,
        { name: 'cluster-signing-cert-file', value: SIGNING_CA_PATH },
        { name: 'node-cidr-mask-size', value: String(plan.nodeMask) },
        { name: 'flex-volume-plugin-dir', value: VOLUME_PLUGINS },
      ],
    },
    scheduler: { extraArgs: [quiet, ...PATIENT_ELECTION] },
    etcd: {
      local: {
        dataDir: etcdVolume ? '/var/lib/jeroboam-etcd/data' : '/var/lib/etcd',
        // Cloud disks are slow now and then: five times etcd's own patience, and twice its space.
        extraArgs: [
          { name: 'heartbeat-interval', value: '500' },
          { name: 'election-timeout', value: '5000' },
          { name: 'quota-backend-bytes', value: '4294967296' },
        ],
      },
    },
  };
}

/** Every address under which somebody may ask for the API. kubeadm adds the node's own and the first Service's. */
function certificateNames(input: BundleInput): string[] {
  const given = [...(input.apiHost === null ? [] : [input.apiHost]), ...input.apiAddresses].map((name) =>
    checked('host', 'API address', name),
  );
  return [...new Set([...given, '127.0.0.1', 'localhost', ...labelList(input.cluster.labels, 'api_server_cert_sans')])];
}

function apiServerArguments(labels: Readonly<Record<string, string>>): Argument[] {
  const list: Argument[] = [];
  const add = (name: string, value: string): void => {
    if (value !== '') list.push({ name, value });
  };
  const plugins = labelList(labels, 'admission_control_list');
  if (plugins.length > 0) add('enable-admission-plugins', [...new Set(['NodeRestriction', ...plugins])].join(','));
  add('tls-min-version', 'VersionTLS12');
  add('tls-cipher-suites', labelList(labels, 'api_server_tls_cipher_suites').join(','));
  if (labelText(labels, 'oidc_issuer_url') !== '') {
    for (const claim of ['issuer_url', 'client_id', 'username_claim', 'username_prefix', 'groups_claim', 'groups_prefix'])
      add(`oidc-${claim.replaceAll('_', '-')}`, labelText(labels, `oidc_${claim}`));
  }
  if (labelSwitch(labels, 'audit_log_enabled')) {
    add('audit-policy-file', AUDIT_POLICY_PATH);
    add('audit-log-path', '/var/log/kubernetes/audit/audit.log');
    add('audit-log-maxage', labelText(labels, 'audit_log_max_age'));
    add('audit-log-maxbackup', labelText(labels, 'audit_log_max_backup'));
    add('audit-log-maxsize', labelText(labels, 'audit_log_max_size'));
  }
  return list;
}

function webhookArguments({ keystoneAuth = false }: BundleInput): Argument[] {
  return keystoneAuth ? [{ name: 'authentication-token-webhook-config-file', value: KEYSTONE_WEBHOOK_PATH }] : [];
}

function apiServerVolumes({ cluster, keystoneAuth = false }: BundleInput): object {
  const mount = (name: string, path: string, readOnly: boolean): object => ({
    name,
    hostPath: path,
    mountPath: path,
    readOnly,
    pathType: 'DirectoryOrCreate',
  });
  const extraVolumes = [
    ...(labelSwitch(cluster.labels, 'audit_log_enabled')
      ? [mount('audit-policy', '/etc/kubernetes/audit', true), mount('audit-log', '/var/log/kubernetes/audit', false)]
      : []),
    ...(keystoneAuth ? [mount('keystone-webhook', KEYSTONE_WEBHOOK_DIR, true)] : []),
  ];
  return extraVolumes.length > 0 ? { extraVolumes } : {};
}

function kubeletConfiguration(input: BundleInput, plan: NetworkPlan): object {
  const suites = labelList(input.cluster.labels, 'kubelet_tls_cipher_suites');
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'systemd',
    clusterDNS: [plan.dnsServiceIp],
    clusterDomain: plan.dnsDomain,
    maxPods: plan.maxPods,
    protectKernelDefaults: true,
    readOnlyPort: 0,
    rotateCertificates: true,
    serializeImagePulls: false,
    maxParallelImagePulls: 5,
    tlsMinVersion: 'VersionTLS12',
    volumePluginDir: VOLUME_PLUGINS,
    ...(suites.length > 0 ? { tlsCipherSuites: suites } : {}),
  };
}

/** nftables: stable since Kubernetes 1.33; the images we take (Ubuntu 24.04, Debian 12 and later) have the kernel for it. */
function kubeProxyConfiguration(): object {
  return { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', mode: 'nftables' };
}

/** kubeadm's own patience, in proportion to how long the whole create may take. Measured: its defaults are too short on slow machines. */
function timeouts(createTimeoutMinutes: number): Record<string, string> {
  const minutes = createTimeoutMinutes > 0 ? createTimeoutMinutes : 60;
  const share = (part: number, least: number, most: number): string =>
    `${Math.round(Math.min(most, Math.max(least, minutes / part)))}m0s`;
  return {
    controlPlaneComponentHealthCheck: share(6, 4, 30),
    kubeletHealthCheck: share(6, 4, 30),
    // kubeadm's first call waits by this for the API server to start.
    kubernetesAPICall: share(6, 4, 30),
    etcdAPICall: share(12, 2, 15),
    tlsBootstrap: share(6, 5, 30),
    discovery: share(4, 5, 30),
    upgradeManifests: share(6, 5, 30),
  };
}
