import { calico } from './addons/calico.js';
import { cilium } from './addons/cilium.js';
import { cinderCsi } from './addons/cinder-csi.js';
import { cloudControllerManager } from './addons/cloud-controller-manager.js';
import { clusterAutoscaler } from './addons/cluster-autoscaler.js';
import { coredns } from './addons/coredns.js';
import { dashboard } from './addons/dashboard.js';
import { flannel } from './addons/flannel.js';
import { keystoneAuth } from './addons/keystone-auth.js';
import { metricsServer } from './addons/metrics-server.js';
import { nodeProblemDetector } from './addons/node-problem-detector.js';
import { ADDON_NAMES, type AddonDefinition, type AddonInput, type AddonName } from './definition.js';
import { imageFrom } from './images.js';
import { filledIn, type SiteVersion } from './site-manifests.js';
import { rendered, type RenderedAddon } from './render.js';
import { BUILT_IN_VERSIONS, type BuiltInVersion } from './versions.js';

/** In the order in which people read them: what comes first is needed by what follows. */
export const ADDONS: readonly AddonDefinition[] = [
  flannel,
  calico,
  cilium,
  cloudControllerManager,
  coredns,
  cinderCsi,
  metricsServer,
  clusterAutoscaler,
  keystoneAuth,
  nodeProblemDetector,
  dashboard,
];

const DEFINITIONS = new Map(ADDONS.map((definition) => [definition.name, definition]));

export const isAddonName = (name: string): name is AddonName => (ADDON_NAMES as readonly string[]).includes(name);

export function addonNamed(name: AddonName): AddonDefinition {
  const found = DEFINITIONS.get(name);
  if (!found) throw new Error(`add-on ${name} is not in the catalogue`);
  return found;
}

export interface CatalogueVersion {
  readonly addon: AddonName;
  readonly version: string;
  readonly kubernetes: readonly string[];
  readonly images: readonly string[];
  readonly sha256: string;
  /** Its manifests are the operator's own. */
  readonly site: boolean;
}

/** `1.36` of `v1.36.4` */
export function minorOf(kubernetesVersion: string): string {
  return /^v?(\d+\.\d+)/.exec(kubernetesVersion)?.[1] ?? '';
}

/** What versions there are: ours, then the operator's. */
export class AddonCatalogue {
  readonly #builtIn = new Map(BUILT_IN_VERSIONS.map((row) => [`${row.addon}/${row.version}`, row]));
  readonly #site: ReadonlyMap<string, SiteVersion>;

  constructor(site: readonly SiteVersion[] = []) {
    this.#site = new Map(site.map((row) => [`${row.addon}/${row.version}`, row]));
  }

  /** All of an add-on, or those for a minor of Kubernetes; the best one first. */
  versions(addon: AddonName, minor?: string): CatalogueVersion[] {
    const all = [...[...this.#builtIn.values()].map(builtIn), ...[...this.#site.values()].map(site)];
    return all.filter((row) => row.addon === addon && (minor === undefined || row.kubernetes.includes(minor)));
  }

  find(addon: AddonName, version: string): CatalogueVersion | null {
    return this.versions(addon).find((row) => row.version === version) ?? null;
  }

  /** What a new cluster of the minor gets; null: there is none. */
  defaultVersion(addon: AddonName, minor: string): string | null {
    return this.versions(addon, minor)[0]?.version ?? null;
  }

  /** @returns null: there is no such version (any more) */
  render(addon: AddonName, version: string, input: AddonInput): RenderedAddon | null {
    const own = this.#site.get(`${addon}/${version}`);
    if (own) return rendered(addon, version, filledIn(own.objects, input));
    const row = this.#builtIn.get(`${addon}/${version}`);
    if (!row) return null;
    const images = (part: string): string => {
      const image = row.images[part];
      if (image === undefined) throw new Error(`${addon} ${version} has no image ${part}`);
      return imageFrom(input.imagePrefix, image);
    };
    return rendered(addon, version, addonNamed(addon).render(input, images, version));
  }
}

function builtIn({ addon, version, kubernetes, images, sha256 }: BuiltInVersion): CatalogueVersion {
  return { addon, version, kubernetes, images: Object.values(images), sha256, site: false };
}

function site({ addon, version, kubernetes, sha256 }: SiteVersion): CatalogueVersion {
  return { addon, version, kubernetes, images: [], sha256, site: true };
}
