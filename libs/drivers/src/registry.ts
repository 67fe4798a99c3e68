import { CLUSTER_TYPES, driverFor as driverNameFor, type ClusterType } from '#libs/domain';
import { k8sKubeadm } from './k8s-kubeadm/index.js';
import type { Driver } from './types.js';

const DRIVERS: readonly Driver[] = [k8sKubeadm];

/** What #libs/domain promises and what is here must be the same, or the process does not start. */
for (const type of CLUSTER_TYPES) {
  const driver = DRIVERS.find((one) => one.name === type.driver);
  const builds = driver?.supports.some(
    (one) => one.serverType === type.serverType && one.distro === type.distro && one.coe === type.coe,
  );
  if (!builds) throw new Error(`no driver ${type.driver} for (${type.serverType}, ${type.distro}, ${type.coe})`);
}

/**
 * The driver for a cluster type; with `asked` only that one will do.
 * @throws InvalidInput 'unknown-driver', 'unsupported-cluster-type'
 */
export function driverFor(type: ClusterType, asked?: string | null): Driver {
  const name = driverNameFor(type, asked);
  const driver = DRIVERS.find((one) => one.name === name);
  if (!driver) throw new Error(`no driver ${name}`);
  return driver;
}

/** The driver of that name, as an operation has written it down; undefined: this process has none such. */
export function driverNamed(name: string): Driver | undefined {
  return DRIVERS.find((one) => one.name === name);
}
