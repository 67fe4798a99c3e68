import { RequestMethod } from '@nestjs/common';
import { PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { MIN_VERSION } from '#libs/domain';
import { z } from 'zod';
import type { DescribedRoute } from '../http/completeness.js';
import type { EndpointSpec } from '../http/endpoint.js';
import { changes, targetOf } from '../http/targets.js';
import { readExamples, type Examples } from './examples.js';
import { headerParameters, SHARED_PARAMETERS } from './parameters.js';
import { errorResponses, ETAG, LOCATION, SHARED_HEADERS, SHARED_SCHEMAS, sharedResponses, VERSION_HEADERS } from './responses.js';

type Json = Record<string, unknown>;

/** The groups of calls, what people come for first. */
export const TAGS: ReadonlyMap<string, string> = new Map([
  ['Clusters', 'Kubernetes clusters, made and deleted in the background'],
  ['Cluster templates', 'What clusters are made from: image, flavors, networks, labels'],
  ['Node groups', 'The nodes of a cluster that are alike; from microversion 1.9'],
  ['Add-ons', 'What clusters have besides Kubernetes itself (beyond Magnum)'],
  ['Progress', 'What a cluster is doing and how far each node is (beyond Magnum)'],
  ['Certificates', 'A cluster’s authorities, and certificates that they sign'],
  ['Credentials', 'What a cluster acts with in the cloud; from microversion 1.12'],
  ['Quotas', 'How many clusters a project may have'],
  ['Stats', 'Counts of clusters and nodes'],
  ['Services', 'The conductors, for administrators'],
  ['Federations', 'Magnum’s unfinished resource: always empty'],
  ['Discovery', 'Versions and resources, without a token'],
  ['Health', 'For load balancers and supervisors, without a token'],
]);

/**
 * The OpenAPI 3.1 document, from the routes' own schemas and descriptions and from what the service really answered. Same
 * input, same text.
 */
export function buildDocument(routes: readonly DescribedRoute[], examples: Examples = readExamples()): Json {
  const schemas: Json = { ...SHARED_SCHEMAS };
  const paths: Record<string, Json> = {};
  const sorted = [...routes].sort((a, b) => compare(a.path, b.path) || a.method - b.method);
  for (const route of sorted) {
    const [verb = '', path = ''] = routeName(route)
      .split(' ')
      .map((part, index) => (index === 0 ? part.toLowerCase() : part));
    paths[path] = { ...paths[path], [verb]: versioned(operation(route, schemas, examplesFor(route, routes, examples))) };
  }
  const used = new Set(sorted.map((route) => route.spec.tag));
  const tags = [...TAGS].filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description }));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Jeroboam',
      version: '1.14',
      description:
        'Containers as a service for OpenStack: the container-infra v1 API as Magnum answers it, microversions 1.1 to 1.14, ' +
        'and beside it events, operations and nodes of clusters. Paths work with and without `/v1`.\n\n' +
        'Every call wants a Keystone token of a project: put what `openstack token issue -f value -c id` prints behind ' +
        '*Authorize*. Without the header `OpenStack-API-Version: container-infra latest` microversion 1.1 answers, which has ' +
        'no node groups. What a later microversion brings says so in words and in `x-openstack-min-version`; what it takes ' +
        'away in `x-openstack-max-version`.\n\n' +
        'Examples are what the service really answered; uuids and times in them are samples.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document comes from' }],
    tags,
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A Keystone token, scoped to a project' },
      },
      parameters: SHARED_PARAMETERS,
      headers: SHARED_HEADERS,
      responses: sharedResponses(examples),
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => compare(a, b))),
    },
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `POST /v1/clusters/{cluster}`, as the document spells it. */
export function routeName({ method, path }: DescribedRoute): string {
  return `${RequestMethod[method] ?? 'GET'} ${path.replace(/:(\w+)/g, '{$1}')}`;
}

/** Its own; where nothing can succeed (there are no federations), a success of a route that would answer the same. */
function examplesFor(route: DescribedRoute, routes: readonly DescribedRoute[], all: Examples): Examples[string] | undefined {
  const { answer, success } = route.spec;
  const own = all[routeName(route)];
  if (!answer || own?.responses[success]) return own;
  const like = routes.find((one) => one.spec.answer === answer && all[routeName(one)]?.responses[one.spec.success]);
  const shown = like && all[routeName(like)]?.responses[like.spec.success];
  return shown ? { requests: own?.requests ?? {}, responses: { ...own?.responses, [success]: shown } } : own;
}

/** Whose description says from or until which microversion it is there also says so to programs. */
function versioned(node: Json): Json {
  const description = typeof node['description'] === 'string' ? node['description'] : '';
  const since = /Since microversion (\d+\.\d+)/.exec(description)?.[1];
  const until = /Until microversion (\d+\.\d+)/.exec(description)?.[1];
  return {
    ...node,
    ...(since ? { 'x-openstack-min-version': since } : {}),
    ...(until ? { 'x-openstack-max-version': until } : {}),
  };
}

function operation(route: DescribedRoute, schemas: Json, examples: Examples[string] | undefined): Json {
  const { spec, path, controller, handler } = route;
  const { body, query } = inputs(route);
  const isPublic = spec.rules === 'public';
  const rules = spec.rules === 'public' ? '' : `Policy: ${spec.rules.map((rule) => `\`${rule}\``).join(', ')}. `;
  const since = isPublic ? '' : `Since microversion ${spec.since ?? MIN_VERSION.toString()}.`;
  return {
    operationId: `${controller.name.replace(/Controller$/, '')}.${handler}${isAlias(route) ? `.${path.slice(1).replaceAll('/', '.')}` : ''}`,
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, `${rules}${since}`.trim()].filter(Boolean).join('\n\n'),
    ...(isPublic ? { security: [] } : {}),
    parameters: [
      ...pathParameters(path),
      ...(query ? queryParameters(query) : []),
      ...(isPublic ? [] : headerParameters(changes(verbOf(route)))),
    ],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(body, 'input', schemas), examples: requests(spec, examples) } },
          },
        }
      : {}),
    responses: {
      [spec.success]: success(route, schemas, examples),
      ...errorResponses(
        spec,
        { body: body !== undefined, query: query !== undefined, changes: changes(verbOf(route)) },
        examples,
      ),
    },
  };
}

const verbOf = ({ method }: DescribedRoute): string => RequestMethod[method] ?? 'GET';

function isTagged(route: DescribedRoute): boolean {
  if (route.spec.rules === 'public') return false;
  return !changes(verbOf(route)) || targetOf(verbOf(route), route.path).shown !== null;
}

/** The one that is easy to try comes first. */
function requests(spec: EndpointSpec, examples: Examples[string] | undefined): Json {
  return { usual: { summary: 'The usual', value: spec.example }, ...examples?.requests };
}

/** One method under several paths: only the first keeps the plain name. */
function isAlias({ controller, handler, path }: DescribedRoute): boolean {
  const method = (controller.prototype as Record<string, object>)[handler] as object;
  const paths = [Reflect.getMetadata(PATH_METADATA, method) as string | string[]].flat();
  return paths.length > 1 && !path.endsWith(paths[0] ?? '');
}

function success(route: DescribedRoute, schemas: Json, examples: Examples[string] | undefined): Json {
  const { spec, path } = route;
  const description =
    { 200: 'As asked', 201: 'Made', 202: 'Accepted: it is being done', 204: 'Done, nothing to say' }[spec.success] ?? 'Fine';
  const headers = {
    ...(path.startsWith('/v1') ? VERSION_HEADERS : {}),
    ...(isTagged(route) ? ETAG : {}),
    ...(spec.success === 201 && path === '/v1/clustertemplates' ? LOCATION : {}),
  };
  if (!spec.answer) return { description, headers };
  const shown = examples?.responses[spec.success];
  const body = { schema: schemaOf(spec.answer, 'output', schemas), ...(shown ? { examples: shown } : {}) };
  return { description, headers, content: { [spec.mediaType ?? 'application/json']: body } };
}

/** The schema of the route's body, if it takes one. */
export function bodyOf(route: DescribedRoute): z.ZodType | undefined {
  return inputs(route).body;
}

/** The schema of the route's query, if it takes one. */
export function queryOf(route: DescribedRoute): z.ZodType | undefined {
  return inputs(route).query;
}

function inputs({ controller, handler }: DescribedRoute): { body?: z.ZodType; query?: z.ZodType } {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<string, { schema?: z.ZodType }>;
  const found: { body?: z.ZodType; query?: z.ZodType } = {};
  for (const [key, { schema }] of Object.entries(args)) {
    if (!schema) continue;
    if (key.startsWith(`${RouteParamtypes.BODY}:`)) found.body = schema;
    if (key.startsWith(`${RouteParamtypes.QUERY}:`)) found.query = schema;
  }
  return found;
}

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  cluster: 'uuid or name of the cluster',
  template: 'uuid or name of the cluster template',
  group: 'uuid, name or number of the node group',
  addon: 'name of the add-on, as `GET /v1/addons` has it',
  project: 'Project id',
  resource: 'Name of the resource: `Cluster`',
  type: 'Which authority: `kubernetes`, `etcd`, `front-proxy`',
  operation: 'uuid of the operation',
  node: 'uuid or name of the node',
  federation: 'uuid or name of a federation',
  stack: 'uuid or name of a stack',
};

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PATH_PARAMETERS[name] ?? name,
    schema: { type: 'string' },
  }));
}

function queryParameters(schema: z.ZodType): Json[] {
  const { properties = {} } = toSchema(schema, 'input') as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, example, ...rest }]) => {
    const shown = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-openstack-')));
    return versioned({ name, in: 'query', description, schema: shown, ...(example === undefined ? {} : { example }) });
  });
}

/** Schemas with an id become components, the rest stays in place. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $defs, ...shown } = toSchema(schema, io) as Json & { $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id: _id, ...component } = definition as Json;
    schemas[name] = component;
  }
  const id = typeof shown['id'] === 'string' ? shown['id'] : undefined;
  if (id === undefined) return shown;
  const { id: _, ...component } = shown;
  schemas[id] = component;
  return { $ref: `#/components/schemas/${id}` };
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...shown } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return fieldsVersioned(JSON.parse(JSON.stringify(shown).replaceAll('#/$defs/', '#/components/schemas/'))) as Json;
}

function fieldsVersioned(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(fieldsVersioned);
  if (typeof node !== 'object' || node === null) return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fieldsVersioned(value)]));
  return typeof inner['description'] === 'string' ? versioned(inner) : inner;
}
