import { absent, isBadRequest, OpenStackError, type Volume } from '#libs/openstack';
import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource, type Attributes } from '../../resource.js';
import { adopt } from '../adopt.js';
import { cloudOf, everywhere, later, stillThere } from '../answers.js';
import { given, integer, reference, text, textMap } from '../fields.js';
import { hasOurMetadata, metadataOf, nameOf } from '../identity.js';

const properties = z.strictObject({
  name: text().optional(),
  description: text().optional(),
  /** GiB */
  size: integer(1).optional(),
  volume_type: text().optional(),
  availability_zone: text().optional(),
  image: reference().optional(),
  snapshot_id: reference().optional(),
  source_volid: reference().optional(),
  metadata: textMap().optional(),
  scheduler_hints: textMap().optional(),
});

const STUCK = /^error/;
const FREE: ReadonlySet<string> = new Set(['available', 'in-use']);

function settled(volume: Volume): boolean {
  if (STUCK.test(volume.status)) throw new ResourceInError(`the volume is in ${volume.status}`, 'volume-in-error');
  return FREE.has(volume.status);
}

const attributesOf = ({ status, size, availability_zone, volume_type, bootable, metadata }: Volume): Attributes => ({
  status,
  size,
  availability_zone,
  volume_type,
  bootable,
  metadata,
});

/** OS::Cinder::Volume. Wire: Cinder `volumes`, API v3. */
export const volume = defineResource({
  type: 'OS::Cinder::Volume',
  properties,
  updatable: ['name', 'description', 'metadata'],
  defaults: { description: '', metadata: {} },
  attributes: ['status', 'size', 'availability_zone', 'volume_type', 'bootable', 'metadata'],
  find: async (ctx, p) => {
    const { volumes } = cloudOf(ctx).volume;
    const named = await volumes.list({ name: nameOf(ctx, p), ...((await everywhere(ctx)) ? { all_tenants: true } : {}) });
    return adopt(
      named.filter((one) => one.name === nameOf(ctx, p) && hasOurMetadata(ctx, one) && one.status !== 'deleting'),
      (one) => !STUCK.test(one.status),
      (one) => (FREE.has(one.status) && one.attachments.length > 0 ? Promise.resolve() : volumes.delete(one.id)),
    );
  },
  create: async (ctx, p) => {
    const { image, scheduler_hints, metadata, ...rest } = p;
    const body = given({
      ...rest,
      name: nameOf(ctx, p),
      imageRef: image,
      metadata: { ...metadata, ...metadataOf(ctx) },
    });
    return (await cloudOf(ctx).volume.volumes.createWithHints(body, scheduler_hints)).id;
  },
  poll: async (ctx, id) => {
    const one = await stillThere('volume', cloudOf(ctx).volume.volumes.get(id));
    return settled(one) ? { attributes: attributesOf(one) } : 'pending';
  },
  update: async (ctx, id, changed, p) => {
    const metadata = { ...p.metadata, ...metadataOf(ctx) };
    await cloudOf(ctx).volume.volumes.update(id, given({ name: changed.name, description: changed.description, metadata }));
    return 'updated';
  },
  /** Cinder says 400 while a volume is attached or in work. */
  remove: async (ctx, id) => {
    const { volumes } = cloudOf(ctx).volume;
    try {
      await volumes.delete(id);
    } catch (error) {
      if (!(error instanceof OpenStackError) || !isBadRequest(error)) throw error;
      const one = await absent(volumes.get(id));
      if (one !== null && one.status !== 'deleting') throw later(error, 1_000);
    }
  },
  gone: async (ctx, id) => {
    const one = await absent(cloudOf(ctx).volume.volumes.get(id));
    if (one?.status === 'error_deleting') throw new ResourceInError('the volume is in error_deleting', 'volume-in-error');
    return one === null;
  },
  read: async (ctx, id) => attributesOf(await cloudOf(ctx).volume.volumes.get(id)),
});
