import { assertDockerVolume, DRIVER_NAMES, InvalidInput } from '#libs/domain';

const NETWORK_DRIVERS = ['flannel', 'calico', 'cilium'];
const ALLOWED_NETWORK_DRIVERS = ['flannel', 'calico'];
export const DEFAULT_NETWORK_DRIVER = 'flannel';
const VOLUME_DRIVERS = ['cinder'];

/** What a template says that can be judged without the cloud. Source: magnum/api/validation.py; reference section 5.1. */
export interface TemplateChoices {
  readonly network_driver?: string | null;
  readonly volume_driver?: string | null;
  readonly docker_storage_driver?: string | null;
  readonly docker_volume_size?: number | null;
  readonly dns_nameserver?: string | null;
  readonly driver?: string | null;
}

/** @throws InvalidInput the first that cannot be */
export function checkTemplateChoices(given: TemplateChoices): void {
  checkNetworkDriver(given.network_driver ?? null);
  const volumeDriver = given.volume_driver ?? null;
  if (volumeDriver !== null && !VOLUME_DRIVERS.includes(volumeDriver)) {
    refuse('volume_driver', `Volume driver type ${volumeDriver} is not supported, expecting a cinder/unspecified volume driver.`);
  }
  assertDockerVolume(given.docker_storage_driver ?? null, given.docker_volume_size ?? null);
  checkNameServers(given.dns_nameserver ?? null);
  if (given.driver && !DRIVER_NAMES.includes(given.driver)) refuse('driver', `Cluster driver (${given.driver}) not supported.`);
}

function checkNetworkDriver(driver: string | null): void {
  if (driver === null || ALLOWED_NETWORK_DRIVERS.includes(driver)) return;
  if (!NETWORK_DRIVERS.includes(driver)) {
    refuse(
      'network_driver',
      `Network driver type ${driver} is not supported, expecting a ${NETWORK_DRIVERS.join('/')}/unspecified network driver.`,
    );
  }
  refuse(
    'network_driver',
    `Network driver type ${driver} is not allowed, expecting a ${ALLOWED_NETWORK_DRIVERS.join('/')}/unspecified network driver. `,
  );
}

const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/;

function checkNameServers(text: string | null): void {
  if (text === null || text.split(',').every((one) => IPV4.test(one.trim()))) return;
  refuse('dns_nameserver', `Expected a single dns address or comma separated dns list, but received ${text}.`);
}

/** Magnum's words for a COE that was not given. */
export function missingCoe(): InvalidInput {
  return new InvalidInput('unsupported-coe', 'Requested COE type Unset is not supported.', { field: 'coe' });
}

function refuse(field: string, message: string): never {
  throw new InvalidInput('invalid-input', message, { field });
}
