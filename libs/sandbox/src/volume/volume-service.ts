import { badRequest, forbidden, notFound } from '../server/api-error.js';
import { accepted, ok, openRoute, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { readMicroversion } from '../server/microversion.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Service } from '../server/service.js';
import type { Glance } from '../image/glance.js';
import type { Cinder, Volume } from './cinder.js';
import { snapshotRoutes } from './snapshots.js';
import { invalidField as invalid, metadataMatches, requestObject as object } from './volume-requests.js';
import { volumeTypes } from './cinder.js';
import { volumeView } from './volume-view.js';

const maxMinor = 71;
const faults: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** Cinder v3: volumes, snapshots, types, attachments, limits. No backups. */
export function volumeService(cinder: Cinder, glance: Glance): Service {
  const version = (): Json => ({
    id: 'v3.0',
    status: 'CURRENT',
    version: `3.${maxMinor}`,
    min_version: '3.0',
    updated: '2023-08-31T00:00:00Z',
    links: [{ rel: 'self', href: `${cinder.cloud.baseUrl}/volume/v3/` }],
  });
  return {
    name: 'volume',
    prefix: 'volume',
    versions: ['v3'],
    rootRoutes: [openRoute('GET', '/', () => ({ status: 300, body: { versions: [version()] } }))],
    routes: [openRoute('GET', '/', () => ok({ versions: [version()] })), ...routes(cinder, glance)],
    microversion: (headers) => readMicroversion(headers, 'volume', 3, maxMinor, undefined, [3, 0]),
    headers: (_requestId, version) => ({ 'openstack-api-version': `volume ${version.join('.')}`, vary: 'OpenStack-API-Version' }),
    error: (error) => ({
      [faults[error.status] ?? 'computeFault']: {
        code: error.status,
        message: error.message,
        ...(error.status === 413 ? { retryAfter: '0' } : {}),
      },
    }),
  };
}

function routes(cinder: Cinder, glance: Glance): Route[] {
  const { volumes, attachments, quotas } = cinder;
  const member = (call: Call, action: string): string => {
    if (call.auth.projectId === undefined || (call.params['project_id'] !== call.auth.projectId && !call.auth.isAdmin))
      throw badRequest('Malformed request url');
    if (!call.auth.roles.has('member')) throw forbidden(`Policy doesn't allow volume:${action} to be performed.`);
    return call.auth.projectId;
  };
  const volume = (call: Call): Volume => cinder.get(call, call.params['id'] ?? '');
  const base = '/:project_id/volumes';

  return [
    route('POST', base, (call) => {
      const projectId = member(call, 'create');
      const fields = object(call, 'volume');
      const imageId = fields.optionalText('imageRef') ?? null;
      if (imageId !== null && glance.images.get(imageId) === undefined)
        throw badRequest(`Invalid image identifier or unable to access requested image.`);
      const made = cinder.create(
        {
          name: fields.optionalText('name') ?? fields.optionalText('display_name') ?? '',
          projectId,
          userId: call.auth.user.id,
          sizeGib: fields.integer('size', 1, 1_000_000),
          description: fields.optionalText('description') ?? null,
          type: fields.optionalText('volume_type'),
          zone: fields.optionalText('availability_zone'),
          imageId,
          metadata: fields.map('metadata') ?? {},
        },
        call.outcome,
      );
      return accepted({ volume: volumeView(cinder, made) });
    }),
    route('GET', base, (call) => ok(listing(cinder, call, (row) => ({ id: row.id, name: row.name, links: [] })))),
    route('GET', `${base}/detail`, (call) => ok(listing(cinder, call, (row) => volumeView(cinder, row)))),
    route('GET', `${base}/:id`, (call) => ok({ volume: volumeView(cinder, volume(call)) })),
    route('PUT', `${base}/:id`, (call) => {
      const row = volume(call);
      member(call, 'update');
      const fields = object(call, 'volume');
      const changed = volumes.patch(row.id, {
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        metadata: fields.map('metadata') ?? row.metadata,
      });
      return ok({ volume: volumeView(cinder, changed) });
    }),
    route('DELETE', `${base}/:id`, (call) => {
      const row = volume(call);
      member(call, 'delete');
      cinder.delete(row, call.outcome);
      return accepted();
    }),
    route('GET', `${base}/:id/metadata`, (call) => ok({ metadata: volume(call).metadata })),
    route('POST', `${base}/:id/metadata`, (call) => {
      const row = volume(call);
      member(call, 'create_volume_metadata');
      const metadata = { ...row.metadata, ...new Fields(isObject(call.body) ? call.body : {}, invalid).map('metadata') };
      volumes.patch(row.id, { metadata });
      return ok({ metadata });
    }),
    route('POST', `${base}/:id/action`, (call) => {
      const row = volume(call);
      member(call, 'action');
      const body = isObject(call.body) ? call.body : {};
      const action = Object.keys(body)[0] ?? '';
      const fields = new Fields(isObject(body[action]) ? body[action] : {}, invalid);
      act(cinder, call, row, action, fields);
      return accepted();
    }),
    route('GET', '/:project_id/types', () => ok({ volume_types: volumeTypes.map(typeView) })),
    route('GET', '/:project_id/types/:type_id', (call) => {
      const wanted = call.params['type_id'];
      const type = wanted === 'default' ? volumeTypes[0] : volumeTypes.find((known) => known.id === wanted);
      if (type === undefined) throw notFound(`Volume type ${wanted} could not be found.`);
      return ok({ volume_type: typeView(type) });
    }),
    route('GET', '/:project_id/attachments', (call) => {
      const rows = attachments
        .by('project_id', call.auth.projectId)
        .filter(
          (row) =>
            (call.query.get('volume_id') ?? row.volume_id) === row.volume_id &&
            (call.query.get('instance_id') ?? row.server_id) === row.server_id,
        );
      return ok({
        attachments: rows.map((row) => ({ id: row.id, status: row.status, instance: row.server_id, volume_id: row.volume_id })),
      });
    }),
    route('GET', '/:project_id/limits', (call) => {
      const owned = volumes.by('project_id', call.auth.projectId);
      const limits = quotas.of(call.auth.projectId ?? '');
      return ok({
        limits: {
          rate: [],
          absolute: {
            maxTotalVolumes: limits['volumes'],
            maxTotalVolumeGigabytes: limits['gigabytes'],
            maxTotalSnapshots: limits['snapshots'],
            maxTotalBackups: limits['backups'],
            maxTotalBackupGigabytes: limits['backup_gigabytes'],
            totalVolumesUsed: owned.length,
            totalGigabytesUsed: owned.reduce((sum, row) => sum + row.size, 0),
            totalSnapshotsUsed: cinder.snapshots.by('project_id', call.auth.projectId).length,
            totalBackupsUsed: 0,
            totalBackupGigabytesUsed: 0,
          },
        },
      });
    }),
    route('GET', '/:project_id/os-quota-sets/:target', (call) =>
      ok({ quota_set: { id: call.params['target'], ...quotas.of(call.params['target'] ?? '') } }),
    ),
    route('PUT', '/:project_id/os-quota-sets/:target', (call) => {
      if (!call.auth.isAdmin) throw forbidden("Policy doesn't allow volume_extension:quotas:update to be performed.");
      const fields = object(call, 'quota_set');
      quotas.set(
        call.params['target'] ?? '',
        Object.fromEntries(
          Object.keys(fields.source)
            .filter((name) => name in quotas.defaults)
            .map((name) => [name, fields.integer(name, -1, 1e9)]),
        ),
      );
      return ok({ quota_set: quotas.of(call.params['target'] ?? '') });
    }),
    route('GET', '/:project_id/os-availability-zone', () =>
      ok({ availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true } }] }),
    ),
    route('GET', '/:project_id/extensions', () => ok({ extensions: [] })),
    ...snapshotRoutes(cinder),
    ...['backups', 'backups/detail'].map((path) =>
      route('GET', `/:project_id/${path}`, () => ok({ [path.split('/')[0] ?? path]: [] })),
    ),
  ];
}

function act(cinder: Cinder, call: Call, row: Volume, action: string, fields: Fields): void {
  if (action === 'os-reset_status') {
    if (!call.auth.isAdmin)
      throw forbidden("Policy doesn't allow volume_extension:volume_admin_actions:reset_status to be performed.");
    cinder.set(
      row.id,
      fields.choice('status', [
        'creating',
        'available',
        'reserved',
        'attaching',
        'in-use',
        'detaching',
        'deleting',
        'error',
        'error_deleting',
        'extending',
      ]),
    );
  } else if (action === 'os-force_delete') {
    if (!call.auth.isAdmin)
      throw forbidden("Policy doesn't allow volume_extension:volume_admin_actions:force_delete to be performed.");
    cinder.set(row.id, 'error');
    const failed = cinder.volumes.get(row.id);
    if (failed !== undefined) cinder.delete(failed, call.outcome);
  } else if (action === 'os-extend') {
    const size = fields.integer('new_size', 1, 1_000_000);
    if (row.status !== 'available')
      throw badRequest(
        `Invalid volume: Volume ${row.id} status must be '('available', 'in-use')' to extend, but current status is: ${row.status}.`,
      );
    if (size <= row.size)
      throw badRequest(
        `Invalid input received: New size for extend must be greater than current size. (current: ${row.size}, extended: ${size}).`,
      );
    cinder.volumes.patch(row.id, { size, status: 'extending' });
    cinder.cloud.later('volume.available', row.id, 'volumeCreateMs');
  } else if (action === 'os-set_bootable') cinder.volumes.patch(row.id, { bootable: fields.flag('bootable', true) });
  else if (action === 'os-detach') for (const attachment of cinder.attachments.by('volume_id', row.id)) cinder.detach(attachment);
  else throw badRequest(`There is no such action: ${action}`);
}

function listing(cinder: Cinder, call: Call, view: (row: Volume) => Json): Json {
  const { query } = call;
  const everywhere = query.get('all_tenants') !== null && call.auth.isAdmin;
  const project = everywhere ? query.get('project_id') : call.auth.projectId;
  const name = query.get('name');
  const rows = (
    name !== null
      ? cinder.volumes.by('name', name)
      : everywhere
        ? [...cinder.volumes.all()]
        : cinder.volumes.by('project_id', call.auth.projectId)
  )
    .filter(
      (row) =>
        (project === null || row.project_id === project) &&
        (query.get('status') ?? row.status) === row.status &&
        metadataMatches(row.metadata, query.get('metadata')),
    )
    .reverse();
  const page = pageOf(rows, {
    key: (row) => row.id,
    limit: query.get('limit'),
    marker: query.get('marker'),
    maximum: 1000,
    sort: newestLast(
      (query.get('sort') ?? '')
        .split(',')
        .filter((item) => item !== '')
        .map((item) => item.split(':')[0] ?? ''),
      (query.get('sort') ?? '').split(',').map((item) => item.split(':')[1] ?? 'desc'),
    ),
    value: (row, key) => (row as unknown as Json)[key],
    missingMarker: (marker) => notFound(`Volume ${marker} could not be found.`),
  });
  const next = new URLSearchParams(query);
  if (page.next !== undefined) next.set('marker', page.next);
  return {
    volumes: page.items.map(view),
    ...(page.next === undefined
      ? {}
      : {
          volumes_links: [
            {
              rel: 'next',
              href: `${cinder.cloud.baseUrl}/volume${call.path.startsWith('/v3') ? '' : '/v3'}${call.path}?${next.toString()}`,
            },
          ],
        }),
  };
}

const typeView = (type: (typeof volumeTypes)[number]): Json => ({
  ...type,
  'os-volume-type-access:is_public': true,
  extra_specs: {},
  qos_specs_id: null,
});
