import { badRequest, notFound } from '../server/api-error.js';
import { accepted, ok, route, since } from '../server/call.js';
import type { Call, Json, Route } from '../server/call.js';
import type { Attachment } from '../volume/cinder.js';
import { novaFields } from './nova.js';
import type { Nova } from './nova.js';

/** Volumes of servers. Wire: Nova v2.1 `os-volume_attachments`. */
export function volumeAttachmentRoutes(nova: Nova): Route[] {
  const { cinder } = nova;
  const base = '/servers/:id/os-volume_attachments';
  const view = (call: Call, row: Attachment): Json => ({
    volumeId: row.volume_id,
    serverId: row.server_id,
    device: row.device,
    ...(since(call, 89) ? { attachment_id: row.id, bdm_uuid: row.id } : { id: row.volume_id }),
    ...(since(call, 70) ? { tag: null } : {}),
    ...(since(call, 79) ? { delete_on_termination: row.delete_on_termination } : {}),
  });
  const get = (call: Call): Attachment => {
    const server = nova.server(call, call.params['id'] ?? '');
    const row = cinder.attachments
      .by('server_id', server.id)
      .find((attachment) => attachment.volume_id === call.params['volume_id']);
    if (row === undefined) throw notFound(`Instance ${server.id} is not attached to volume ${call.params['volume_id']}`);
    return row;
  };
  return [
    route('GET', base, (call) =>
      ok({
        volumeAttachments: cinder.attachments
          .by('server_id', nova.server(call, call.params['id'] ?? '').id)
          .map((row) => view(call, row)),
      }),
    ),
    route('GET', `${base}/:volume_id`, (call) => ok({ volumeAttachment: view(call, get(call)) })),
    route('POST', base, (call) => {
      const server = nova.server(call, call.params['id'] ?? '');
      nova.member(call, 'os-volumes-attachments:create');
      const fields = novaFields(call, 'volumeAttachment');
      const id = fields.text('volumeId');
      const volume = cinder.volumes.get(id);
      if (volume === undefined || (volume.project_id !== call.auth.projectId && !call.auth.isAdmin))
        throw notFound(`Volume ${id} could not be found.`);
      if (!['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED'].includes(server.status))
        throw badRequest(
          `Cannot 'attach_volume' instance ${server.id} while it is in vm_state ${server.status === 'BUILD' ? 'building' : server.status.toLowerCase()}`,
        );
      const row = cinder.attach(volume, server.id, {
        device: fields.optionalText('device'),
        deleteOnTermination: fields.flag('delete_on_termination', false),
      });
      return ok({ volumeAttachment: view(call, row) });
    }),
    route('DELETE', `${base}/:volume_id`, (call) => {
      const row = get(call);
      nova.member(call, 'os-volumes-attachments:delete');
      cinder.detach(row);
      return accepted();
    }),
  ];
}
