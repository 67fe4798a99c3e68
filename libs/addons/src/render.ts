import { createHash } from 'node:crypto';
import type { AddonInput, AddonName } from './definition.js';
import type { Manifest } from './manifest.js';

/** Whose objects these are: by it people find them, and we nothing but them. */
export const ADDON_LABEL = 'jeroboam/addon';
export const FIELD_MANAGER = 'jeroboam-addons';

/** What a version of an add-on is for one cluster. */
export interface RenderedAddon {
  readonly addon: AddonName;
  readonly version: string;
  /** In the order in which they are applied. */
  readonly objects: readonly Manifest[];
  /** Hex SHA-256 of the objects' text. */
  readonly sha256: string;
}

/** One document a line: the text that a version means. */
export function textOf(objects: readonly Manifest[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

export function rendered(addon: AddonName, version: string, objects: readonly Manifest[]): RenderedAddon {
  const marked = objects.map((object) => withLabel(object, addon));
  return { addon, version, objects: marked, sha256: sha256Of(textOf(marked)) };
}

function withLabel(object: Manifest, addon: AddonName): Manifest {
  const { metadata } = object;
  const labels = { ...metadata.labels, 'app.kubernetes.io/managed-by': 'jeroboam', [ADDON_LABEL]: addon };
  return { ...object, metadata: { ...metadata, labels } };
}

/** For what the checksums of built-in versions are taken. Changing it changes them all. */
export const REFERENCE_INPUT: AddonInput = {
  clusterUuid: '00000000-0000-4000-8000-000000000001',
  kubernetesVersion: 'v1.36.4',
  podCidr: '10.100.0.0/16',
  dnsServiceIp: '10.254.0.10',
  imagePrefix: '',
  masterCount: 1,
  labels: {},
  authUrl: 'https://keystone.example.org/v3',
  credential: 'trust',
  ownCloudAuthority: true,
};
