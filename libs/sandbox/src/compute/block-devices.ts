import { badRequest } from '../server/api-error.js';
import type { Call } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import type { Volume } from '../volume/cinder.js';
import type { Nova } from './nova.js';
import type { ServerRow } from './rows.js';

/**
 * Makes and attaches what block_device_mapping_v2 asks for. The volumes are attached once they are available, a little
 * earlier than the real Nova, which waits for them before it spawns.
 */
export function createBlockDevices(nova: Nova, call: Call, fields: Fields, server: ServerRow): void {
  const { cinder } = nova;
  for (const device of fields.objects('block_device_mapping_v2') ?? []) {
    const source = device.choice('source_type', ['image', 'volume', 'blank', 'snapshot']);
    const destination = device.choice(
      'destination_type',
      ['volume', 'local'],
      source === 'blank' || source === 'image' ? 'local' : 'volume',
    );
    const id = device.optionalText('uuid');
    if (source === 'snapshot') throw badRequest('Block Device Mapping is Invalid: the sandbox has no snapshots.');
    if (source === 'image' && (id === undefined || nova.glance.images.get(id) === undefined))
      throw badRequest(`Block Device Mapping is Invalid: failed to get image ${id}.`);
    if (destination === 'local') continue;
    let volume: Volume | undefined;
    if (source === 'volume') {
      volume = id === undefined ? undefined : cinder.volumes.get(id);
      if (volume === undefined || volume.project_id !== server.project_id)
        throw badRequest(`Block Device Mapping is Invalid: failed to get volume ${id}.`);
    } else {
      const size = device.optionalInteger('volume_size', 1, 1_000_000);
      if (size === undefined) throw badRequest("Images with destination_type 'volume' need to have a non-zero size specified");
      const made = cinder.create({
        name: '',
        projectId: server.project_id,
        userId: call.auth.user.id,
        sizeGib: size,
        type: device.optionalText('volume_type'),
        imageId: source === 'image' ? (id ?? null) : null,
      });
      cinder.cloud.transitions.cancel(made.id);
      cinder.set(made.id, 'available');
      volume = cinder.volumes.get(made.id);
    }
    if (volume !== undefined) {
      cinder.attach(volume, server.id, {
        device: device.optionalText('device_name'),
        deleteOnTermination: device.flag('delete_on_termination', false),
        bootIndex: device.optionalInteger('boot_index', -1, 64) ?? null,
      });
    }
  }
}
