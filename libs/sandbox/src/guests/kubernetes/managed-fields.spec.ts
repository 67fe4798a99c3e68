import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from './kube-object.js';
import { afterApply, afterUpdate, conflictsOf, readManaged, writeManaged, type ManagedFields } from './managed-fields.js';

const deployment = (replicas: number, image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { replicas, template: { spec: { containers: [{ name: 'a', image }] } } },
});
const stored = (object: KubeObject, managed: readonly ManagedFields[]): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, managedFields: writeManaged(managed, 'apps/v1') },
});

describe('who has set which field', () => {
  const first = stored(deployment(1, 'x:1'), afterApply([], 'one', deployment(1, 'x:1'), undefined));

  it('is written as FieldsV1 and read back', () => {
    const [line] = readManaged(first);
    assert.deepEqual([line?.manager, line?.operation], ['one', 'Apply']);
    const [wire] = first.metadata['managedFields'] as { fieldsV1: object }[];
    assert.deepEqual(wire?.fieldsV1, {
      'f:spec': {
        'f:replicas': {},
        'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:name': {}, 'f:image': {} } } } },
      },
    });
  });

  it('conflicts where another one wants another value, and nowhere else', () => {
    assert.deepEqual(conflictsOf(first, deployment(1, 'x:2'), 'two', readManaged(first)), [
      { manager: 'one', field: '.spec.template.spec.containers[name="a"].image' },
    ]);
    assert.deepEqual(conflictsOf(first, deployment(1, 'x:1'), 'two', readManaged(first)), []);
    assert.deepEqual(conflictsOf(first, deployment(2, 'x:2'), 'one', readManaged(first)), []);
  });

  it('passes to whoever takes it by force, or writes without applying', () => {
    const forced = afterApply(readManaged(first), 'two', deployment(1, 'x:2'), first);
    const after = stored(deployment(1, 'x:2'), forced);
    assert.deepEqual(
      conflictsOf(after, deployment(1, 'x:3'), 'one', readManaged(after)).map(({ manager }) => manager),
      ['two'],
    );
    const scaled = stored(deployment(5, 'x:1'), afterUpdate(readManaged(first), 'kubectl-scale', first, deployment(5, 'x:1')));
    assert.deepEqual(conflictsOf(scaled, deployment(1, 'x:1'), 'one', readManaged(scaled)), [
      { manager: 'kubectl-scale', field: '.spec.replicas' },
    ]);
  });
});
