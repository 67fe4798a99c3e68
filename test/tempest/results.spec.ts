import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, readResults } from './results.js';

const OUTPUT = `
{0} magnum_tempest_plugin.tests.api.v1.test_cluster.ClusterTest.test_a[id-1,negative] [0.123456s] ... ok
{0} magnum_tempest_plugin.tests.api.v1.test_cluster.ClusterTest.test_b[positive] [12.3s] ... FAILED

Captured traceback:
~~~~~~~~~~~~~~~~~~~
    Traceback (most recent call last):
{0} setUpClass (magnum_tempest_plugin.tests.api.v1.rbac.test_cluster.ClusterTest) [0.000000s] ... SKIPPED: not enabled.
Ran: 3 tests in 20.0 sec.
`;

describe('results of tempest', () => {
  const results = readResults(OUTPUT);

  it('are read line by line, without attributes', () => {
    assert.deepEqual(results, [
      { test: 'test_cluster.ClusterTest.test_a', outcome: 'passed', why: '' },
      { test: 'test_cluster.ClusterTest.test_b', outcome: 'failed', why: '' },
      { test: 'rbac.test_cluster.ClusterTest.setUpClass', outcome: 'skipped', why: 'not enabled.' },
    ]);
  });

  it('are good when they pass or when it is known why they cannot', () => {
    const known = {
      'test_cluster.ClusterTest.test_b': 'Magnum fails it too',
      'rbac.test_cluster.ClusterTest.setUpClass': 'no scope',
    };
    const { good, bad, table } = judge(results, known);
    assert.deepEqual([good, bad], [3, 0]);
    assert.match(table, /test_b \| failed \| Magnum fails it too \|/);
  });

  it('are bad when they fail without a reason, or pass or are not run in spite of one', () => {
    const { good, bad, table } = judge(results, { 'test_cluster.ClusterTest.test_a': 'never', 'x.test_gone': 'never' });
    assert.deepEqual([good, bad], [0, 4]);
    assert.match(table, /test_a \| passed \| \*\*unexpected\*\* should not pass: never \|/);
    assert.match(table, /x\.test_gone \| not run \|/);
  });
});
