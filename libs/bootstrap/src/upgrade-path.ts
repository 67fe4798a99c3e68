import { InvalidInput } from '#libs/domain';
import { checked } from './grammar.js';
import { imageVersion, KUBERNETES_MINORS } from './kubernetes-version.js';
import { checkUpgrade, compareVersions } from './upgrade-rules.js';

/** A Glance image, as much of it as counts here. */
export interface NodeImage {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly status?: string | undefined;
  readonly os_distro?: string | null | undefined;
  readonly kube_version?: unknown;
}

/** What a control plane passes through on its way. */
export interface UpgradeStage {
  /** `v1.36.4` */
  readonly version: string;
  readonly imageId: string;
  /** The image's own version; null: Kubernetes is installed at boot. */
  readonly imageKubeVersion: string | null;
}

/** The minors between two versions, both left out: `['1.36']` from v1.35.9 to v1.37.1. */
export function minorsBetween(from: string, to: string): string[] {
  const [old, next] = [minorOf(from), minorOf(to)];
  return Array.from({ length: Math.max(0, next - old - 1) }, (_, i) => `1.${old + 1 + i}`);
}

/**
 * How a control plane goes from one version to another: Kubernetes takes one minor at a time, so each one between is passed
 * through, on machines of its newest image. A stock image takes the newest patch that is known of any minor.
 * @param wanted the image that is gone to
 * @param images all that there are; the same distribution counts
 * @returns stages before the last one; none within a minor, or to the next
 * @throws InvalidInput 'kubernetes-downgrade'; 'kubernetes-minor-skipped': there is no image for a minor between, and which there are
 */
export function upgradeStages(from: string, to: string, wanted: NodeImage, images: readonly NodeImage[]): UpgradeStage[] {
  const between = minorsBetween(from, to);
  if (between.length === 0) {
    checkUpgrade(from, to);
    return [];
  }
  const stock = imageVersion(versionOf(wanted)) === null;
  const stages = between.map((minor) => (stock ? stockStage(minor, wanted) : imageStage(minor, wanted, images)));
  const missing = between.filter((_, i) => stages[i] === null);
  if (missing.length === 0) return stages.filter((stage) => stage !== null);
  const there = candidates(wanted, images).map(({ version }) => version);
  throw new InvalidInput(
    'kubernetes-minor-skipped',
    `Kubernetes cannot be upgraded over a minor version, from ${from} to ${to}: there is no image of ${wanted.os_distro ?? 'that distribution'} for ${missing.map((minor) => `v${minor}`).join(', ')} (there are ${there.length > 0 ? [...new Set(there)].join(', ') : 'none'}).`,
    { field: 'cluster_template', from, to, missing: missing.join(', ') },
  );
}

function stockStage(minor: string, { id }: NodeImage): UpgradeStage | null {
  const known = KUBERNETES_MINORS.find((one) => one.minor === minor);
  return known ? { version: `v${minor}.${known.newestPatch}`, imageId: id, imageKubeVersion: null } : null;
}

/** Of the newest patch; of several with it the last by name, which is the newest build where names carry dates. */
function imageStage(minor: string, wanted: NodeImage, images: readonly NodeImage[]): UpgradeStage | null {
  const fitting = candidates(wanted, images).filter(({ version }) => version.startsWith(`v${minor}.`));
  const best = fitting.at(-1);
  return best ? { version: best.version, imageId: best.image.id, imageKubeVersion: best.version } : null;
}

function candidates(wanted: NodeImage, images: readonly NodeImage[]): { image: NodeImage; version: string }[] {
  return images
    .filter(({ status, os_distro }) => (status ?? 'active') === 'active' && os_distro === wanted.os_distro)
    .flatMap((image) => {
      const version = readable(image);
      return version === null ? [] : [{ image, version }];
    })
    .toSorted((a, b) => compareVersions(a.version, b.version) || (a.image.name ?? '').localeCompare(b.image.name ?? ''));
}

/** Somebody's image with a property that is no version does not stand in the way of others. */
function readable(image: NodeImage): string | null {
  try {
    return imageVersion(versionOf(image));
  } catch {
    return null;
  }
}

const versionOf = ({ kube_version }: NodeImage): Readonly<Record<string, unknown>> => ({ kube_version });

function minorOf(version: string): number {
  return Number(checked('version', 'Kubernetes version', version).split('.')[1]);
}
