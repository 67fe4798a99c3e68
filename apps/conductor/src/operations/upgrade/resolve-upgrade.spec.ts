import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ClusterStatus } from '#libs/domain';
import { groupsToUpgrade } from './resolve-upgrade.js';

const group = (status: ClusterStatus, isDefault = false): { status: ClusterStatus; isDefault: boolean } => ({
  status,
  isDefault,
});

it('upgrades all groups along with a default one, but none whose deletion has failed', () => {
  const [masters, workers] = [group('CREATE_COMPLETE', true), group('UPDATE_IN_PROGRESS', true)];
  const [failed, going] = [group('UPDATE_FAILED'), group('DELETE_FAILED')];
  const all = [masters, workers, failed, going];
  assert.deepEqual(groupsToUpgrade(all, workers), [masters, workers, failed]);
  assert.deepEqual(groupsToUpgrade(all, failed), [failed]);
});
