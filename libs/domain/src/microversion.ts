/**
 * Microversions of container-infra, 1.1 to 1.14.
 * Source: magnum/api/controllers/versions.py and rest_api_version_history.rst; reference section 1.2.
 */
export class Microversion {
  constructor(
    readonly major: number,
    readonly minor: number,
  ) {}

  /** @param text `1.9`; only for constants of our own */
  static of(text: string): Microversion {
    const [major, minor] = text.split('.');
    return new Microversion(Number(major), Number(minor));
  }

  atLeast(other: Microversion): boolean {
    return this.major > other.major || (this.major === other.major && this.minor >= other.minor);
  }

  toString(): string {
    return `${this.major}.${this.minor}`;
  }
}

export const MIN_VERSION = new Microversion(1, 1);
export const MAX_VERSION = new Microversion(1, 14);
export const VERSION_HEADER = 'OpenStack-API-Version';

/** The service word of answers, whatever the client sent. */
export const VERSION_SERVICE = 'container-infrastructure-management';
const ACCEPTED_SERVICES = ['container-infra', 'container-infrastructure', VERSION_SERVICE];

export type Negotiation =
  | { readonly kind: 'ok'; readonly version: Microversion }
  /** Well formed, but not ours: answered with the special body. */
  | { readonly kind: 'unsupported'; readonly version: Microversion }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * What a request's `OpenStack-API-Version` header asks for; without the header 1.1.
 * `anything latest` is the newest version, as upstream has it.
 */
export function negotiateVersion(header: string | undefined): Negotiation {
  if (header === undefined) return { kind: 'ok', version: MIN_VERSION };
  const words = header.trim().split(/\s+/);
  const [service, asked] = words;
  if (words.length !== 2 || service === undefined || asked === undefined) return malformed('service type');
  if (asked.toLowerCase() === 'latest') return { kind: 'ok', version: MAX_VERSION };
  if (!ACCEPTED_SERVICES.includes(service)) return malformed('service type');
  if (!/^\d{1,9}\.\d{1,9}$/.test(asked)) return malformed('value');
  const version = Microversion.of(asked);
  const supported = version.major === MIN_VERSION.major && version.atLeast(MIN_VERSION) && MAX_VERSION.atLeast(version);
  return { kind: supported ? 'ok' : 'unsupported', version };
}

function malformed(what: 'service type' | 'value'): Negotiation {
  return { kind: 'malformed', reason: `Invalid ${what} for ${VERSION_HEADER} header` };
}
