import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedEtcd } from './simulated-etcd.js';
import { EtcdRefusal, SimulatedEtcdMembers } from './simulated-etcd-members.js';

function members(count: number): { members: SimulatedEtcdMembers; ids: string[] } {
  const it = new SimulatedEtcdMembers(new SimulatedEtcd());
  it.bootstrap('s0', 'm0', '10.0.0.5');
  for (let n = 1; n < count; n++) {
    const id = it.addLearner(`s${n}`, `m${n}`, `10.0.0.${5 + n}`);
    it.start(`s${n}`);
    it.promote(id);
  }
  return { members: it, ids: it.list().map(({ id }) => id) };
}
const refused = (words: RegExp) => (error: unknown) => error instanceof EtcdRefusal && words.test(error.message);

describe('the members of a simulated etcd', () => {
  it('vote when they have been promoted, one learner at a time', () => {
    const { members: etcd } = members(1);
    const id = etcd.addLearner('s1', 'm1', '10.0.0.6');
    assert.throws(() => etcd.promote(id), refused(/in sync with leader/));
    assert.throws(() => etcd.addLearner('s2', 'm2', '10.0.0.7'), refused(/too many learner/));
    assert.ok(etcd.serves('s0'));
    assert.ok(!etcd.serves('s1'));
    etcd.start('s1');
    etcd.promote(id);
    assert.ok(etcd.serves('s1'));
  });

  it('are a majority or nothing', () => {
    const { members: etcd } = members(3);
    etcd.stop('s0');
    assert.ok(etcd.serves('s1') && etcd.serves('s2') && !etcd.serves('s0'));
    assert.throws(() => etcd.addLearner('s3', 'm3', '10.0.0.9'), refused(/unhealthy cluster/));
    etcd.stop('s1');
    assert.ok(!etcd.serves('s2'));
    etcd.start('s1');
    assert.ok(etcd.serves('s2'));
  });

  it('that vanish without having been removed count on: of two, the other one stands alone', () => {
    const { members: etcd, ids } = members(2);
    etcd.stop('s0');
    assert.ok(!etcd.serves('s1'));
    assert.throws(() => etcd.remove(ids[0] ?? ''), refused(/timed out/));
  });

  it('are not removed when those who stay would be too few', () => {
    const { members: etcd, ids } = members(3);
    etcd.stop('s0');
    assert.throws(() => etcd.remove(ids[1] ?? ''), refused(/unhealthy cluster/));
    etcd.remove(ids[0] ?? '');
    assert.ok(etcd.serves('s1'));
    assert.throws(() => members(1).members.remove('0'), refused(/not found/));
  });

  it('lose their leader for a while, unless it passes its place on first', async () => {
    const { members: etcd, ids } = members(3);
    etcd.electionMs = 5;
    assert.throws(() => etcd.moveLeader(ids[1] ?? '', ids[2] ?? ''), refused(/not leader/));
    etcd.moveLeader(ids[0] ?? '', ids[1] ?? '');
    etcd.remove(ids[0] ?? '');
    assert.ok(etcd.serves('s1'));
    etcd.stop('s1');
    assert.ok(!etcd.serves('s2'), 'two of two are needed');
    etcd.start('s1');
    assert.ok(!etcd.serves('s2'), 'and nobody leads yet');
    assert.ok(await etcd.settled('s2'));
  });

  it('are known again after a restart of the simulation', () => {
    const { members: etcd, ids } = members(3);
    etcd.remove(ids[0] ?? '');
    const again = new SimulatedEtcdMembers(etcd.etcd);
    for (const server of ['s0', 's1', 's2']) again.start(server);
    assert.deepEqual(
      ['s0', 's1', 's2'].map((server) => again.serves(server)),
      [false, true, true],
    );
  });
});
