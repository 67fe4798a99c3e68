import type { EndpointSpec } from '../http/endpoint.js';
import { envelope } from '../http/error.filter.js';

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
            code: { type: 'string', description: '`client`, `server`, or empty for errors of routing' },
            status: { type: 'integer', description: 'The HTTP status' },
            title: { type: 'string', description: 'The first sentence' },
            detail: { type: 'string', description: 'What is wrong, with the name of the field and the reason' },
            links: { type: 'array', items: { type: 'object' }, description: 'Empty' },
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

const error = (status: number, description: string): Json => ({
  description,
  content: {
    'application/json': { schema: { $ref: '#/components/schemas/Errors' }, example: envelope(status, `${description}.`) },
  },
});

const CONDITIONS: Json = {
  409: error(409, 'The first request with this `Idempotency-Key` is still being worked on'),
  412: error(412, 'The resource has changed: `If-Match`'),
  422: error(422, 'The `Idempotency-Key` was used for another request'),
};

/** What each route can answer besides its own errors. */
export function errorResponses(spec: EndpointSpec, has: { body: boolean; query: boolean }, changes: boolean): Json {
  const own = Object.fromEntries(
    Object.entries(spec.errors ?? {}).map(([status, words]) => [status, error(Number(status), words)]),
  );
  if (spec.rules === 'public') return own;
  return {
    ...(has.body || has.query ? { 400: error(400, 'The body or the query cannot be taken: field and reason are named') } : {}),
    401: {
      description: 'No good token',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Unauthorized' },
          example: {
            error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
          },
        },
      },
    },
    403: error(403, 'The policy does not allow it'),
    406: error(406, 'The microversion is not supported, or has no such operation'),
    ...(has.body ? { 413: error(413, 'The body is larger than 1 MiB'), 415: error(415, 'The body is not JSON') } : {}),
    ...(changes ? CONDITIONS : { 304: { description: 'What the client has is right (`If-None-Match`)' } }),
    503: error(503, 'A service that is needed does not answer: it is named'),
    ...own,
  };
}
