import { ADDON_CATEGORIES, ADDON_NAMES, type AddonCatalogue, type AddonDefinition } from '#libs/addons';
import type { ClusterAddonEntity } from '#libs/db';
import { ADDON_STATUSES } from '#libs/domain';
import { z } from 'zod';
import { nullableText, textOf } from '../../http/views.js';

const versionView = z
  .object({
    version: textOf('Version'),
    kubernetes: z.array(z.string()).meta({ description: 'Minors of Kubernetes that it is for' }),
    images: z
      .array(z.string())
      .meta({ description: 'Images, before container_infra_prefix; empty for manifests of the operator’s' }),
    checksum: textOf('SHA-256 of what it renders for a reference cluster, or of the operator’s manifests'),
    site: z.boolean().meta({ description: 'Its manifests are the operator’s own' }),
  })
  .meta({ id: 'AddonVersion', description: 'A version of an add-on' });

export const catalogueEntryView = z
  .object({
    name: z.enum(ADDON_NAMES).meta({ description: 'Name' }),
    title: textOf('Name for people'),
    description: textOf('What it does'),
    category: z.enum(ADDON_CATEGORIES).meta({ description: 'Kind' }),
    required: z.boolean().meta({ description: 'A cluster that has it cannot be without it; its failure is the cluster’s' }),
    label: nullableText('Magnum’s label that switches it'),
    tag_label: nullableText('Magnum’s label that names its version'),
    versions: z.array(versionView).meta({ description: 'For one minor the first that fits is taken' }),
  })
  .meta({ id: 'AddonInCatalogue', description: 'An add-on and its versions' });
export const catalogueView = z
  .object({ addons: z.array(catalogueEntryView).meta({ description: 'All of them' }) })
  .meta({ id: 'AddonCatalogue', description: 'What add-ons there are' });

const objectView = z
  .object({
    api_version: textOf('apiVersion'),
    kind: textOf('kind'),
    namespace: nullableText('Namespace; null: it has none'),
    name: textOf('Name'),
  })
  .meta({ id: 'AddonObject', description: 'An object in the cluster' });

export const addonView = z
  .object({
    name: textOf('Name'),
    enabled: z.boolean().meta({ description: 'Whether it is wanted' }),
    version: nullableText('Wanted version; null: there is none for the cluster’s Kubernetes'),
    pinned: z.boolean().meta({ description: 'Somebody has named the version: upgrades keep it where they can' }),
    status: z.enum(ADDON_STATUSES).meta({ description: 'How it stands' }),
    status_reason: nullableText('Why it is so'),
    installed_version: nullableText('What was applied last'),
    checksum: nullableText('SHA-256 of what was applied'),
    objects: z.array(objectView).meta({ description: 'What it has in the cluster' }),
    versions: z.array(z.string()).meta({ description: 'What it can have with the cluster’s Kubernetes' }),
    created_at: textOf('When it was planned'),
    updated_at: textOf('When it was changed last'),
  })
  .meta({ id: 'Addon', description: 'An add-on of a cluster' });
export const addonListView = z
  .object({ addons: z.array(addonView).meta({ description: 'By name' }) })
  .meta({ id: 'Addons', description: 'The add-ons of a cluster' });

export function toCatalogueEntry(
  { name, title, description, category, required, label, tagLabel }: AddonDefinition,
  catalogue: AddonCatalogue,
  minor: string | undefined,
): z.infer<typeof catalogueEntryView> {
  const versions = catalogue.versions(name, minor).map(({ version, kubernetes, images, sha256, site }) => ({
    version,
    kubernetes: [...kubernetes],
    images: [...images],
    checksum: sha256,
    site,
  }));
  return { name, title, description, category, required, label, tag_label: tagLabel, versions };
}

/** @param versions what it can have */
export function toAddonView(row: ClusterAddonEntity, versions: readonly string[]): z.infer<typeof addonView> {
  return {
    name: row.name,
    enabled: row.enabled,
    version: row.version,
    pinned: row.pinned,
    status: row.status,
    status_reason: row.statusReason,
    installed_version: row.installedVersion,
    checksum: row.checksum,
    objects: row.inventory.map(({ apiVersion, kind, namespace, name }) => ({ api_version: apiVersion, kind, namespace, name })),
    versions: [...versions],
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
