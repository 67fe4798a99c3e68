import { isLabelOn, type Labels } from '#libs/domain';
import { ADDONS, minorOf, type AddonCatalogue } from './catalogue.js';
import type { AddonDefinition, AddonName } from './definition.js';

export interface PlanInput {
  readonly labels: Labels;
  readonly networkDriver: string | null;
  readonly volumeDriver: string | null;
  readonly kubernetesVersion: string;
}

export interface PlannedAddon {
  readonly name: AddonName;
  readonly enabled: boolean;
  /** Null: no version is for this minor of Kubernetes. */
  readonly version: string | null;
  /** Somebody has named the version: an upgrade keeps it where it can. */
  readonly pinned: boolean;
}

const DEFAULT_NETWORK_DRIVER = 'flannel';

/** The add-ons of a new cluster, also those that are off. Of the pod networks it is the template's alone. Pure. */
export function planAddons(input: PlanInput, catalogue: AddonCatalogue): PlannedAddon[] {
  const network = input.networkDriver ?? DEFAULT_NETWORK_DRIVER;
  return ADDONS.filter(({ name, category }) => category !== 'network' || name === network).map((definition) => ({
    name: definition.name,
    enabled: isWanted(definition, input),
    ...versionFor(definition, input, catalogue),
  }));
}

function isWanted({ label, enabledByDefault, category }: AddonDefinition, { labels, volumeDriver }: PlanInput): boolean {
  const byDriver = category === 'network' || volumeDriver === 'cinder';
  const fallback = enabledByDefault === 'by-driver' ? byDriver : enabledByDefault;
  return label === null ? fallback : isLabelOn(labels, label, fallback);
}

function versionFor(
  { name, tagLabel }: AddonDefinition,
  { labels, kubernetesVersion }: PlanInput,
  catalogue: AddonCatalogue,
): Pick<PlannedAddon, 'version' | 'pinned'> {
  const minor = minorOf(kubernetesVersion);
  const tag = tagLabel === null ? undefined : labels[tagLabel];
  const tagged = tag ? catalogue.versions(name, minor).find(({ version }) => version === tag) : undefined;
  return { version: tagged?.version ?? catalogue.defaultVersion(name, minor), pinned: tagged !== undefined };
}

/**
 * Labels that name a version which the catalogue has not for this Kubernetes: another one is taken.
 * @returns `calico_tag`
 */
export function unusedTags({ labels, kubernetesVersion }: PlanInput, catalogue: AddonCatalogue): string[] {
  const minor = minorOf(kubernetesVersion);
  return ADDONS.flatMap(({ name, tagLabel }) => {
    const tag = tagLabel === null ? undefined : labels[tagLabel];
    if (tagLabel === null || !tag || catalogue.versions(name, minor).some(({ version }) => version === tag)) return [];
    return [tagLabel];
  });
}

/** What an add-on is to be when its cluster has come to another Kubernetes; null: there is nothing for it. */
export function versionAfterUpgrade(
  { name, version, pinned }: Pick<PlannedAddon, 'name' | 'version' | 'pinned'>,
  kubernetesVersion: string,
  catalogue: AddonCatalogue,
): string | null {
  const minor = minorOf(kubernetesVersion);
  const stays = pinned && version !== null && catalogue.versions(name, minor).some((row) => row.version === version);
  return stays ? version : catalogue.defaultVersion(name, minor);
}
