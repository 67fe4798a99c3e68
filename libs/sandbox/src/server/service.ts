import type { IncomingHttpHeaders } from 'node:http';
import type { ApiError } from './api-error.js';
import type { Json, Route } from './call.js';

export type ServiceName = 'identity' | 'compute' | 'network' | 'image' | 'load-balancer' | 'volume';

/** One of the cloud's APIs: a prefix, routes and its own manners. */
export interface Service {
  readonly name: ServiceName;
  /** First path segment: `compute` of `/compute/v2.1/servers`. */
  readonly prefix: string;
  /** Path segments that lead to `routes`: `['v2.1', 'v2']`. */
  readonly versions: readonly string[];
  /** Version documents, at the prefix itself. */
  readonly rootRoutes: readonly Route[];
  readonly routes: readonly Route[];
  /** The service's way to write an error. A string is sent as HTML. */
  error(error: ApiError, headers: IncomingHttpHeaders): Json | string;
  /** Reads the microversion, where the service has them. @throws ApiError 406 */
  microversion?(headers: IncomingHttpHeaders): readonly [number, number];
  /** Headers of every answer besides the request id. */
  headers?(requestId: string, microversion: readonly [number, number]): Readonly<Record<string, string>>;
}
