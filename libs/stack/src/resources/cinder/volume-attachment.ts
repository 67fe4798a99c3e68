import { absent, isBadRequest, isConflict, OpenStackError } from '#libs/openstack';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource, type ResourceContext } from '../../resource.js';
import { cloudOf, later } from '../answers.js';
import { given, reference, text } from '../fields.js';

const properties = z.strictObject({
  instance_uuid: reference(),
  volume_id: reference(),
  mountpoint: text().optional(),
});

const partsOf = (id: string): [serverId: string, volumeId: string] => {
  const [serverId = '', volumeId = ''] = id.split('/');
  return [serverId, volumeId];
};

/** Whether Cinder has the volume on that server; null when there is no such volume. */
async function stateOf(
  ctx: ResourceContext,
  serverId: string,
  volumeId: string,
): Promise<{ status: string; attached: boolean } | null> {
  const volume = await absent(cloudOf(ctx).volume.volumes.get(volumeId));
  return volume && { status: volume.status, attached: volume.attachments.some(({ server_id }) => server_id === serverId) };
}

/**
 * OS::Cinder::VolumeAttachment: a volume on a server. Its id is `<server>/<volume>`.
 * Wire: Nova `servers/{id}/os-volume_attachments`; Cinder's volume says when it is done.
 */
export const volumeAttachment = defineResource({
  type: 'OS::Cinder::VolumeAttachment',
  properties,
  updatable: [],
  attributes: [],
  find: async (ctx, p) => {
    const attachment = await absent(cloudOf(ctx).compute.volumeAttachments.get(p.instance_uuid, p.volume_id));
    return attachment && `${p.instance_uuid}/${p.volume_id}`;
  },
  create: async (ctx, p) => {
    const body = given({ volumeId: p.volume_id, device: p.mountpoint });
    await cloudOf(ctx).compute.volumeAttachments.create(p.instance_uuid, { volumeId: p.volume_id, ...body });
    return `${p.instance_uuid}/${p.volume_id}`;
  },
  poll: async (ctx, id) => {
    const [serverId, volumeId] = partsOf(id);
    const state = await stateOf(ctx, serverId, volumeId);
    if (state === null) throw new ResourceInError('the volume is gone', 'cloud-object-deleted');
    if (state.status.startsWith('error')) throw new ResourceInError(`the volume is in ${state.status}`, 'volume-in-error');
    return state.status === 'in-use' && state.attached ? { attributes: {} } : 'pending';
  },
  update: () => Promise.resolve('replace'),
  /** Nova says 400 or 409 while the volume is on its way; somebody may have detached it before. */
  remove: async (ctx, id) => {
    const [serverId, volumeId] = partsOf(id);
    try {
      await cloudOf(ctx).compute.volumeAttachments.delete(serverId, volumeId);
    } catch (error) {
      if (!(error instanceof OpenStackError) || !(isBadRequest(error) || isConflict(error))) throw error;
      const state = await stateOf(ctx, serverId, volumeId);
      if (state?.attached && state.status !== 'detaching') throw later(error, 1_000);
    }
  },
  gone: async (ctx, id) => {
    const [serverId, volumeId] = partsOf(id);
    const state = await stateOf(ctx, serverId, volumeId);
    return state === null || (!state.attached && state.status !== 'detaching');
  },
  read: () => Promise.resolve({}),
  /** A volume is on one server, and a device name on a server is one volume's. */
  excludes: (before, after) =>
    before.volume_id === after.volume_id ||
    (before.instance_uuid === after.instance_uuid && after.mountpoint !== undefined && before.mountpoint === after.mountpoint),
});
