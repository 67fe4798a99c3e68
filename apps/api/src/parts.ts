import { DRIVER_FEATURES, type DriverFeatures } from '#libs/domain';
import type { Settings } from '#libs/config';
import type { CloudSession } from '#libs/openstack';
import { createLogger, openBackends, serviceCredentials, type Backends } from '#libs/runtime';
import { Policy } from './policy/policy.js';

/** What the API is made of and does not make itself: connections, keys, policy. */
export interface ApiParts extends Backends {
  /** The service user's. */
  readonly service: CloudSession;
  readonly policy: Policy;
  /** What each driver can do, by its name. */
  readonly features: Readonly<Record<string, DriverFeatures>>;
}

/** @throws the database does not answer, the policy cannot be read */
export async function openParts(settings: Settings): Promise<ApiParts> {
  const policy = Policy.fromFile(settings.POLICY_FILE);
  const backends = await openBackends(settings, createLogger(settings.LOG_LEVEL, { service: 'api' }), 'jeroboam-api');
  await backends.queue.open();
  return { ...backends, policy, features: DRIVER_FEATURES, service: backends.cloud.session(serviceCredentials(settings)) };
}
