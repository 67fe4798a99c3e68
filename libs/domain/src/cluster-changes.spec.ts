import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  allowsChange,
  assertChangeAllowed,
  assertGroupStays,
  assertHealthKept,
  CLUSTER_CHANGES,
  COMPLETE_STATUSES,
} from './cluster-changes.js';
import { CLUSTER_STATUSES } from './status.js';

describe('which status allows which change', () => {
  const more: Record<(typeof CLUSTER_CHANGES)[number], string[]> = {
    update: ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    resize: ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    'node-group-create': ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    'node-group-update': ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    'node-group-delete': ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    repair: ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    addons: ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED', 'ROLLBACK_FAILED'],
    upgrade: ['UPDATE_FAILED', 'ROLLBACK_FAILED'],
    'rotate-ca': ['UPDATE_FAILED', 'ROLLBACK_FAILED'],
    'rotate-credential': ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED'],
  };
  for (const change of CLUSTER_CHANGES) {
    it(change, () => {
      const allowed = CLUSTER_STATUSES.filter((status) => allowsChange(change, status)).sort();
      assert.deepEqual(allowed, [...COMPLETE_STATUSES, ...more[change]].sort());
    });
  }

  it('is told in the words of an upgrade that Magnum refuses', () => {
    assert.throws(() => assertChangeAllowed('upgrade', 'CREATE_FAILED'), {
      code: 'status-not-allowed',
      status: 400,
      message: 'Upgrading a cluster when status is "CREATE_FAILED" is not supported.',
    });
    assert.throws(() => assertChangeAllowed('resize', 'DELETE_IN_PROGRESS'), {
      message: 'Resizing a cluster when status is "DELETE_IN_PROGRESS" is not supported.',
    });
  });

  it('keeps health in every status but one', () => {
    const refused = CLUSTER_STATUSES.filter((status) => {
      try {
        assertHealthKept(status);
        return false;
      } catch {
        return true;
      }
    });
    assert.deepEqual(refused, ['DELETE_IN_PROGRESS']);
  });

  it('leaves a node group alone that is being deleted', () => {
    assertGroupStays('Resizing', 'CREATE_FAILED');
    assert.throws(() => assertGroupStays('Resizing', 'DELETE_FAILED'), {
      message: 'Resizing a nodegroup when its status is "DELETE_FAILED" is not supported.',
    });
  });
});
