import type { Labels } from '#libs/domain';
import type { Manifest } from './manifest.js';

export const ADDON_NAMES = [
  'flannel',
  'calico',
  'cilium',
  'openstack-cloud-controller-manager',
  'coredns',
  'cinder-csi',
  'metrics-server',
  'cluster-autoscaler',
  'keystone-auth',
  'node-problem-detector',
  'dashboard',
] as const;
export type AddonName = (typeof ADDON_NAMES)[number];

export const ADDON_CATEGORIES = ['network', 'cloud-provider', 'dns', 'storage', 'metrics', 'scaling', 'access', 'nodes'] as const;
export type AddonCategory = (typeof ADDON_CATEGORIES)[number];

/** What a cluster tells its add-ons; nothing of it is secret. */
export interface AddonInput {
  readonly clusterUuid: string;
  /** `v1.36.4` */
  readonly kubernetesVersion: string;
  readonly podCidr: string;
  readonly dnsServiceIp: string;
  /** Label container_infra_prefix; empty: each image from its own registry. */
  readonly imagePrefix: string;
  readonly masterCount: number;
  readonly labels: Labels;
  /** Keystone, as pods reach it. */
  readonly authUrl: string;
  /** Changes with the cluster's credential: pods that act in the cloud are made anew then. */
  readonly credential: string;
  /** Whether Keystone's authority is in Secret cloud-config, key `ca.pem`. */
  readonly ownCloudAuthority: boolean;
}

/** The image `registry/path/name:tag` of the version, from where the cluster gets its images. */
export type Images = (part: string) => string;

export interface AddonDefinition {
  readonly name: AddonName;
  readonly title: string;
  readonly description: string;
  readonly category: AddonCategory;
  /** Without it the cluster is of no use: its failure is the cluster's, and nobody switches it off. */
  readonly required: boolean;
  /** Magnum's switch, and what it is where it is not given. `by-driver`: the template's drivers say. */
  readonly label: string | null;
  readonly enabledByDefault: boolean | 'by-driver';
  /** Magnum's label that names its version. */
  readonly tagLabel: string | null;
  /** Pure: the same version and input give the same objects. */
  render(input: AddonInput, images: Images, version: string): Manifest[];
}
