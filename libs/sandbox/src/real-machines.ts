import type { Nova } from './compute/nova.js';
import type { CloudView } from './guests/cloud-view.js';
import { QemuHypervisor } from './hypervisor/qemu-hypervisor.js';
import type { QemuImage, QemuOptions } from './hypervisor/qemu-options.js';
import type { DiskImage } from './hypervisor/tools.js';
import type { Identity } from './identity/identity.js';
import type { Glance } from './image/glance.js';
import type { Octavia } from './load-balancer/octavia.js';
import type { Neutron } from './network/neutron.js';
import type { SandboxOptions } from './options.js';
import { StoreHardwareView } from './store-hardware-view.js';

export interface CloudParts {
  readonly nova: Nova;
  readonly neutron: Neutron;
  readonly octavia: Octavia;
  readonly view: CloudView;
}

/** The hypervisor of a sandbox whose servers are real machines. @throws Error that says what is missing for it */
export function realMachines(
  options: SandboxOptions,
  qemu: QemuOptions,
  publicCidr: string,
  { nova, neutron, octavia, view }: CloudParts,
): QemuHypervisor {
  const surroundings = {
    dir: options.dir,
    publicCidr,
    failed: (id: string, reason: string) => nova.cloud.store.unit(() => nova.break(id, reason)),
    stopped: (id: string) => nova.cloud.store.unit(() => nova.setStatus(id, 'SHUTOFF')),
    log: (line: string) => options.log?.(line),
  };
  const hypervisor = new QemuHypervisor(view, new StoreHardwareView(nova, neutron, octavia), surroundings, qemu);
  nova.capacity = hypervisor.capacity;
  return hypervisor;
}

/** Makes Glance show the disks that were named, with the properties that were; in a unit. */
export function seedMachineImages(
  glance: Glance,
  identity: Identity,
  wanted: readonly QemuImage[],
  disks: ReadonlyMap<string, DiskImage>,
): void {
  for (const { name, properties } of wanted) {
    const bytes = disks.get(name)?.bytes ?? 0;
    const more = { min_disk: Math.ceil(bytes / 1024 ** 3) };
    const known = glance.images.by('name', name)[0];
    if (known !== undefined) glance.images.patch(known.id, { properties: { ...known.properties, ...properties }, ...more });
    else glance.create({ name, owner: identity.findProject({ name: 'admin', domainId: 'default' })?.id ?? '', properties, more });
  }
}
