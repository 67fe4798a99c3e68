import { ApiError, badRequest, conflict, forbidden } from '../server/api-error.js';
import { created, noContent, ok, openRoute, route } from '../server/call.js';
import type { Call, Json, Reply, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Service } from '../server/service.js';
import { nowSeconds } from '../cloud.js';
import { imageView, wantsHtml } from './glance.js';
import type { Glance, Image } from './glance.js';
import { textOf } from '../server/text.js';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  503: 'Service Unavailable',
};
const base = [
  'id',
  'name',
  'visibility',
  'disk_format',
  'container_format',
  'min_disk',
  'min_ram',
  'protected',
  'tags',
  'owner',
] as const;
const controls = new Set([
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'member_status',
  'os_hidden',
  'tag',
  'size_min',
  'size_max',
  'created_at',
  'updated_at',
]);

/** Glance v2, images without their data: what is uploaded is taken and forgotten. */
export function imageService(glance: Glance): Service {
  const versions = (): Json => ({
    versions: ['v2.16', 'v2.15', 'v2.9', 'v2.7', 'v2.0'].map((id, index) => ({
      id,
      status: index === 0 ? 'CURRENT' : 'SUPPORTED',
      links: [{ rel: 'self', href: `${glance.cloud.baseUrl}/image/v2/` }],
    })),
  });
  return {
    name: 'image',
    prefix: 'image',
    versions: ['v2'],
    rootRoutes: [
      openRoute('GET', '/', (): Reply => ({ status: 300, body: versions() })),
      openRoute('GET', '/versions', () => ok(versions())),
    ],
    routes: routes(glance),
    error: (error, headers) => {
      const title = titles[error.status] ?? 'Internal Server Error';
      if (wantsHtml(headers))
        return `<html>\n <head>\n  <title>${error.status} ${title}</title>\n </head>\n <body>\n  <h1>${error.status} ${title}</h1>\n  ${error.message}<br /><br />\n\n\n </body>\n</html>`;
      return { message: `${error.message}<br /><br />\n\n\n`, code: `${error.status} ${title}`, title };
    },
  };
}

function routes(glance: Glance): Route[] {
  const { images } = glance;
  const writable = (call: Call): Image => {
    const image = glance.get(call, call.params['id'] ?? '');
    if (!call.auth.isAdmin && (image.owner !== call.auth.projectId || !call.auth.roles.has('member')))
      throw forbidden('You are not authorized to complete this action.');
    return image;
  };
  return [
    openRoute('GET', '/', () => ok({ versions: [] })),
    route('GET', '/images', (call) => {
      const page = pageOf(list(glance, call), {
        key: (image) => image.id,
        limit: call.query.get('limit'),
        marker: call.query.get('marker'),
        maximum: 1000,
        sort: sorting(call),
        value: (image, name) => imageView(image)[name],
        missingMarker: (marker) => badRequest(`Invalid marker ${marker}`),
      });
      const next = new URLSearchParams(call.query);
      if (page.next !== undefined) next.set('marker', page.next);
      return ok({
        images: page.items.map(imageView),
        first: '/v2/images',
        schema: '/v2/schemas/images',
        ...(page.next === undefined ? {} : { next: `/v2/images?${next.toString()}` }),
      });
    }),
    route('GET', '/images/:id', (call) => ok(imageView(glance.get(call, call.params['id'] ?? '')))),
    route('POST', '/images', (call) => {
      if (!call.auth.roles.has('member') || call.auth.projectId === undefined)
        throw forbidden('You are not authorized to complete this action.');
      if (!isObject(call.body)) throw badRequest('Expected an object');
      const fields = new Fields(call.body, (name, _value, reason) =>
        badRequest(`Provided object does not match schema 'image': ${reason} (${name})`),
      );
      const visibility = fields.choice('visibility', ['public', 'private', 'shared', 'community'], 'shared');
      if (visibility === 'public' && !call.auth.isAdmin)
        throw forbidden('You are not authorized to complete publicize_image action.');
      const image = glance.create({
        name: fields.optionalText('name') ?? '',
        owner: call.auth.projectId,
        status: 'queued',
        visibility,
        properties: Object.fromEntries(
          Object.entries(call.body).flatMap(([name, value]) =>
            (base as readonly string[]).includes(name) ? [] : [[name, String(value)]],
          ),
        ),
        more: {
          disk_format: fields.optionalText('disk_format') ?? null,
          container_format: fields.optionalText('container_format') ?? null,
          min_disk: fields.optionalInteger('min_disk', 0, 1e6) ?? 0,
          min_ram: fields.optionalInteger('min_ram', 0, 1e9) ?? 0,
          tags: fields.texts('tags') ?? [],
        },
      });
      return {
        status: 201,
        body: imageView(image),
        headers: { location: `${glance.cloud.baseUrl}/image/v2/images/${image.id}` },
      };
    }),
    route('PUT', '/images/:id/file', (call) => {
      images.patch(writable(call).id, { status: 'active', size: 1024, updated_at: nowSeconds() });
      return noContent;
    }),
    route('PATCH', '/images/:id', (call) => ok(imageView(patch(glance, writable(call), call.body)))),
    route('DELETE', '/images/:id', (call) => {
      const image = writable(call);
      if (image.protected) throw forbidden(`Image ${image.id} is protected and cannot be deleted.`);
      images.remove(image.id);
      return noContent;
    }),
    route('POST', '/images/:id/actions/deactivate', (call) => {
      images.patch(writable(call).id, { status: 'deactivated' });
      return noContent;
    }),
    route('POST', '/images/:id/actions/reactivate', (call) => {
      images.patch(writable(call).id, { status: 'active' });
      return noContent;
    }),
    route('GET', '/images/:id/members', () => ok({ members: [], schema: '/v2/schemas/members' })),
    route('GET', '/schemas/image', () => created({ name: 'image', properties: {}, additionalProperties: { type: 'string' } })),
  ];
}

function list(glance: Glance, call: Call): Image[] {
  const { query } = call;
  const name = query.get('name');
  const exact = name !== null && !/^\w+:/.test(name);
  const wanted = [...query.keys()].filter((key) => !controls.has(key));
  const visibility = query.get('visibility');
  const found = [...(exact ? glance.images.by('name', name) : glance.images.all())].filter((image) => {
    if (
      !glance.isVisible(image, call) ||
      (image.visibility === 'community' && visibility !== 'community' && image.owner !== call.auth.projectId)
    )
      return false;
    const view = imageView(image);
    return (
      wanted.every((key) => visibilityAll(key, query.get(key)) || oneOf(textOf(view[key]), query.get(key) ?? '')) &&
      query.getAll('tag').every((tag) => image.tags.includes(tag))
    );
  });
  return found.reverse();
}

const visibilityAll = (key: string, value: string | null): boolean => key === 'visibility' && value === 'all';

/** Glance's operators on text: `in:a,b`, `neq:a`, else equality. */
function oneOf(actual: string, wanted: string): boolean {
  if (wanted.startsWith('in:'))
    return wanted
      .slice(3)
      .split(',')
      .map((item) => item.replace(/^"|"$/g, ''))
      .includes(actual);
  if (wanted.startsWith('neq:')) return actual !== wanted.slice(4);
  return actual === wanted;
}

function sorting(call: Call): ReturnType<typeof newestLast> {
  const pairs = (call.query.get('sort') ?? '')
    .split(',')
    .filter((item) => item !== '')
    .map((item) => item.split(':'));
  if (pairs.length > 0)
    return newestLast(
      pairs.map(([name]) => name ?? ''),
      pairs.map(([, direction]) => direction ?? 'desc'),
    );
  const keys = call.query.getAll('sort_key');
  return newestLast(
    keys,
    keys.map((_key, index) => call.query.getAll('sort_dir')[index] ?? 'desc'),
  );
}

/** Applies Glance's JSON patch (one level deep). */
function patch(glance: Glance, image: Image, body: unknown): Image {
  if (!Array.isArray(body)) throw badRequest('Request body must be a JSON array of operation objects.');
  const top: Record<string, unknown> = {};
  const properties: Record<string, string> = { ...image.properties };
  for (const operation of body as unknown[]) {
    if (!isObject(operation) || typeof operation['path'] !== 'string') throw badRequest('Operations must be JSON objects.');
    const name = operation['path'].slice(1);
    const verb = operation['op'];
    if (name === 'id' || name === 'status' || name === 'owner') throw forbidden(`Attribute '${name}' is read-only.`);
    if ((base as readonly string[]).includes(name)) {
      if (verb !== 'replace' && verb !== 'add') throw forbidden(`Property ${name} may not be removed.`);
      top[name] = operation['value'];
    } else if (verb === 'remove') {
      if (!(name in properties)) throw conflict(`Property ${name} does not exist.`);
      delete properties[name];
    } else if (verb === 'add' || verb === 'replace') properties[name] = String(operation['value']);
    else throw new ApiError(400, `Unable to find operation ${String(verb)}`);
  }
  return glance.images.patch(image.id, { ...(top as Partial<Image>), properties, updated_at: nowSeconds() });
}
