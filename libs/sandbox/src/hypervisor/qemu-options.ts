/** `npm start -- --hypervisor qemu`: what the sandbox's servers run on. */
export interface QemuOptions {
  /** Disk images by the names that Glance shows. */
  readonly images: readonly QemuImage[];
  /** MiB that all machines together may have; three quarters of this computer's unless told. */
  readonly memoryMib?: number | undefined;
  /** CPUs that all machines together may have; four for each of this computer's unless told. */
  readonly cpus?: number | undefined;
  /** `auto`: KVM where it can be used, else emulation. */
  readonly accelerator?: 'auto' | 'kvm' | 'tcg' | undefined;
}

export interface QemuImage {
  readonly name: string;
  /** A qcow2 or raw disk. It is never written to. */
  readonly path: string;
  /** Glance's: os_distro, kube_version, ... */
  readonly properties: Readonly<Record<string, string>>;
}
