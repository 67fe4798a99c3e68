import { newId, nowMicros } from '../cloud.js';
import { badRequest, forbidden, notFound } from '../server/api-error.js';
import { accepted, ok, route } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import { newestLast, pageOf } from '../server/paging.js';
import type { Cinder, Snapshot } from './cinder.js';
import { metadataMatches, requestObject } from './volume-requests.js';

const base = '/:project_id/snapshots';

/** Snapshots of volumes. Wire: Cinder v3 `snapshots`; lists know metadata from 3.22 on. */
export function snapshotRoutes(cinder: Cinder): Route[] {
  const { snapshots } = cinder;
  const get = (call: Call): Snapshot => {
    const row = snapshots.get(call.params['id'] ?? '');
    if (row === undefined || (!call.auth.isAdmin && row.project_id !== call.auth.projectId))
      throw notFound(`Snapshot ${call.params['id']} could not be found.`);
    return row;
  };
  const member = (call: Call, action: string): void => {
    if (!call.auth.roles.has('member')) throw forbidden(`Policy doesn't allow volume:${action} to be performed.`);
  };
  return [
    route('POST', base, (call) => {
      member(call, 'create_snapshot');
      const fields = requestObject(call, 'snapshot');
      const volume = cinder.get(call, fields.text('volume_id'));
      const usable = volume.status === 'available' || (volume.status === 'in-use' && fields.flag('force', false));
      if (!usable)
        throw badRequest(
          `Invalid volume: Volume ${volume.id} status must be available, but current status is: ${volume.status}.`,
        );
      const row = snapshots.insert({
        id: newId(),
        name: fields.optionalText('name') ?? '',
        description: fields.optionalText('description') ?? null,
        project_id: volume.project_id,
        volume_id: volume.id,
        size: volume.size,
        status: 'creating',
        metadata: fields.map('metadata') ?? {},
        created_at: nowMicros(),
      });
      cinder.cloud.later('snapshot.available', row.id, 'volumeCreateMs');
      return accepted({ snapshot: view(row) });
    }),
    route('GET', base, (call) => ok(listing(cinder, call))),
    route('GET', `${base}/detail`, (call) => ok(listing(cinder, call))),
    route('GET', `${base}/:id`, (call) => ok({ snapshot: view(get(call)) })),
    route('DELETE', `${base}/:id`, (call) => {
      const row = get(call);
      member(call, 'delete_snapshot');
      if (!['available', 'error', 'error_deleting'].includes(row.status))
        throw badRequest('Invalid snapshot: Volume Snapshot status must be available or error.');
      snapshots.patch(row.id, { status: 'deleting' });
      if (call.outcome?.outcome !== 'stuck')
        cinder.cloud.later(call.outcome === undefined ? 'snapshot.gone' : 'snapshot.error', row.id, 'volumeDeleteMs');
      return accepted();
    }),
  ];
}

function listing(cinder: Cinder, call: Call): Json {
  const { query } = call;
  const everywhere = call.auth.isAdmin && /^(1|true)$/i.test(query.get('all_tenants') ?? '');
  const project = everywhere ? query.get('project_id') : call.auth.projectId;
  const [major, minor] = call.microversion;
  const knowsMetadata = major > 3 || minor >= 22;
  const rows = [...cinder.snapshots.all()].filter(
    (row) =>
      (project === null || row.project_id === project) &&
      (query.get('name') ?? row.name) === row.name &&
      (query.get('status') ?? row.status) === row.status &&
      (query.get('volume_id') ?? row.volume_id) === row.volume_id &&
      (!knowsMetadata || metadataMatches(row.metadata, query.get('metadata'))),
  );
  const page = pageOf(rows, {
    key: (row) => row.id,
    limit: query.get('limit'),
    marker: query.get('marker'),
    maximum: 1000,
    sort: newestLast([], []),
    value: (row, key) => (row as unknown as Json)[key],
    missingMarker: (marker) => notFound(`Snapshot ${marker} could not be found.`),
  });
  const next = new URLSearchParams(query);
  if (page.next !== undefined) next.set('marker', page.next);
  const href = `${cinder.cloud.baseUrl}/volume${call.path.startsWith('/v3') ? '' : '/v3'}${call.path}?${next.toString()}`;
  return {
    snapshots: page.items.map(view),
    ...(page.next === undefined ? {} : { snapshots_links: [{ rel: 'next', href }] }),
  };
}

function view({ project_id: projectId, ...shown }: Snapshot): Json {
  return { ...shown, 'os-extended-snapshot-attributes:project_id': projectId };
}
