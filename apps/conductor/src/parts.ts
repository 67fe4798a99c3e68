import { AddonCatalogue, readSiteManifests } from '#libs/addons';
import type { Settings } from '#libs/config';
import { UnitOfWork } from '#libs/db';
import { createLogger, openBackends, type Backends } from '#libs/runtime';

/** What a conductor is made of and does not make itself: connections and keys. */
export interface ConductorParts extends Backends {
  readonly uow: UnitOfWork;
  readonly addons: AddonCatalogue;
}

/** @throws the database does not answer; InvalidManifests in ADDON_MANIFESTS_DIR */
export async function openParts(settings: Settings): Promise<ConductorParts> {
  const log = createLogger(settings.LOG_LEVEL, { service: 'conductor', conductor: settings.CONDUCTOR_NAME });
  const addons = new AddonCatalogue(settings.ADDON_MANIFESTS_DIR ? await readSiteManifests(settings.ADDON_MANIFESTS_DIR) : []);
  const backends = await openBackends(settings, log, 'jeroboam-conductor');
  return { ...backends, addons, uow: new UnitOfWork(backends.source) };
}
