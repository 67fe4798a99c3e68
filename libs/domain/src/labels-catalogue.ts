import { isIpv4, parseCidr } from './cidr.js';
import { InvalidInput } from './errors.js';
import { isLabelOn, type Labels } from './labels.js';
import { STACK_BACKENDS } from './stack-backends.js';

/** How a label's text is read. Every kind is an allow-list: what does not match is refused before it reaches a file. */
export type LabelKind =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'cidr' }
  | { readonly kind: 'cidr-list' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  /** `what` completes "expecting ...". The pattern is anchored by whoever writes it. */
  | { readonly kind: 'text'; readonly pattern: RegExp; readonly what: string }
  | { readonly kind: 'list'; readonly pattern: RegExp; readonly what: string };

export interface LabelDefinition {
  readonly name: string;
  /** Text as a user would give it; empty: off, or the cloud's own default. */
  readonly default: string;
  readonly format: LabelKind;
  readonly meaning: string;
}

const TAG: LabelKind = { kind: 'text', pattern: /^v\d{1,3}\.\d{1,3}\.\d{1,3}$/, what: 'a version such as v1.36.4' };
const ZONE: LabelKind = { kind: 'text', pattern: /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$/, what: 'a zone name without blanks' };
const VOLUME_TYPE: LabelKind = { kind: 'text', pattern: /^[A-Za-z0-9][A-Za-z0-9 _.-]{0,253}$/, what: 'a volume type' };
const SIZE: LabelKind = { kind: 'integer', min: 0, max: 65536 };
const COUNT: LabelKind = { kind: 'integer', min: 0, max: 10_000 };
const SWITCH: LabelKind = { kind: 'boolean' };
const CIPHERS: LabelKind = { kind: 'list', pattern: /^TLS_[A-Z0-9_]{3,60}$/, what: 'TLS cipher suites' };
const WORD: LabelKind = { kind: 'text', pattern: /^(-|[A-Za-z0-9][A-Za-z0-9_.:@-]{0,252})$/, what: 'a word' };
const URL_TEXT: LabelKind = {
  kind: 'text',
  pattern: /^(?!.*\.\.)https:\/\/[A-Za-z0-9._~:/?#@!&=%+-]{1,240}$/,
  what: 'an https URL',
};
const SHA256: LabelKind = { kind: 'text', pattern: /^[0-9a-f]{64}$/, what: '64 hexadecimal digits' };
const IMAGE_TAG: LabelKind = { kind: 'text', pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, what: 'a version' };
const days = (max: number): LabelKind => ({ kind: 'integer', min: 1, max });

const define = (name: string, fallback: string, format: LabelKind, meaning: string): LabelDefinition => ({
  name,
  default: fallback,
  format,
  meaning,
});

/** The labels that change what is built. Names and meanings are Magnum's; reference magnum-api.md section 10. */
export const LABELS: readonly LabelDefinition[] = [
  define('kube_tag', '', TAG, 'Kubernetes version; must agree with the image when that has kube_version'),
  define(
    'container_infra_prefix',
    '',
    { kind: 'text', pattern: /^(?!.*\.\.)[a-z0-9][a-z0-9._:/-]{0,200}$/, what: 'a registry prefix' },
    'registry and path of all infrastructure images',
  ),
  define(
    'containerd_version',
    '',
    { kind: 'text', pattern: /^\d{1,3}\.\d{1,3}\.\d{1,3}$/, what: 'a version such as 2.3.4' },
    'containerd of the tarball, on stock images',
  ),
  define('containerd_tarball_url', '', URL_TEXT, 'where a stock image gets containerd instead of from its distribution'),
  define('containerd_tarball_sha256', '', SHA256, 'digest of that tarball; needed with the URL'),
  define(
    'kube_tarball_url',
    '',
    URL_TEXT,
    'where a stock image without packages (Flatcar, Fedora CoreOS) gets kubeadm and kubelet',
  ),
  define('kube_tarball_sha256', '', SHA256, 'digest of that archive; needed with the URL'),
  define('cni_tarball_url', '', URL_TEXT, 'where such an image gets the CNI plugins'),
  define('cni_tarball_sha256', '', SHA256, 'digest of that archive; needed with the URL'),
  define('fixed_subnet_cidr', '10.0.0.0/24', { kind: 'cidr' }, 'range of the node network when none is given'),
  define('flannel_network_cidr', '10.100.0.0/16', { kind: 'cidr' }, 'pod range with network_driver flannel'),
  define(
    'flannel_network_subnetlen',
    '24',
    { kind: 'integer', min: 16, max: 28 },
    'prefix length of each node’s share of the pod range',
  ),
  define('calico_ipv4pool', '10.100.0.0/16', { kind: 'cidr' }, 'pod range with network_driver calico'),
  define('cilium_ipv4pool', '10.100.0.0/16', { kind: 'cidr' }, 'pod range with network_driver cilium'),
  define('service_cluster_ip_range', '10.254.0.0/16', { kind: 'cidr' }, 'range of Services'),
  define(
    'dns_cluster_domain',
    'cluster.local',
    {
      kind: 'text',
      pattern: /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
      what: 'a lower-case DNS domain',
    },
    'DNS domain inside the cluster',
  ),
  define('master_lb_floating_ip_enabled', '', SWITCH, 'floating IP of the API load balancer; default: as floating_ip_enabled'),
  define('master_lb_allowed_cidrs', '', { kind: 'cidr-list' }, 'who may reach the API; empty: everybody'),
  define('api_master_lb_allowed_cidrs', '', { kind: 'cidr-list' }, 'the same, as the Cluster API driver spells it'),
  define(
    'api_server_cert_sans',
    '',
    { kind: 'list', pattern: /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, what: 'DNS names or IPv4 addresses' },
    'further names in the certificate of the API',
  ),
  define(
    'octavia_provider',
    'amphora',
    { kind: 'text', pattern: /^[a-z][a-z0-9_-]{0,62}$/, what: 'a provider such as amphora or ovn' },
    'Octavia provider',
  ),
  define(
    'octavia_lb_algorithm',
    '',
    { kind: 'enum', values: ['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP', 'SOURCE_IP_PORT'] },
    'default: ROUND_ROBIN; ovn takes SOURCE_IP_PORT only',
  ),
  define('octavia_lb_healthcheck', 'true', SWITCH, 'health monitor of the API load balancer'),
  define('boot_volume_size', '0', SIZE, 'GiB of the boot volume; 0: the flavor’s disk'),
  define('boot_volume_type', '', VOLUME_TYPE, 'its Cinder volume type'),
  define('boot_volume_availability_zone', '', ZONE, 'its Cinder zone'),
  define('docker_volume_type', '', VOLUME_TYPE, 'volume type for docker_volume_size'),
  define('etcd_volume_size', '0', SIZE, 'GiB of a volume of its own for etcd; 0: none'),
  define('etcd_volume_type', '', VOLUME_TYPE, 'its Cinder volume type'),
  define('availability_zone', '', ZONE, 'Nova zone of all nodes'),
  define(
    'control_plane_availability_zones',
    '',
    { kind: 'list', pattern: /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$/, what: 'zone names' },
    'Nova zones of the masters, taken in turn',
  ),
  define(
    'server_group_policies',
    'soft-anti-affinity',
    { kind: 'enum', values: ['affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity'] },
    'how Nova spreads the nodes',
  ),
  define(
    'stack_backend',
    '',
    { kind: 'enum', values: STACK_BACKENDS },
    'who builds the cluster’s stacks: native (Jeroboam) or heat (the cloud’s Heat); default: as the operator has set',
  ),
  define('auto_healing_enabled', 'false', SWITCH, 'nodes that are lost, and what they stand on, are repaired by themselves'),
  define('cni_enabled', 'true', SWITCH, 'the pod network of network_driver; false: the user brings his own'),
  define('cloud_provider_enabled', 'true', SWITCH, 'OpenStack cloud controller manager'),
  define('cinder_csi_enabled', '', SWITCH, 'Cinder CSI; default: with volume_driver cinder'),
  define('metrics_server_enabled', 'true', SWITCH, 'metrics server'),
  define('auto_scaling_enabled', 'false', SWITCH, 'cluster autoscaler'),
  define('min_node_count', '0', COUNT, 'lower limit of the default workers'),
  define(
    'max_node_count',
    '',
    COUNT,
    'upper limit of the default workers for the cluster autoscaler; default: what the groups say',
  ),
  define('keystone_auth_enabled', 'true', SWITCH, 'Keystone tokens are good for the cluster’s API'),
  define('npd_enabled', 'true', SWITCH, 'node problem detector'),
  define('kube_dashboard_enabled', 'false', SWITCH, 'Kubernetes dashboard'),
  define('flannel_tag', '', IMAGE_TAG, 'version of Flannel; one that is not in the catalogue is not taken'),
  define('calico_tag', '', IMAGE_TAG, 'the same for Calico'),
  define('cilium_tag', '', IMAGE_TAG, 'the same for Cilium'),
  define('coredns_tag', '', IMAGE_TAG, 'the same for CoreDNS'),
  define('cloud_provider_tag', '', IMAGE_TAG, 'the same for the cloud controller manager'),
  define('cinder_csi_plugin_tag', '', IMAGE_TAG, 'the same for Cinder CSI'),
  define('autoscaler_tag', '', IMAGE_TAG, 'the same for the cluster autoscaler'),
  define('k8s_keystone_auth_tag', '', IMAGE_TAG, 'the same for the Keystone webhook'),
  define('node_problem_detector_tag', '', IMAGE_TAG, 'the same for the node problem detector'),
  define('kube_dashboard_version', '', IMAGE_TAG, 'the same for the dashboard'),
  define(
    'auto_healing_controller',
    '',
    WORD,
    'who heals; magnum-auto-healer: what it reports is kept, and nothing is looked at or repaired from here',
  ),
  define(
    'auto_healing_not_ready_seconds',
    '0',
    { kind: 'integer', min: 0, max: 604_800 },
    'how long a node may be NotReady before it is replaced; 0: as the operator has set',
  ),
  define('audit_log_enabled', 'false', SWITCH, 'audit log of the API server'),
  define('audit_log_max_age', '30', days(3650), 'days'),
  define('audit_log_max_backup', '10', days(1000), 'files'),
  define('audit_log_max_size', '100', days(10000), 'MB'),
  define(
    'admission_control_list',
    '',
    { kind: 'list', pattern: /^[A-Z][A-Za-z]{2,60}$/, what: 'admission plugins' },
    'admission plugins besides NodeRestriction',
  ),
  define('api_server_tls_cipher_suites', '', CIPHERS, 'default: those of the Go release'),
  define('kubelet_tls_cipher_suites', '', CIPHERS, 'the same for the kubelet'),
  define('oidc_issuer_url', '', URL_TEXT, 'OpenID Connect issuer for users'),
  define('oidc_client_id', '', WORD, 'its client id'),
  define('oidc_username_claim', 'sub', WORD, 'claim that names the user'),
  define('oidc_username_prefix', '-', WORD, '- for none'),
  define('oidc_groups_claim', '', WORD, 'claim that lists groups'),
  define('oidc_groups_prefix', '', WORD, 'prefix of groups'),
];

export const LABEL_DEFINITIONS: ReadonlyMap<string, LabelDefinition> = new Map(LABELS.map((label) => [label.name, label]));

/** Names in Magnum's drivers that we know and that change nothing here (yet): kept, reported, not read. */
const INERT =
  /^(hyperkube_prefix|kube_image_digest|.+_tag|use_podman|selinux_mode|container_runtime|cgroup_driver|flannel_backend|calico_ipv4pool_ipip|ingress_controller(_role)?|manila_csi_.+|cert_manager_api|kube(let|api|controller|scheduler|proxy)_options|metrics_server_chart_tag|heapster_enabled|influx_grafana_dashboard_enabled|prometheus_.+|grafana_.+|monitoring_.+|cluster_basic_auth_secret|cluster_root_domain_name|helm_client_.+|auto_healing_.+|csi_.+|cilium_hubble_ui_enabled|extra_network_names?|etcd_blockdevice_.+|different_failure_domain|api_server_floating_ip|capi_helm_chart_version)$/;

export interface LabelReport {
  /** Known to Magnum's drivers, without effect here. */
  readonly ignored: string[];
  /** Known to nobody. Kept: people use labels for their own notes. */
  readonly unknown: string[];
}

/**
 * Checks the value of every label that has an effect, and says which have none.
 * @throws InvalidInput 'invalid-label' naming the label and what is expected
 */
export function checkLabels(labels: Labels): LabelReport {
  const report: LabelReport = { ignored: [], unknown: [] };
  for (const name of Object.keys(labels)) {
    const definition = LABEL_DEFINITIONS.get(name);
    if (definition) checkLabel(definition, labels[name] ?? '');
    else (INERT.test(name) ? report.ignored : report.unknown).push(name);
  }
  return report;
}

/** A label's checked text: the given one, else the default. An empty value is as good as none. */
export function labelText(labels: Labels, name: string): string {
  const definition = defined(name);
  const given = own(labels, name);
  return given === '' ? definition.default : checkLabel(definition, given);
}
export function labelInteger(labels: Labels, name: string): number {
  return Number(labelText(labels, name));
}
export function labelList(labels: Labels, name: string): string[] {
  return items(labelText(labels, name));
}
/** `fallback` serves labels without a default of their own. */
export function labelSwitch(labels: Labels, name: string, fallback = false): boolean {
  const text = labelText(labels, name);
  return text === '' ? fallback : isLabelOn({ [name]: text }, name);
}

function own(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

function defined(name: string): LabelDefinition {
  const definition = LABEL_DEFINITIONS.get(name);
  if (!definition) throw new Error(`label ${name} is not in the catalogue`);
  return definition;
}

function checkLabel(definition: LabelDefinition, value: string): string {
  if (value === '') return value;
  const expected = mismatch(definition.format, value);
  if (expected === null) return value;
  throw new InvalidInput(
    'invalid-label',
    `Label ${definition.name} has the value ${JSON.stringify(value.slice(0, 80))}, expecting ${expected}.`,
    { field: `labels/${definition.name}` },
  );
}

/** What was expected, or null when the value is good. */
function mismatch(format: LabelKind, value: string): string | null {
  switch (format.kind) {
    case 'boolean':
      return /^(true|false|1|0|yes|no|on|off|t|f|y|n)$/i.test(value) ? null : 'a boolean';
    case 'integer': {
      const good = /^\d{1,9}$/.test(value) && Number(value) >= format.min && Number(value) <= format.max;
      return good ? null : `an integer between ${format.min} and ${format.max}`;
    }
    case 'cidr':
      return parseCidr(value) ? null : 'an IPv4 range such as 10.0.0.0/24, with no bits set behind the prefix';
    case 'cidr-list':
      return items(value).every((item) => parseCidr(item) ?? isIpv4(item)) ? null : 'a comma list of IPv4 ranges';
    case 'enum':
      return format.values.includes(value) ? null : `one of ${format.values.join(', ')}`;
    case 'text':
      return format.pattern.test(value) ? null : format.what;
    case 'list':
      return items(value).every((item) => format.pattern.test(item)) ? null : `a comma list of ${format.what}`;
  }
}

function items(text: string): string[] {
  return text === ''
    ? []
    : text
        .split(',')
        .map((item) => item.replaceAll(/^ +| +$/g, ''))
        .filter((item) => item !== '');
}
