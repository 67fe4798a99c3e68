/** How a machine is told what it is at its first boot. */
export type UserDataFormat = 'cloud-config' | 'ignition';

/** What we must know of an operating system to make nodes of it. */
export interface Distro {
  /** The image's `os_distro`. */
  readonly name: string;
  readonly userData: UserDataFormat;
  /** How Kubernetes gets onto a stock image: by the distribution's packages, or as binaries beside a /usr that nobody may write. */
  readonly install: 'apt' | 'binaries';
}

/** Names are those of Magnum's and Glance's `os_distro`. */
export const DISTROS: readonly Distro[] = [
  { name: 'ubuntu', userData: 'cloud-config', install: 'apt' },
  { name: 'debian', userData: 'cloud-config', install: 'apt' },
  { name: 'flatcar', userData: 'ignition', install: 'binaries' },
  { name: 'fedora-coreos', userData: 'ignition', install: 'binaries' },
];

const UBUNTU = DISTROS[0] as Distro;

/** The distro of that name. Nodes made before names were kept, and images that nobody vouches for, are taken as Ubuntu. */
export function distroOf(name: string | null | undefined): Distro {
  return DISTROS.find((one) => one.name === name) ?? UBUNTU;
}
