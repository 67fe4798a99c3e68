import { createHash } from 'node:crypto';
import type { Examples, Shown } from '../../src/openapi/examples.js';
import type { GoldenCase } from './recorder.js';

/** So many of a status are enough to see what it means. */
const MOST = 6;

/** These every route answers alike: shown once, from these two. */
const ALIKE = new Set([401, 412, 413, 415, 422, 503]);
const SHOWN_ONCE_BY = new Set(['GET /v1/clusters', 'POST /v1/clusters', 'GET /readyz']);

function isShownElsewhere(route: string, status: number, summary: string): boolean {
  if (SHOWN_ONCE_BY.has(route)) return false;
  return ALIKE.has(status) || (status === 406 && summary !== 'a microversion before it' && !route.endsWith(' /v1'));
}

/** What the OpenAPI document shows of the golden answers: per route and status, samples where the placeholders are. */
export function examplesOf(cases: readonly GoldenCase[]): Examples {
  const examples: Record<string, { requests: Record<string, Shown>; responses: Record<string, Record<string, Shown>> }> = {};
  for (const { name, route, request, response } of cases) {
    if (route === null) continue;
    const of = (examples[route] ??= { requests: {}, responses: {} });
    const summary = name.replace(`${route}: `, '');
    const key = slug(summary);
    const { body } = request;
    // What is taken beyond the schema, for old clients, is no example for new ones.
    const works =
      response.status < 300 && !/sends it/.test(name) && typeof body === 'object' && !(Array.isArray(body) && body.length === 0);
    if (works && Object.keys(of.requests).length < MOST) of.requests[key] = { summary, value: sample(body) };
    if (response.body === undefined || isShownElsewhere(route, response.status, summary)) continue;
    const shown = (of.responses[response.status] ??= {});
    if (Object.keys(shown).length < MOST && !has(shown, response.body)) shown[key] = { summary, value: sample(response.body) };
  }
  return Object.fromEntries(Object.entries(examples).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const has = (shown: Readonly<Record<string, Shown>>, body: unknown): boolean =>
  Object.values(shown).some(({ value }) => JSON.stringify(value) === JSON.stringify(sample(body)));

const slug = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^\w.]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase();

const pem = (what: string): string => `-----BEGIN ${what}-----\nMIIC...\n-----END ${what}-----`;
const SAMPLES: Readonly<Record<string, string>> = {
  time: '2026-11-20T20:08:43+00:00',
  'time in milliseconds': '2026-11-20T20:08:43.512Z',
  CERTIFICATE: pem('CERTIFICATE'),
  'CERTIFICATE REQUEST': pem('CERTIFICATE REQUEST'),
  etag: '"xzM8u5RcIPlbTStyd1lAQNQuZ5Ppq1TX"',
  keystone: 'https://cloud.example/identity/v3',
  generated: 'omega-10',
  cluster_id: '{cluster_id}',
};

function sample(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replace(/\{(uuid \d+|[a-zA-Z_]+( [^{}"]+)?|default-\w+ of [^{}"]+)\}/g, (_, name: string) => {
      const known = SAMPLES[name] ?? (name === 'request id' ? `req-${uuidOf(name)}` : uuidOf(name));
      return JSON.stringify(known).slice(1, -1);
    }),
  );
}

/** The same uuid for the same name. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
