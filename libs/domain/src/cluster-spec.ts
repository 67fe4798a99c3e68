import { InvalidInput } from './errors.js';
import { inheritLabels, type Labels } from './labels.js';
import type { NodeRole } from './status.js';

/** What a cluster takes from its template. */
export interface TemplateDefaults {
  readonly uuid: string;
  readonly imageId: string;
  readonly keypairId: string | null;
  readonly labels: Labels;
  readonly dockerVolumeSize: number | null;
  readonly masterFlavorId: string | null;
  readonly flavorId: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly floatingIpEnabled: boolean;
  readonly masterLbEnabled: boolean;
}

/** What the user asked for; null where he said nothing. */
export interface ClusterRequest {
  readonly name: string | null;
  readonly keypair: string | null;
  readonly nodeCount: number;
  readonly masterCount: number;
  readonly dockerVolumeSize: number | null;
  readonly labels: Labels | null;
  readonly mergeLabels: boolean;
  readonly masterFlavorId: string | null;
  readonly flavorId: string | null;
  readonly createTimeout: number | null;
  readonly discoveryUrl: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly floatingIpEnabled: boolean | null;
  readonly masterLbEnabled: boolean | null;
}

/** The cluster as it is stored: every value copied from the template is frozen here. */
export interface ClusterSpecification {
  readonly clusterTemplateUuid: string;
  readonly keypair: string | null;
  readonly dockerVolumeSize: number | null;
  readonly labels: Record<string, string>;
  readonly masterFlavorId: string | null;
  readonly flavorId: string | null;
  readonly createTimeout: number;
  readonly discoveryUrl: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly floatingIpEnabled: boolean;
  readonly masterLbEnabled: boolean;
}

export const DEFAULT_CREATE_TIMEOUT_MINUTES = 60;

/** Template and request become one. Empty texts count as not said. Reference section 8.3. */
export function resolveCluster(template: TemplateDefaults, request: ClusterRequest): ClusterSpecification {
  return {
    clusterTemplateUuid: template.uuid,
    keypair: request.keypair ?? template.keypairId,
    dockerVolumeSize: request.dockerVolumeSize ?? template.dockerVolumeSize,
    labels: inheritLabels(template.labels, request.labels, request.mergeLabels),
    masterFlavorId: request.masterFlavorId || template.masterFlavorId,
    flavorId: request.flavorId || template.flavorId,
    createTimeout: request.createTimeout ?? DEFAULT_CREATE_TIMEOUT_MINUTES,
    discoveryUrl: request.discoveryUrl,
    fixedNetwork: request.fixedNetwork || template.fixedNetwork,
    fixedSubnet: request.fixedSubnet || template.fixedSubnet,
    floatingIpEnabled: request.floatingIpEnabled ?? template.floatingIpEnabled,
    masterLbEnabled: request.masterLbEnabled ?? template.masterLbEnabled,
  };
}

export interface DefaultNodeGroup {
  readonly name: string;
  readonly role: NodeRole;
  readonly nodeCount: number;
  readonly minNodeCount: number;
  readonly flavorId: string | null;
  readonly imageId: string;
  readonly labels: Record<string, string>;
  readonly dockerVolumeSize: number | null;
}

/** The two groups every cluster begins with. `max_node_count` has no default, whatever the labels say. */
export function defaultNodeGroups(
  spec: ClusterSpecification,
  imageId: string,
  counts: { readonly nodeCount: number; readonly masterCount: number },
): readonly [DefaultNodeGroup, DefaultNodeGroup] {
  const common = { imageId, labels: spec.labels, dockerVolumeSize: spec.dockerVolumeSize };
  return [
    {
      ...common,
      name: 'default-master',
      role: 'master',
      nodeCount: counts.masterCount,
      minNodeCount: 0,
      flavorId: spec.masterFlavorId ?? spec.flavorId,
    },
    {
      ...common,
      name: 'default-worker',
      role: 'worker',
      nodeCount: counts.nodeCount,
      minNodeCount: wholeNumberLabel(spec.labels, 'min_node_count'),
      flavorId: spec.flavorId,
    },
  ];
}

/** @throws InvalidInput etcd has no majority with an even number of members */
export function assertOddMasters(masterCount: number): void {
  if (masterCount % 2 === 1) return;
  throw new InvalidInput(
    'even-master-count',
    `master nodegroup size of ${masterCount} is invalid, size cannot be an even number.`,
    { field: 'master_count', value: masterCount },
  );
}

/** @throws InvalidInput several masters have one address only behind a load balancer */
export function assertMastersReachable(masterCount: number, masterLbEnabled: boolean): void {
  if (masterCount === 1 || masterLbEnabled) return;
  throw new InvalidInput('masters-without-load-balancer', 'master_count must be 1 when master_lb_enabled is False', {
    field: 'master_count',
    value: masterCount,
  });
}

/** @throws InvalidInput devicemapper needs a volume of 3 GB */
export function assertDockerVolume(storageDriver: string | null, sizeGb: number | null): void {
  if (storageDriver !== 'devicemapper' || (sizeGb !== null && sizeGb >= 3)) return;
  throw new InvalidInput(
    'docker-volume-too-small',
    `docker volume size ${sizeGb ?? 'None'} GB is not valid, expecting minimum value 3GB for devicemapper storage driver.`,
    { field: 'docker_volume_size', value: sizeGb },
  );
}

/**
 * Size of the nodes' root volume in GB; 0: they boot from the flavor's disk.
 * @throws InvalidInput the label is not a number
 */
export function bootVolumeSizeGb(labels: Labels, fallback: number): number {
  const label = labels['boot_volume_size'];
  if (label === undefined || label === '') return fallback;
  if (/^\d{1,9}$/.test(label)) return Number(label);
  throw new InvalidInput(
    'invalid-label',
    `Invalid input for field/attribute labels. Value: '${label}'. Label boot_volume_size should be a whole number.`,
    { field: 'labels', label: 'boot_volume_size' },
  );
}

function wholeNumberLabel(labels: Labels, name: string): number {
  const label = labels[name];
  return label !== undefined && /^\d{1,9}$/.test(label) ? Number(label) : 0;
}
