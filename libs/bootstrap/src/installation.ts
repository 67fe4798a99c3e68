import { distroOf, InvalidInput, labelText, type Labels } from '#libs/domain';
import { checked } from './grammar.js';
import { imageVersion } from './kubernetes-version.js';
import type { Artifact, Binaries, Mirrors } from './types.js';

/** How Kubernetes comes onto a node. */
export type Installation =
  | { readonly mode: 'prebuilt' }
  /** Packages of the distribution's kind, exactly this version, held. */
  | { readonly mode: 'packages'; readonly repository: string; readonly keySha256?: string | undefined }
  /** Archives with pinned digests, for a system without packages. */
  | ({ readonly mode: 'binaries' } & Binaries);

export interface InstallationInput {
  readonly imageProperties: Readonly<Record<string, unknown>>;
  readonly labels: Labels;
  /** `v1.36.4` */
  readonly version: string;
  readonly mirrors?: Partial<Mirrors> | undefined;
}

export const DEFAULT_MIRRORS: Mirrors = {
  kubernetesPackages: 'https://pkgs.k8s.io/core:/stable:',
  imageRepository: 'registry.k8s.io',
  registries: {},
  binaries: {},
};

/**
 * Decides from the image: Kubernetes is in it (`kube_version`), or it is installed at boot: packages on Ubuntu and Debian,
 * archives on Flatcar and Fedora CoreOS. Labels win over what the operator has set.
 * @throws InvalidInput 'image-without-kubernetes' there is no way to install that version on that image; 'invalid-label'
 */
export function installationOf(input: InstallationInput): Installation {
  if (imageVersion(input.imageProperties) !== null) return { mode: 'prebuilt' };
  const version = checked('version', 'Kubernetes version', input.version);
  const mirrors = { ...DEFAULT_MIRRORS, ...input.mirrors };
  const distro = distroOf(textOf(input.imageProperties['os_distro']));
  if (distro.install === 'apt') {
    const base = checked('url', 'package mirror', mirrors.kubernetesPackages.replace(/\/+$/, ''));
    const minor = version.split('.').slice(0, 2).join('.');
    return { mode: 'packages', repository: `${base}/${minor}/deb`, keySha256: mirrors.kubernetesPackagesKeySha256 };
  }
  const set = Object.hasOwn(mirrors.binaries, version) ? mirrors.binaries[version] : undefined;
  const kubernetes = labelledArtifact(input.labels, 'kube_tarball') ?? set?.kubernetes;
  const cni = labelledArtifact(input.labels, 'cni_tarball') ?? set?.cni;
  if (kubernetes && cni) return { mode: 'binaries', kubernetes: known(kubernetes), cni: known(cni) };
  throw new InvalidInput(
    'image-without-kubernetes',
    `The image (${distro.name}) has no Kubernetes (property kube_version) and takes no packages, and nothing says where Kubernetes ${version} for it is. ` +
      'Use an image with kube_version, or give the labels kube_tarball_url, kube_tarball_sha256, cni_tarball_url and cni_tarball_sha256.',
    { field: 'image_id', distro: distro.name, version },
  );
}

/** An archive that labels name: `<prefix>_url` and, with it always, `<prefix>_sha256`. */
export function labelledArtifact(labels: Labels, prefix: 'containerd_tarball' | 'kube_tarball' | 'cni_tarball'): Artifact | null {
  const url = labelText(labels, `${prefix}_url`);
  if (url === '') return null;
  const sha256 = labelText(labels, `${prefix}_sha256`);
  if (sha256 !== '') return { url, sha256 };
  throw new InvalidInput('invalid-label', `Label ${prefix}_url needs ${prefix}_sha256.`, { field: `labels/${prefix}_sha256` });
}

const known = ({ url, sha256 }: Artifact): Artifact => ({
  url: checked('artifactUrl', 'archive', url),
  sha256: checked('sha256', 'digest of an archive', sha256),
});

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
