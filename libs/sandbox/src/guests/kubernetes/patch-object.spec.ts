import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from './kube-object.js';
import { jsonPatch, mergePatch, serverSideApply, strategicMergePatch } from './patch-object.js';

const object = (values: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...values });

describe('patches of the simulated API', () => {
  it('merge as RFC 7386 says', () => {
    assert.deepEqual(mergePatch({ a: 1, b: { c: 2, d: 3 }, e: [1] }, { a: null, b: { c: 4 }, e: [2] }), {
      b: { c: 4, d: 3 },
      e: [2],
    });
  });

  it('follow RFC 6902 and refuse what does not fit', () => {
    assert.deepEqual(jsonPatch(object(), [{ op: 'add', path: '/data', value: { x: 'y' } }]), object({ data: { x: 'y' } }));
    assert.throws(() => jsonPatch(object(), [{ op: 'test', path: '/kind', value: 'Node' }]), { code: 422 });
  });

  it('merge known lists by their key', () => {
    const taint = (key: string, effect: string): object => ({ key, effect });
    const merged = strategicMergePatch(
      { taints: [taint('a', 'NoSchedule'), taint('a', 'NoExecute')], args: ['x'] },
      { taints: [{ $patch: 'delete', ...taint('a', 'NoSchedule') }, taint('b', 'NoSchedule')], args: ['y'] },
    );
    assert.deepEqual(merged, { taints: [taint('a', 'NoExecute'), taint('b', 'NoSchedule')], args: ['y'] });
    const conditions = [{ type: 'Ready', status: 'True' }];
    assert.deepEqual(
      strategicMergePatch(
        { conditions: [{ type: 'Ready', status: 'False', reason: 'r' }] },
        { conditions, '$setElementOrder/conditions': [] },
      ),
      { conditions: [{ type: 'Ready', status: 'True', reason: 'r' }] },
    );
  });

  it('apply removes what the same manager no longer wants, and nothing else', () => {
    const before = object({ data: { mine: '1', gone: '2' } });
    const live = object({ data: { mine: '1', gone: '2', other: '3' } });
    assert.deepEqual(serverSideApply(live, before, object({ data: { mine: '4' } })), object({ data: { mine: '4', other: '3' } }));
    assert.deepEqual(serverSideApply(undefined, undefined, before), before);
  });
});
