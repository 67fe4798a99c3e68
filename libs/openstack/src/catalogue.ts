import { z } from 'zod';
import type { ServiceName } from './errors.js';

/** Source: Keystone API reference, `token.catalog`. */
export const catalogueSchema = z.array(
  z.looseObject({
    type: z.string(),
    name: z.string().optional(),
    endpoints: z
      .array(
        z.looseObject({
          interface: z.string(),
          url: z.string(),
          region: z.string().nullish(),
          region_id: z.string().nullish(),
        }),
      )
      .default([]),
  }),
);
export type Catalogue = z.infer<typeof catalogueSchema>;
export type Interface = 'public' | 'internal' | 'admin';

/** Official service type first, then what clouds have called it. Source: service-types-authority. */
const TYPES: Readonly<Record<ServiceName, readonly string[]>> = {
  identity: ['identity'],
  compute: ['compute'],
  network: ['network'],
  image: ['image'],
  'load-balancer': ['load-balancer'],
  volume: ['block-storage', 'volumev3', 'block-store', 'volume'],
  orchestration: ['orchestration'],
};

/** The version in the path that we speak, for endpoints registered without one. */
const VERSIONS: Readonly<Record<ServiceName, string>> = {
  identity: 'v3',
  compute: 'v2.1',
  network: 'v2.0',
  image: 'v2',
  'load-balancer': 'v2.0',
  volume: 'v3',
  orchestration: 'v1',
};

const VERSION_SEGMENT = /\/v\d+(\.\d+)?(\/|$)/;

/**
 * The base URL of a service, ending in its version (and project, where the service wants it), without a slash at the end.
 * No call is needed to find it out: an endpoint either names its version or takes the one we speak.
 * @returns null when the catalogue has no such service in that region and interface
 */
export function endpointOf(
  catalogue: Catalogue,
  service: ServiceName,
  options: { interface: Interface; region?: string | undefined; projectId: string | null },
): string | null {
  for (const type of TYPES[service]) {
    for (const entry of catalogue) {
      if (entry.type !== type) continue;
      const endpoint = entry.endpoints.find(
        (candidate) =>
          candidate.interface.replace(/URL$/, '') === options.interface &&
          (options.region === undefined || (candidate.region_id ?? candidate.region) === options.region),
      );
      if (endpoint) return versioned(endpoint.url, service, options.projectId);
    }
  }
  return null;
}

function versioned(url: string, service: ServiceName, projectId: string | null): string {
  const base = url.replace(/\/+$/, '');
  const path = new URL(base).pathname;
  const full = VERSION_SEGMENT.test(path) ? base : `${base}/${VERSIONS[service]}`;
  // Heat always takes it.
  if (service === 'orchestration' && projectId && full.endsWith('/v1')) return `${full}/${projectId}`;
  // Every Cinder takes the project in the path, only those since Wallaby (3.67) do without.
  return service === 'volume' && projectId && /\/v\d+$/.test(full) ? `${full}/${projectId}` : full;
}

/** The identity URL ending in `/v3`, however it was given. */
export function identityUrl(authUrl: string): string {
  const base = authUrl.replace(/\/+$/, '').replace(/\/v2\.0$/, '');
  return base.endsWith('/v3') ? base : `${base}/v3`;
}
