import { VERSION_HEADER } from '#libs/domain';
import type { EndpointSpec } from '../http/endpoint.js';
import { envelope } from '../http/error.filter.js';
import type { Examples, Shown } from './examples.js';

type Json = Record<string, unknown>;

/** The envelopes of errors. */
export const SHARED_SCHEMAS: Readonly<Record<string, unknown>> = {
  Errors: {
    type: 'object',
    description: 'Every error but 401',
    required: ['errors'],
    properties: {
      errors: {
        type: 'array',
        description: 'There is one',
        items: {
          type: 'object',
          required: ['code', 'title'],
          properties: {
            request_id: { type: 'string', description: 'Always empty: the id is in the header' },
            code: {
              type: 'string',
              description: '`client`, `server`, empty for errors of routing, `magnum.microversion-unsupported`',
            },
            status: { type: 'integer', description: 'The HTTP status' },
            title: { type: 'string', description: 'The first sentence' },
            detail: { type: 'string', description: 'What is wrong, with the name of the field and the reason' },
            description: { type: 'string', description: 'Only when the microversion is not supported: which are' },
            links: {
              type: 'array',
              description: 'Empty, unless the microversion is not supported',
              items: {
                type: 'object',
                properties: {
                  rel: { type: 'string', description: '`help`' },
                  href: { type: 'string', description: 'Where microversions are explained' },
                },
              },
            },
            min_version: { type: 'string', description: 'Only when the microversion is not supported' },
            max_version: { type: 'string', description: 'Only when the microversion is not supported' },
          },
        },
      },
    },
  },
  Unauthorized: {
    type: 'object',
    description: 'No token, or one that is no longer good',
    properties: {
      error: {
        type: 'object',
        description: 'As Keystone’s own middleware says it',
        properties: {
          code: { type: 'integer', const: 401, description: 'The HTTP status' },
          title: { type: 'string', const: 'Unauthorized', description: 'Its name' },
          message: { type: 'string', description: 'What is missing' },
        },
      },
    },
  },
};

const ofText = (description: string): Json => ({ description, schema: { type: 'string' } });

/** Headers of answers. */
export const SHARED_HEADERS: Readonly<Record<string, Json>> = {
  RequestId: ofText('The id of this request, for the log: `req-` and a uuid'),
  Version: ofText(`The microversion that has answered: \`container-infrastructure-management 1.14\``),
  MinimumVersion: ofText('The oldest microversion'),
  MaximumVersion: ofText('The newest microversion'),
  Vary: ofText(`\`${VERSION_HEADER}\``),
  ETag: ofText('Of what is shown, or of what the change has left; another one at another microversion'),
  Location: ofText('Where the new resource is'),
  WwwAuthenticate: ofText('Where tokens come from'),
};
const header = (name: string): Json => ({ $ref: `#/components/headers/${name}` });
const REQUEST_ID: Json = { 'x-openstack-request-id': header('RequestId') };
/** Of every answer under /v1 that has got past the choice of a version. */
export const VERSION_HEADERS: Json = {
  ...REQUEST_ID,
  [VERSION_HEADER]: header('Version'),
  'OpenStack-API-Minimum-Version': header('MinimumVersion'),
  'OpenStack-API-Maximum-Version': header('MaximumVersion'),
  Vary: header('Vary'),
};
export const ETAG: Json = { ETag: header('ETag') };
export const LOCATION: Json = { Location: header('Location') };

const ERRORS: Json = { $ref: '#/components/schemas/Errors' };

function shown(given: Readonly<Record<string, Shown>> | undefined, fallback: unknown): Json {
  return given && Object.keys(given).length > 0 ? { examples: given } : { example: fallback };
}

function error(
  status: number,
  description: string,
  given?: Readonly<Record<string, Shown>>,
  schema = ERRORS,
  more: Json = {},
): Json {
  const body = { schema, ...shown(given, envelope(status, `${description}.`)) };
  return { description, headers: { ...REQUEST_ID, ...more }, content: { 'application/json': body } };
}

/** What many routes answer alike, by its name among the components. */
export function sharedResponses(examples: Examples): Readonly<Record<string, Json>> {
  const read = examples['GET /v1/clusters']?.responses ?? {};
  const change = examples['POST /v1/clusters']?.responses ?? {};
  const unauthorized = { $ref: '#/components/schemas/Unauthorized' };
  return {
    NotModified: { description: 'What the client has is right (`If-None-Match`)', headers: { ...VERSION_HEADERS, ...ETAG } },
    Unauthorized: error(401, 'No good token', read[401], unauthorized, { 'WWW-Authenticate': header('WwwAuthenticate') }),
    NotAcceptable: error(406, 'The microversion is not supported, or JSON is not wanted', read[406]),
    PreconditionFailed: error(412, 'The resource has changed: `If-Match`', change[412]),
    TooLarge: error(413, 'The body is larger than 1 MiB', change[413]),
    UnsupportedMediaType: error(415, 'The body is not JSON', change[415]),
    KeyReused: error(422, 'The `Idempotency-Key` was used for another request', change[422]),
    Unavailable: error(503, 'A service that is needed does not answer: it is named', read[503]),
  };
}

const shared = (name: string): Json => ({ $ref: `#/components/responses/${name}` });

/** What a route takes: its errors follow. */
export interface Takes {
  readonly body: boolean;
  readonly query: boolean;
  /** It changes something. */
  readonly changes: boolean;
}

/** What each route can answer besides its success. */
export function errorResponses(spec: EndpointSpec, takes: Takes, examples: Examples[string] | undefined): Json {
  const of = (status: number, words: string): Json => error(status, words, examples?.responses[status]);
  const own = Object.fromEntries(Object.entries(spec.errors ?? {}).map(([status, words]) => [status, of(Number(status), words)]));
  if (spec.rules === 'public') return own;
  return {
    ...(takes.body || takes.query ? { 400: of(400, 'The body or the query cannot be taken: field and reason are named') } : {}),
    401: shared('Unauthorized'),
    403: of(403, 'The policy does not allow it'),
    406: spec.since ? of(406, 'The microversion is not supported, or has no such operation') : shared('NotAcceptable'),
    ...(takes.body ? { 413: shared('TooLarge'), 415: shared('UnsupportedMediaType') } : {}),
    ...(takes.changes
      ? {
          409: of(409, 'The first request with this `Idempotency-Key` is still being worked on'),
          412: shared('PreconditionFailed'),
          422: shared('KeyReused'),
        }
      : { 304: shared('NotModified') }),
    503: shared('Unavailable'),
    ...own,
  };
}
