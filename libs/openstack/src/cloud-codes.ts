import type { ErrorCode } from '#libs/domain';
import type { ServiceName } from './service-name.js';

/** What an answer is judged by. The words are the last resort: Nova and Octavia tell many things by nothing else. */
export interface CloudSign {
  readonly service: ServiceName;
  /** Null: no answer came. */
  readonly httpStatus: number | null;
  /** Template of the path: an address that is wanting means one thing for a port, another for a floating IP. */
  readonly path?: string | undefined;
  /** The cloud's own class of the error, where it names one. */
  readonly fault?: string | undefined;
  readonly words: string;
}

interface Rule {
  readonly code: ErrorCode;
  readonly services?: readonly ServiceName[];
  readonly statuses?: readonly number[];
  readonly faults?: readonly string[];
  readonly paths?: RegExp;
  readonly words?: RegExp;
}

/**
 * From what a service says to what it means, the first that fits. All that a rule names must hold.
 * Sources: nova/exception.py, nova/api/openstack/compute/servers.py; neutron_lib/exceptions, neutron/db/l3_db.py;
 * octavia/common/exceptions.py; cinder/exception.py; glance/common/exception.py.
 */
const RULES: readonly Rule[] = [
  // Neutron 409 OverQuota, Cinder 413, Nova and Octavia 403 with a sentence.
  { code: 'quota-exceeded-in-cloud', statuses: [413], services: ['volume', 'compute'] },
  { code: 'quota-exceeded-in-cloud', faults: ['OverQuota', 'RecordsOverQuota'] },
  { code: 'quota-exceeded-in-cloud', words: /\bquota\b.*(exceed|has been met|reached)|exceed\w*\b.*\bquota\b/i },
  {
    code: 'quota-exceeded-in-cloud',
    services: ['compute'],
    words: /^Maximum number of (ports|fixed IPs?|floating IPs?) exceeded/i,
  },
  { code: 'quota-exceeded-in-cloud', services: ['compute', 'volume'], statuses: [403], words: /\bquota\b/i },
  { code: 'quota-exceeded-in-cloud', services: ['load-balancer'], statuses: [403], words: /\bquota\b/i },

  // Neutron says of an external network what it says of any other.
  { code: 'floating-ip-pool-exhausted', faults: ['IpAddressGenerationFailure'], paths: /^\/(floatingips|routers)\b/ },
  { code: 'floating-ip-pool-exhausted', faults: ['ExternalIpAddressExhausted'] },
  { code: 'floating-ip-pool-exhausted', words: /unable to find any IP address on external network/i },
  { code: 'addresses-exhausted', faults: ['IpAddressGenerationFailure', 'IpAddressGenerationFailureAllSubnets'] },
  {
    code: 'addresses-exhausted',
    words: /no more IP addresses available|no fixed IP addresses? available|zero fixed ips available/i,
  },
  { code: 'subnet-overlaps', services: ['network'], words: /\boverlaps with\b/i },
  { code: 'port-binding-failed', faults: ['PortBindingError'] },
  { code: 'port-binding-failed', words: /binding failed for port|PortBindingFailed/i },

  { code: 'no-valid-host', words: /no valid host was found|exhausted all hosts available|exceeded maximum number of retries/i },
  { code: 'no-valid-host', words: /insufficient compute resources|server group policy violated|not enough hosts/i },
  {
    code: 'availability-zone-not-found',
    words: /availability zone .*(is not available|is invalid|not found|could not be found)/i,
  },

  { code: 'image-unusable', words: /image \S+ is (not active|unacceptable|deactivated)|is too small for requested image/i },
  { code: 'image-unusable', services: ['image'], words: /image status transition|deactivated/i },
  { code: 'image-not-found', words: /image \S+ could not be found|can not find requested image|no image found with id/i },
  { code: 'image-not-found', services: ['image'], statuses: [404] },
  { code: 'flavor-not-found', words: /flavor \S+ could not be found/i },
  { code: 'keypair-not-found', words: /invalid key_name provided|keypair \S+ not found/i },
  { code: 'network-not-found', faults: ['NetworkNotFound', 'SubnetNotFound', 'ExternalGatewayForFloatingIPNotFound'] },
  { code: 'network-not-found', words: /(^|\b)(network|subnet) \S+ could not be found/i },

  { code: 'network-not-found', words: /is not a valid external network/i },
  { code: 'network-not-found', services: ['load-balancer'], statuses: [400], words: /^(subnet|network|port) \S+ not found/i },

  { code: 'load-balancer-unsupported', services: ['load-balancer'], statuses: [501] },
  {
    code: 'load-balancer-unsupported',
    services: ['load-balancer'],
    words: /provider \S+ is not enabled|does not support a requested/i,
  },
  { code: 'cloud-object-missing', statuses: [400], words: /could not be found|failed to get volume/i },
];

/** What no rule knows, by the status alone. */
function byStatus(status: number): ErrorCode {
  if (status === 401) return 'cloud-refused-credentials';
  if (status === 403) return 'cloud-forbidden';
  if (status === 404 || status === 410) return 'cloud-object-missing';
  if (status === 406) return 'cloud-too-old';
  if (status === 409) return 'cloud-conflict';
  if (status === 429) return 'cloud-rate-limited';
  if (status >= 500) return 'cloud-failing';
  return status >= 400 ? 'cloud-refused-request' : 'cloud-malformed-answer';
}

/** What an answer of the cloud, or the want of one, means. */
export function codeOfAnswer(sign: CloudSign): ErrorCode {
  if (sign.httpStatus === null) return 'cloud-unreachable';
  if (sign.httpStatus === 401 || sign.httpStatus === 429) return byStatus(sign.httpStatus);
  return codeByRule(sign) ?? byStatus(sign.httpStatus);
}

/** What the words mean with which an object of the cloud was given up, if that is known. */
export const codeOfFault = (service: ServiceName, words: string): ErrorCode | undefined =>
  codeByRule({ service, httpStatus: null, words });

function codeByRule(sign: CloudSign): ErrorCode | undefined {
  return RULES.find((rule) => fits(rule, sign))?.code;
}

function fits({ services, statuses, faults, paths, words }: Rule, sign: CloudSign): boolean {
  if (services && !services.includes(sign.service)) return false;
  if (statuses && (sign.httpStatus === null || !statuses.includes(sign.httpStatus))) return false;
  if (faults && (sign.fault === undefined || !faults.includes(sign.fault))) return false;
  if (paths && !paths.test(sign.path ?? '')) return false;
  return !words || words.test(sign.words);
}
