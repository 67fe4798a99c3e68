import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HealthNode } from '#libs/db';
import type { NodeState } from '#libs/kubernetes';
import { judgeHealth, type Verdict } from './judge-health.js';

const node = (name: string, is: Partial<HealthNode> = {}): HealthNode => ({
  uuid: `uuid of ${name}`,
  clusterUuid: 'c',
  nodeGroupUuid: 'g',
  name,
  role: 'worker',
  leaving: false,
  ready: true,
  notReadySince: null,
  unhealthyReason: null,
  ...is,
});
const state = (name: string, status?: 'True' | 'False' | 'Unknown'): NodeState =>
  ({
    name,
    ready: status === 'True',
    reason: 'KubeletNotReady',
    message: 'no network',
    conditions: status ? [{ type: 'Ready', status, reason: '', message: '', lastTransitionTime: null }] : [],
  }) as unknown as NodeState;
const judge = (nodes: HealthNode[], states: NodeState[], busy = false): Verdict =>
  judgeHealth({ nodes, busy, floatingIpEnabled: true }, { kind: 'answers', nodes: states });

describe('the health of a cluster', () => {
  it('is good when the API is and every node is Ready; told in one order', () => {
    const verdict = judge([node('a'), node('b')], [state('b', 'True'), state('a', 'True')]);
    assert.equal(verdict.status, 'HEALTHY');
    assert.equal(JSON.stringify(verdict.reason), '{"api":"ok","a.Ready":"True","b.Ready":"True"}');
    assert.deepEqual([verdict.ready.length, verdict.notReady.length], [2, 0]);
  });

  it('is bad when one node is not, is silent, has said nothing, is missing, or belongs to nobody', () => {
    for (const [own, states, words] of [
      [['a', 'b'], [state('a', 'True'), state('b', 'False')], 'False'],
      [['a', 'b'], [state('a', 'True'), state('b', 'Unknown')], 'Unknown'],
      [['a', 'b'], [state('a', 'True'), state('b')], 'Unknown'],
      [['a', 'b'], [state('a', 'True')], 'Missing'],
      [['a'], [state('a', 'True'), state('b', 'False')], 'False'],
    ] as const) {
      const verdict = judge(
        own.map((name) => node(name)),
        [...states],
      );
      assert.deepEqual([verdict.status, verdict.reason['b.Ready']], ['UNHEALTHY', words]);
      assert.deepEqual(
        verdict.notReady.map((one) => one.node.name),
        own.length === 2 ? ['b'] : [],
      );
    }
  });

  it('does not suffer from nodes that come and go while an operation works on them', () => {
    const nodes = [node('a'), node('new', { ready: false }), node('old', { leaving: true })];
    const states = [state('a', 'True'), state('new', 'False'), state('gone', 'Unknown')];
    assert.equal(judge(nodes, states, true).status, 'HEALTHY');
    assert.equal(judge(nodes, states, false).status, 'UNHEALTHY', 'but from what an operation has left');
    assert.equal(judge([node('a')], [state('a', 'False')], true).status, 'UNHEALTHY');
    assert.deepEqual(judge(nodes, states).notReady, [], 'one that has never been Ready, or is to go, is not replaced');
  });

  it('is bad in the words of an API that answers badly, unknown when nobody answers', () => {
    const cluster = { nodes: [node('a')], busy: false, floatingIpEnabled: false };
    const failing = judgeHealth(cluster, { kind: 'failing', words: 'not ready: etcd failed' });
    assert.deepEqual([failing.status, failing.reason], ['UNHEALTHY', { api: 'not ready: etcd failed' }]);
    const silent = judgeHealth(cluster, { kind: 'unreachable', words: 'does not answer' });
    assert.equal(silent.status, 'UNKNOWN');
    assert.match(silent.reason['api'] ?? '', /^does not answer \(it has no floating IP/);
    assert.deepEqual([...silent.notReady, ...silent.ready], [], 'and says nothing of its nodes');
  });
});
