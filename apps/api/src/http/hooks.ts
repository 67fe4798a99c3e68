import {
  InvalidInput,
  MAX_VERSION,
  MIN_VERSION,
  negotiateVersion,
  VERSION_HEADER,
  VERSION_SERVICE,
  type Microversion,
} from '#libs/domain';
import type { Settings } from '#libs/config';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.js';
import { NotAcceptable, PathNotFound, UnsupportedMediaType, UnsupportedMicroversion } from './http-errors.js';
import { baseUrl } from './links.js';
import type { ApiRequest } from './request.js';
import type { RouteTable } from './route-table.js';
import { UNSTORABLE } from './wire.js';

export const BODY_LIMIT = 1 << 20;

const RESOURCES = 'clusters|clustertemplates|certificates|credentials|quotas|mservices|stats|federations|nodegroups';
const UNVERSIONED = new RegExp(`^/(${RESOURCES})(/|$)`);

/** Trailing and doubled slashes go, paths without version become v1: `GET /clusters/` is `GET /v1/clusters`. */
export function rewriteUrl(url: string): string {
  const cut = url.indexOf('?');
  const path = (cut < 0 ? url : url.slice(0, cut)).replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1') || '/';
  return `${UNVERSIONED.test(path) ? '/v1' : ''}${path}${cut < 0 ? '' : url.slice(cut)}`;
}

/**
 * What happens to every request before a route is asked, in this order: request id, authentication, content negotiation,
 * microversion.
 */
export function installHooks(
  server: FastifyInstance,
  settings: Settings,
  authenticator: Authenticator,
  routes: RouteTable,
): void {
  server.addHook('onRoute', ({ method, path }) => routes.add([method].flat(), path));
  server.decorateRequest('context', undefined);
  server.decorateRequest('microversion', undefined);
  server.decorateRequest('baseUrl', '');
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const ours = request as ApiRequest;
    reply.header('x-openstack-request-id', request.id);
    ours.baseUrl = baseUrl(settings, request);
    if (!isPublic(ours)) ours.context = await authenticator.authenticate(request.id, request.headers['x-auth-token']);
    if (Object.values(request.params ?? {}).some((part) => UNSTORABLE.test(String(part)))) throw new PathNotFound();
    if (!isMagnum(request.url)) return;
    checkAccept(request);
    if (request.url !== '/') ours.microversion = negotiate(request, reply);
  });
  // As Magnum: no charset.
  server.addHook('onSend', async (_request, reply) => {
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') reply.header('content-type', 'application/json');
  });
  installParsers(server);
}

const isPublic = (request: ApiRequest): boolean => {
  const { public: marked } = request.routeOptions.config as { public?: boolean };
  // The two documents by any method: what they do not know is 405, not 401.
  return marked === true || /^\/(v1)?($|\?)/.test(request.url) || /^\/docs(\/|-|$|\?)/.test(request.url);
};

const isMagnum = (url: string): boolean => url === '/' || /^\/v1(\/|$|\?)/.test(url);

/** Missing, empty, any and JSON are fine; a client that wants something else gets nothing. */
function checkAccept({ headers: { accept }, routeOptions }: FastifyRequest): void {
  if (!accept || accept.trim() === '') return;
  if (/(^|[,\s])(\*\/\*|application\/(\*|json|vnd\.openstack\.magnum\.v1\+json))/.test(accept)) return;
  if (routeOptions.url?.endsWith('/events') && /\btext\/event-stream\b/i.test(accept)) return;
  if (routeOptions.url?.endsWith('/kubeconfig') && /\b(application|text)\/(x-)?yaml\b/i.test(accept)) return;
  throw new NotAcceptable('');
}

function negotiate(request: FastifyRequest, reply: FastifyReply): Microversion {
  const header = request.headers[VERSION_HEADER.toLowerCase()];
  const result = negotiateVersion(Array.isArray(header) ? header.join(', ') : header);
  if (result.kind === 'malformed') throw new NotAcceptable(result.reason);
  reply.header('OpenStack-API-Minimum-Version', `${VERSION_SERVICE} ${MIN_VERSION.toString()}`);
  reply.header('OpenStack-API-Maximum-Version', `${VERSION_SERVICE} ${MAX_VERSION.toString()}`);
  reply.header(VERSION_HEADER, `${VERSION_SERVICE} ${result.version.toString()}`);
  reply.header('Vary', VERSION_HEADER);
  if (result.kind === 'unsupported') throw new UnsupportedMicroversion(result.version);
  return result.version;
}

/** JSON is read, emptiness is fine under any type, everything else is refused. */
function installParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parseJson = (_request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void): void => {
    if (body.trim() === '') return done(null, undefined);
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return done(new InvalidInput('invalid-json', 'Request is not in valid JSON format'));
    }
    done(null, value);
  };
  server.addContentTypeParser(['application/json', 'application/json-patch+json'], { parseAs: 'string' }, parseJson);
  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim();
    if (!type) return parseJson(request, body as string, done);
    if (body === '') return done(null, undefined);
    done(new UnsupportedMediaType(`Unknown mimetype: ${type}`));
  });
}
