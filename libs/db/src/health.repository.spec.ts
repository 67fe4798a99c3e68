import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sliceOfUuids } from './health.repository.js';

it('slices of uuids follow each other without a gap', () => {
  assert.deepEqual(sliceOfUuids(0, 64), ['00000000-0000-0000-0000-000000000000', '03ffffff-ffff-ffff-ffff-ffffffffffff']);
  assert.deepEqual(sliceOfUuids(63, 64), ['fc000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']);
  assert.equal(sliceOfUuids(5, 256)[0].slice(0, 2), sliceOfUuids(5, 256)[1].slice(0, 2));
});
