import { LABELS } from '#libs/domain';
import type { BundleInput, UserDataInput } from '../src/types.js';
import { bundleInput, userDataInput } from './inputs.js';

export type Place = (value: string) => BundleInput;

const cluster = (part: Partial<BundleInput['cluster']>): BundleInput => bundleInput({ cluster: part });
const worker = (part: Partial<BundleInput['node']>): BundleInput => bundleInput({ kind: 'join-worker', node: part });
/** Labels that only mean something together with others, or on a stock image. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...Object.fromEntries(
    ['client_id', 'username_claim', 'username_prefix', 'groups_claim', 'groups_prefix'].map((name) => [
      `oidc_${name}`,
      { oidc_issuer_url: 'https://id.example' },
    ]),
  ),
  ...Object.fromEntries(
    ['kube_tarball', 'cni_tarball', 'containerd_tarball'].flatMap((name) => [
      [`${name}_url`, { [`${name}_sha256`]: 'a'.repeat(64) }],
      [`${name}_sha256`, { [`${name}_url`]: 'https://mirror.example/a' }],
    ]),
  ),
  ...Object.fromEntries(['age', 'backup', 'size'].map((name) => [`audit_log_max_${name}`, { audit_log_enabled: 'true' }])),
};

const archive = { url: 'https://mirror.example/a', sha256: 'a'.repeat(64) };
const label = (name: string, value: string): BundleInput =>
  bundleInput({
    ...(name.includes('tarball') ? { imageProperties: { os_distro: 'flatcar' } } : {}),
    mirrors: { binaries: { 'v1.36.4': { kubernetes: archive, cni: archive } } },
    cluster: { labels: { ...NEEDS[name], [name]: value } },
  });

/** Every field of a node's bundle that comes from a user: of cluster, template, node group, image. */
export const USER_PLACES: Readonly<Record<string, Place>> = {
  'cluster name': (name) => cluster({ name }),
  http_proxy: (httpProxy) => cluster({ httpProxy }),
  https_proxy: (httpsProxy) => cluster({ httpsProxy }),
  'https_proxy password': (text) => cluster({ httpsProxy: `http://u:${text}@h` }),
  no_proxy: (noProxy) => cluster({ httpProxy: 'http://proxy', noProxy }),
  insecure_registry: (insecureRegistry) => cluster({ insecureRegistry }),
  network_driver: (networkDriver) => bundleInput({ kind: 'join-worker', cluster: { networkDriver } }),
  'node name': (name) => worker({ name }),
  'group name': (groupName) => worker({ groupName }),
  'node label key': (key) => worker({ labels: { [key]: 'x' } }),
  'node label value': (value) => worker({ labels: { key: value } }),
  'taint key': (key) => worker({ taints: [{ key, effect: 'NoSchedule' }] }),
  'taint value': (value) => worker({ taints: [{ key: 'a', value, effect: 'NoSchedule' }] }),
  'taint effect': (effect) => worker({ taints: [{ key: 'a', effect: effect as 'NoSchedule' }] }),
  kube_version: (kube_version) => bundleInput({ imageProperties: { kube_version } }),
  os_distro: (os_distro) => bundleInput({ kind: 'join-worker', imageProperties: { os_distro } }),
  'Kubernetes version': (kubernetesVersion) => bundleInput({ kubernetesVersion }),
  'API host': (apiHost) => bundleInput({ apiHost }),
  'API address': (address) => bundleInput({ apiAddresses: [address] }),
  'node subnet': (nodeCidr) => bundleInput({ nodeCidr }),
  ...Object.fromEntries(LABELS.map(({ name }): [string, Place] => [`label ${name}`, (value) => label(name, value)])),
};

/** What the operator writes: no stranger, but a slip of his must not run either. */
export const OPERATOR_PLACES: Readonly<Record<string, Place>> = {
  'package mirror': (kubernetesPackages) =>
    bundleInput({ imageProperties: { os_distro: 'debian' }, mirrors: { kubernetesPackages } }),
  'package key': (kubernetesPackagesKeySha256) =>
    bundleInput({ kind: 'join-worker', imageProperties: { os_distro: 'debian' }, mirrors: { kubernetesPackagesKeySha256 } }),
  'image repository': (imageRepository) => bundleInput({ mirrors: { imageRepository } }),
  'registry host': (host) => bundleInput({ mirrors: { registries: { [host]: 'https://mirror.example' } } }),
  'registry mirror': (url) => bundleInput({ mirrors: { registries: { 'docker.io': url } } }),
  'archive URL': (url) =>
    bundleInput({
      imageProperties: { os_distro: 'fedora-coreos' },
      mirrors: { binaries: { 'v1.36.4': { kubernetes: { ...archive, url }, cni: archive } } },
    }),
  'trusted authorities': (trustedPem) => bundleInput({ trustedPem }),
  'time server': (server) => bundleInput({ timeServers: [server] }),
};

/** What goes into user data. */
export const USER_DATA_PLACES: Readonly<Record<string, (value: string) => UserDataInput>> = {
  'node name': (name) => ({ ...userDataInput(), name }),
  'bootstrap endpoint': (endpoint) => ({ ...userDataInput(), endpoint }),
  distro: (distro) => ({ ...userDataInput(), distro }),
};
