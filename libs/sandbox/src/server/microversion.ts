import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, badRequest } from './api-error.js';

/**
 * Reads `OpenStack-API-Version: <service> x.y` (or the service's older header).
 * @returns [major, minor]; `fallback` when nothing is asked for
 * @throws ApiError 400 unreadable, 406 not supported
 */
export function readMicroversion(
  headers: IncomingHttpHeaders,
  service: string,
  major: number,
  maxMinor: number,
  legacyHeader: string | undefined,
  fallback: readonly [number, number],
): readonly [number, number] {
  const modern = headers['openstack-api-version'];
  const stated = (Array.isArray(modern) ? modern.join(',') : (modern ?? ''))
    .split(',')
    .map((part) => part.trim().split(/\s+/))
    .find(([name]) => name === service)?.[1];
  const legacy = legacyHeader === undefined ? undefined : headers[legacyHeader];
  const version = stated ?? (typeof legacy === 'string' ? legacy : undefined);
  if (version === undefined || version === '') return fallback;
  if (version === 'latest') return [major, maxMinor];
  const match = /^(\d+)\.(\d+)$/.exec(version);
  if (match === null)
    throw badRequest(`API Version String ${version} is of invalid format. Must be of format MajorNum.MinorNum.`);
  const asked: readonly [number, number] = [Number(match[1]), Number(match[2])];
  const minimum = fallback[1];
  if (asked[0] !== major || asked[1] > maxMinor || asked[1] < minimum) {
    throw new ApiError(
      406,
      `Version ${version} is not supported by the API. Minimum is ${major}.${minimum} and maximum is ${major}.${maxMinor}.`,
    );
  }
  return asked;
}
