export {
  CLOUD_AUTHORITY_KEY,
  CLOUD_AUTHORITY_PATH,
  CLOUD_CONFIG_KEY,
  CLOUD_CONFIG_PATH,
  CLOUD_CONFIG_SECRET,
} from './addons/cloud-config-mount.js';
export * from './apply-order.js';
export * from './catalogue.js';
export {
  ADDON_CATEGORIES,
  ADDON_NAMES,
  type AddonCategory,
  type AddonDefinition,
  type AddonInput,
  type AddonName,
} from './definition.js';
export * from './manifest.js';
export * from './plan.js';
export { ADDON_LABEL, FIELD_MANAGER, REFERENCE_INPUT, sha256Of, textOf, type RenderedAddon } from './render.js';
export { InvalidManifests, readSiteManifests, type SiteVersion } from './site-manifests.js';
