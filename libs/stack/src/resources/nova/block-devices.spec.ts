import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockDevice, wireBlockDevice } from './block-devices.js';

const cases: [sentence: string, heat: object, nova: object][] = [
  [
    'a volume boots and stays',
    { volume_id: 'v1' },
    { uuid: 'v1', source_type: 'volume', destination_type: 'volume', boot_index: 0, delete_on_termination: false },
  ],
  [
    'an image becomes a volume that goes with the server when told',
    { image: 'i1', volume_size: '20', volume_type: 'fast', boot_index: 0, delete_on_termination: 'true' },
    {
      uuid: 'i1',
      source_type: 'image',
      destination_type: 'volume',
      boot_index: 0,
      delete_on_termination: true,
      volume_size: 20,
      volume_type: 'fast',
    },
  ],
  [
    'swap is local',
    { swap_size: 512 },
    {
      source_type: 'blank',
      destination_type: 'local',
      boot_index: -1,
      delete_on_termination: true,
      guest_format: 'swap',
      volume_size: 512,
    },
  ],
];
for (const [sentence, heat, nova] of cases) {
  test(sentence, () => assert.deepEqual(wireBlockDevice(blockDevice.parse(heat)), nova));
}
