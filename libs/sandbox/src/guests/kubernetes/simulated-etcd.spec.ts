import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SimulatedEtcd, type Change } from './simulated-etcd.js';

const node = (name: string, values: object = {}): Parameters<SimulatedEtcd['put']>[1] => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  ...values,
});

describe('the simulated etcd', () => {
  it('counts revisions, keeps identities, tells changes', () => {
    const etcd = new SimulatedEtcd();
    const changes: Change[] = [];
    etcd.onChange((change) => changes.push(change));
    const first = etcd.put('/nodes', node('a'));
    const second = etcd.put('/nodes', node('a', { spec: { x: 1 } }));
    assert.equal(second.metadata.uid, first.metadata.uid);
    assert.equal(etcd.put('/nodes', second), second);
    etcd.delete('/nodes', '', 'a');
    assert.deepEqual(
      changes.map(({ type, revision }) => [type, revision]),
      [
        ['ADDED', 1],
        ['MODIFIED', 2],
        ['DELETED', 3],
      ],
    );
    assert.deepEqual(
      etcd.since(1)?.map(({ revision }) => revision),
      [2, 3],
    );
    assert.deepEqual(etcd.list('/nodes'), []);
  });

  it('comes back from its file, even with a torn last line', () => {
    const dir = mkdtempSync(join(tmpdir(), 'etcd-'));
    const file = join(dir, 'c.jsonl');
    const etcd = new SimulatedEtcd(file);
    etcd.put('/nodes', node('a'));
    etcd.put('/nodes', node('b'));
    etcd.delete('/nodes', '', 'a');
    etcd.close();
    appendFileSync(file, '{"v":9,"r":"/nod');
    const again = new SimulatedEtcd(file);
    assert.deepEqual(
      again.list('/nodes').map(({ object }) => object.metadata.name),
      ['b'],
    );
    assert.equal(again.revision, 3);
    assert.equal(again.since(1), null);
    again.destroy();
    rmSync(dir, { recursive: true });
  });
});
