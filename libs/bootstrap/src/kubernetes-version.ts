import { InvalidInput } from '#libs/domain';
import { checked } from './grammar.js';

export interface KubernetesMinor {
  readonly minor: string;
  /** The newest patch known when this table was written; newer ones of the same minor are taken too. */
  readonly newestPatch: number;
  /** Day after which upstream mends nothing any more (ISO). Source: kubernetes.io, release pages. */
  readonly endOfLife: string;
  /** The pause image kubeadm of this minor asks for. */
  readonly pause: string;
}

/** Source: kubernetes.io release pages, read in November 2026. */
export const KUBERNETES_MINORS: readonly KubernetesMinor[] = [
  { minor: '1.33', newestPatch: 12, endOfLife: '2026-06-28', pause: '3.10' },
  { minor: '1.34', newestPatch: 9, endOfLife: '2026-10-27', pause: '3.10.1' },
  { minor: '1.35', newestPatch: 9, endOfLife: '2027-02-28', pause: '3.10.1' },
  { minor: '1.36', newestPatch: 4, endOfLife: '2027-06-28', pause: '3.10.2' },
  { minor: '1.37', newestPatch: 1, endOfLife: '2027-10-28', pause: '3.10.2' },
];

export const DEFAULT_KUBERNETES_VERSION = 'v1.36.4';

/** `1.36` of `v1.36.4`; null when the catalogue has no such minor. */
export function kubernetesMinorOf(version: string): KubernetesMinor | null {
  const minor = /^v(1\.\d+)\./.exec(version)?.[1];
  return KUBERNETES_MINORS.find((one) => one.minor === minor) ?? null;
}

/** Minors that may be offered for new clusters on a day. */
export function supportedMinors(today: Date): KubernetesMinor[] {
  return KUBERNETES_MINORS.filter((one) => today.getTime() <= Date.parse(`${one.endOfLife}T23:59:59Z`));
}

/**
 * Which Kubernetes a node group gets: what its image carries (property `kube_version`), with which the label `kube_tag`
 * must agree; without such an image the label, else the default. With `today` a minor past its end is refused.
 * @throws InvalidInput 'kubernetes-version-mismatch', 'unsupported-kubernetes-version', 'invalid-value'
 */
export function kubernetesVersionOf(
  imageProperties: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, string>>,
  defaultTag: string = DEFAULT_KUBERNETES_VERSION,
  today?: Date,
): string {
  const inImage = imageVersion(imageProperties);
  const label = Object.hasOwn(labels, 'kube_tag') ? (labels['kube_tag'] ?? '') : '';
  const asked = label === '' ? null : checked('version', 'labels/kube_tag', label);
  if (inImage !== null && asked !== null && inImage !== asked) {
    throw new InvalidInput(
      'kubernetes-version-mismatch',
      `Label kube_tag does not agree with the image (property kube_version): ${asked}, not ${inImage}.`,
      { field: 'labels/kube_tag', image: inImage, label: asked },
    );
  }
  const version = inImage ?? asked ?? checked('version', 'default Kubernetes version', defaultTag);
  refuseUnsupported(version, today);
  return version;
}

/** The image's own version, `v` added when it lacks one; null for stock images. */
export function imageVersion(properties: Readonly<Record<string, unknown>>): string | null {
  const value = Object.hasOwn(properties, 'kube_version') ? properties['kube_version'] : undefined;
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return checked('version', 'image property kube_version', text.startsWith('v') ? text : `v${text}`);
}

function refuseUnsupported(version: string, today: Date | undefined): void {
  const offered = today ? supportedMinors(today) : KUBERNETES_MINORS;
  const minor = kubernetesMinorOf(version);
  if (minor && offered.includes(minor)) return;
  const why = minor ? `ended on ${minor.endOfLife}` : 'is not known here';
  throw new InvalidInput(
    'unsupported-kubernetes-version',
    `This version of Kubernetes ${why}: ${version}. Supported: ${offered.map((one) => one.minor).join(', ')}.`,
    { field: 'labels/kube_tag', version },
  );
}
