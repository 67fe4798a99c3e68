import { DISTROS } from './distros.js';
import { InvalidInput } from './errors.js';

export interface ClusterType {
  readonly serverType: string;
  readonly distro: string;
  readonly coe: string;
}

/** Who builds what. `distro` is the image's `os_distro`. A driver is added here and in libs/drivers. */
export const CLUSTER_TYPES: readonly (ClusterType & { readonly driver: string })[] = DISTROS.map(({ name }) => ({
  serverType: 'vm',
  distro: name,
  coe: 'kubernetes',
  driver: 'k8s_kubeadm',
}));

/** What a driver can do with a cluster that is there. */
export interface DriverFeatures {
  readonly upgrade: boolean;
  readonly rotateCa: boolean;
  readonly resizeMasters: boolean;
  /** Nodes that are unwell make room for new ones. */
  readonly repair: boolean;
}

/** By the driver's name. The API refuses what is not there before anything changes. */
export const DRIVER_FEATURES: Readonly<Record<string, DriverFeatures>> = {
  k8s_kubeadm: { upgrade: true, rotateCa: true, resizeMasters: false, repair: true },
};

export const DRIVER_NAMES: readonly string[] = [...new Set(CLUSTER_TYPES.map((type) => type.driver))].sort();

/**
 * The driver for a type. With `asked` only that driver will do.
 * @throws InvalidInput 'unknown-driver' nobody has that name; 'unsupported-cluster-type' it does not build such clusters
 */
export function driverFor(type: ClusterType, asked?: string | null): string {
  if (asked && !DRIVER_NAMES.includes(asked)) {
    throw new InvalidInput('unknown-driver', `Cluster driver (${asked}) not supported.`, { driver: asked });
  }
  const found = CLUSTER_TYPES.find(
    (one) =>
      one.serverType === type.serverType &&
      one.distro === type.distro &&
      one.coe === type.coe &&
      (!asked || one.driver === asked),
  );
  if (found) return found.driver;
  throw new InvalidInput(
    'unsupported-cluster-type',
    `Cluster type (${type.serverType}, ${type.distro}, ${type.coe}) not supported.`,
    { ...type },
  );
}
