import assert from 'node:assert/strict';
import { it } from 'node:test';
import { etcdctl, isOf, readMembers } from './etcd.js';

// As etcd 3.6 writes them; the ids are beyond what a JavaScript number holds.
const list = `{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"raft_term":2},"members":[
  {"ID":10276657743932975437,"name":"k1-master-0","peerURLs":["https://10.0.0.5:2380"],"clientURLs":["https://10.0.0.5:2379"]},
  {"ID":9372538179322589801,"name":"k1-master-1","peerURLs":["https://10.0.0.6:2380"],"clientURLs":["https://10.0.0.6:2379"],"isLearner":true},
  {"ID":18249187646912138824,"peerURLs":["https://10.0.0.7:2380"]}]}`;
const status = `[{"Endpoint":"https://10.0.0.5:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,
  "revision":512,"raft_term":2},"version":"3.6.5","dbSize":20480,"leader":10276657743932975437,"raftIndex":8,"raftTerm":2}}]`;

it('reads members with their whole ids, who answers and who leads', () => {
  const [first, learner, unstarted] = readMembers(list, status);
  assert.equal(first?.id, '8e9e05c52164694d');
  assert.deepEqual([first.answers, first.leads, first.learner], [true, true, false]);
  assert.deepEqual([learner?.id, learner?.answers, learner?.leads, learner?.learner], ['8211f1d0f64f3269', false, false, true]);
  assert.deepEqual([unstarted?.id, unstarted?.name, unstarted?.clientUrls], ['fd422379fda50e48', '', []]);
});

it('reads ids that newer versions write as text', () => {
  const [member] = readMembers('{"members":[{"ID":"10276657743932975437","name":"a"}]}', '');
  assert.equal(member?.id, '8e9e05c52164694d');
  assert.equal(member.answers, false);
});

it('knows a started member by its name, an unstarted one by its address', () => {
  const [first, , unstarted] = readMembers(list, status);
  assert.ok(first && unstarted);
  assert.ok(isOf(first, { nodeName: 'k1-master-0', address: null }));
  assert.ok(!isOf(first, { nodeName: 'k1-master-9', address: '10.0.0.5' }), 'an address may have been used before');
  assert.ok(isOf(unstarted, { nodeName: 'k1-master-2', address: '10.0.0.7' }));
  assert.ok(!isOf(unstarted, { nodeName: 'k1-master-2', address: null }));
});

it('calls etcdctl with the certificates and at the address of the etcd it is next to', () => {
  const program = etcdctl([
    'etcd',
    '--advertise-client-urls=https://10.0.0.5:2379',
    '--cert-file=/pki/etcd/server.crt',
    '--key-file=/pki/etcd/server.key',
    '--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.5:2379',
    '--trusted-ca-file=/pki/etcd/ca.crt',
  ]);
  const certificates = ['--cacert=/pki/etcd/ca.crt', '--cert=/pki/etcd/server.crt', '--key=/pki/etcd/server.key'];
  assert.deepEqual(program(), ['etcdctl', '--endpoints=https://127.0.0.1:2379', ...certificates]);
  assert.deepEqual(program(['https://10.0.0.6:2379']), ['etcdctl', '--endpoints=https://10.0.0.6:2379', ...certificates]);
});
