import { AddonCatalogue, readSiteManifests } from '#libs/addons';
import { DRIVER_FEATURES, type DriverFeatures } from '#libs/domain';
import type { Settings } from '#libs/config';
import type { CloudSession } from '#libs/openstack';
import { createLogger, openBackends, serviceCredentials, type Backends } from '#libs/runtime';
import { PolicyFile } from './policy/policy-file.js';
import { Policy } from './policy/policy.js';

/** What the API is made of and does not make itself: connections, keys, policy. */
export interface ApiParts extends Backends {
  /** The service user's. */
  readonly service: CloudSession;
  readonly policy: Policy;
  /** What each driver can do, by its name. */
  readonly features: Readonly<Record<string, DriverFeatures>>;
  readonly addons: AddonCatalogue;
}

/** @throws the database does not answer, the policy or ADDON_MANIFESTS_DIR cannot be read */
export async function openParts(settings: Settings): Promise<ApiParts> {
  const log = createLogger(settings.LOG_LEVEL, { service: 'api' });
  const addons = new AddonCatalogue(settings.ADDON_MANIFESTS_DIR ? await readSiteManifests(settings.ADDON_MANIFESTS_DIR) : []);
  const policy = new Policy();
  const file = settings.POLICY_FILE ? new PolicyFile(settings.POLICY_FILE, policy, log) : undefined;
  file?.load();
  // A user waits: what would take long is told at once, and asked again by the client.
  const backends = await openBackends(settings, log, 'jeroboam-api', { longestHoldMs: 1_000, longestWaitMs: 5_000 });
  await backends.queue.open();
  file?.start();
  const close = async (): Promise<void> => {
    file?.stop();
    await backends.close();
  };
  const service = backends.cloud.session(serviceCredentials(settings));
  return { ...backends, policy, service, features: DRIVER_FEATURES, addons, close };
}
