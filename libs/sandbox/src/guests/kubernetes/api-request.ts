import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { findApiResource, type ApiResource } from './api-resources.js';
import { isJson, StatusError, type Json } from './kube-object.js';
import { readProtobuf } from './protobuf-body.js';

/** A request for objects, taken apart. Cluster-scoped and all-namespaces requests have the namespace ''. */
export interface ObjectRequest {
  readonly resource: ApiResource;
  readonly namespace: string;
  /** '' for the collection. */
  readonly name: string;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly method: string;
  readonly accept: string | undefined;
  readonly contentType: string;
}

/** @returns undefined when the path is none of objects or its resource is unknown */
export function parseObjectRequest(request: IncomingMessage, url: URL): ObjectRequest | undefined {
  const found = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+?)\/?$/.exec(url.pathname);
  if (!found) return undefined;
  const group = found[2] ?? '';
  const version = found[1] ?? found[3] ?? '';
  const parts = (found[4] ?? '').split('/').map(decodeURIComponent);
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length >= 3 && !['status', 'finalize'].includes(parts[2] ?? '')) {
    namespace = parts[1] ?? '';
    parts.splice(0, 2);
  }
  const [plural = '', name = '', subresource, ...rest] = parts;
  const resource = findApiResource(group, version, plural);
  if (!resource || rest.length > 0) return undefined;
  if (!resource.namespaced && namespace !== '') return undefined;
  if (subresource !== undefined && !resource.subresources.includes(subresource)) return undefined;
  return {
    resource,
    namespace,
    name,
    subresource,
    query: url.searchParams,
    method: request.method ?? 'GET',
    accept: request.headers.accept,
    contentType: (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '',
  };
}

/** The verb that is authorized, in Kubernetes' words. */
export function verbOf(request: ObjectRequest): string {
  const one = request.name !== '';
  const watching = request.query.get('watch') === 'true' || request.query.get('watch') === '1';
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return one ? 'get' : watching ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return one ? 'delete' : 'deletecollection';
    default:
      throw new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
}

const BODY_LIMIT = 3 * 1024 * 1024;

/** The body: JSON, YAML, for a few kinds protobuf. @throws StatusError 400, 413, 415 */
export async function readBody(request: IncomingMessage, contentType: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new StatusError(413, 'RequestEntityTooLarge', `limit is ${BODY_LIMIT}`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  if (contentType === 'application/vnd.kubernetes.protobuf') return readProtobuf(Buffer.concat(chunks));
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return contentType.includes('yaml') ? parse(text) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new StatusError(400, 'BadRequest', `error decoding the body: ${(error as Error).message}`);
  }
}

/** @throws StatusError 400 when it is no object */
export function jsonBody(body: unknown): Json {
  if (!isJson(body)) throw new StatusError(400, 'BadRequest', 'the body of the request is not an object');
  return body;
}
