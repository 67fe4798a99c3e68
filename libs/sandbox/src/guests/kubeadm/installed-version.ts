import type { SimulatedDisk } from '../simulated-disk.js';

const PATH = '/usr/share/simulated/kubernetes-version';

/** What the step `prepare` found or put on the machine: the version of its kubeadm and kubelet. */
export function installVersion(disk: SimulatedDisk, version: string): void {
  disk.write(PATH, version);
}

/** Undefined on machines that were not prepared. */
export function installedVersion(disk: SimulatedDisk): string | undefined {
  return disk.text(PATH);
}
