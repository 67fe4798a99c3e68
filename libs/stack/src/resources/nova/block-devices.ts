import { z } from 'zod';
import { flag, given, integer, reference, text } from '../fields.js';

/** An entry of `block_device_mapping_v2`. Source: heat nova/server.py. */
export const blockDevice = z.strictObject({
  device_name: text().optional(),
  volume_id: reference().optional(),
  image: reference().optional(),
  image_id: reference().optional(),
  snapshot_id: reference().optional(),
  swap_size: integer(1).optional(),
  ephemeral_size: integer(1).optional(),
  ephemeral_format: text().optional(),
  device_type: text().optional(),
  disk_bus: text().optional(),
  boot_index: integer(-1).optional(),
  volume_size: integer(1).optional(),
  volume_type: text().optional(),
  delete_on_termination: flag().optional(),
});
export type BlockDevice = z.infer<typeof blockDevice>;

/** Heat's entry as Nova's: the same defaults of boot order and of what goes with the server. */
export function wireBlockDevice(device: BlockDevice): object {
  const { device_type, disk_bus, boot_index, volume_size, volume_type, delete_on_termination } = device;
  return given({
    ...origin(device),
    ...(device.device_name ? { device_name: device.device_name } : {}),
    ...given({ device_type, disk_bus, boot_index, volume_size, volume_type, delete_on_termination }),
  });
}

function origin(device: BlockDevice): object {
  const persistent = (source_type: string, uuid: string): object => ({
    uuid,
    source_type,
    destination_type: 'volume',
    boot_index: 0,
    delete_on_termination: false,
  });
  const local = { source_type: 'blank', destination_type: 'local', boot_index: -1, delete_on_termination: true };
  const image = device.image ?? device.image_id;
  if (device.volume_id) return persistent('volume', device.volume_id);
  if (device.snapshot_id) return persistent('snapshot', device.snapshot_id);
  if (image) return persistent('image', image);
  if (device.swap_size) return { ...local, guest_format: 'swap', volume_size: device.swap_size };
  return { ...local, volume_size: device.ephemeral_size, guest_format: device.ephemeral_format };
}
