import assert from 'node:assert/strict';
import { it } from 'node:test';
import { QuotaExceeded } from './errors.js';
import { assertRoomForCluster } from './quota.js';

it('refuses the cluster that would exceed the limit, and every one at limit 0', () => {
  assertRoomForCluster('p', 19, 20);
  assert.throws(() => assertRoomForCluster('p', 20, 20), QuotaExceeded);
  assert.throws(() => assertRoomForCluster('p', 0, 0), QuotaExceeded);
});
