import type { Json } from '../server/call.js';
import type { Cinder, Volume } from './cinder.js';

/** A volume as `volumes/detail` shows it. */
export function volumeView(cinder: Cinder, row: Volume): Json {
  const { image_id: imageId, project_id: projectId, ...shown } = row;
  const attached = cinder.attachments
    .by('volume_id', row.id)
    .filter((attachment) => attachment.status === 'attached' || attachment.status === 'detaching');
  return {
    ...shown,
    bootable: String(row.bootable),
    attachments: attached.map((attachment) => ({
      id: row.id,
      volume_id: row.id,
      attachment_id: attachment.id,
      server_id: attachment.server_id,
      host_name: null,
      device: attachment.device,
      attached_at: attachment.attached_at,
    })),
    'os-vol-tenant-attr:tenant_id': projectId,
    encrypted: false,
    multiattach: false,
    snapshot_id: null,
    source_volid: null,
    consistencygroup_id: null,
    replication_status: null,
    links: [{ rel: 'self', href: `${cinder.cloud.baseUrl}/volume/v3/${projectId}/volumes/${row.id}` }],
    ...(imageId === null ? {} : { volume_image_metadata: { image_id: imageId } }),
  };
}
