import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { LedgerCluster, LedgerNode, LedgerRow } from '#libs/db';
import type { Inventory, Keyed } from './cloud-inventory.js';
import { compareCluster, groupsOfGone, orphansOfGone, shortOf } from './compare.js';

const SERVER = 'OS::Nova::Server';
const GROUP = 'OS::Nova::ServerGroup';
const FLOATING_IP = 'OS::Neutron::FloatingIP';
const PROJECT = 'p1';

const row = (part: Partial<LedgerRow>): LedgerRow => ({
  uuid: randomUUID(),
  type: SERVER,
  physicalId: 'server-1',
  physicalName: 'k1-0123456789ab-worker-0',
  action: 'CREATE',
  status: 'COMPLETE',
  definition: {},
  clusterUuid: '01234567-89ab-4cde-8f01-23456789abcd',
  nodeGroupUuid: 'group-1',
  stackUuid: 'stack-1',
  settled: true,
  native: true,
  ...part,
});
const node = (part: Partial<LedgerNode> = {}): LedgerNode => ({
  uuid: 'node-1',
  nodeGroupUuid: 'group-1',
  name: 'k1-0123456789ab-worker-0',
  role: 'worker',
  leaving: false,
  ready: true,
  unhealthyReason: null,
  ...part,
});
const cluster = (part: Partial<LedgerCluster> = {}): LedgerCluster => ({
  uuid: '01234567-89ab-4cde-8f01-23456789abcd',
  projectId: PROJECT,
  name: 'k1',
  status: 'CREATE_COMPLETE',
  labels: {},
  trustId: 'trust-1',
  trusteeUserId: 'user-1',
  busy: false,
  rows: [],
  nodes: [node()],
  ...part,
});
const cloud = (part: Partial<Inventory> = {}): Inventory => ({
  kinds: new Set([SERVER, GROUP, FLOATING_IP, 'OS::Neutron::RouterInterface', 'OS::Neutron::FloatingIPAssociation']),
  keyed: [],
  servers: new Map([['server-1', { status: 'ACTIVE' }]]),
  ids: new Map([
    [SERVER, new Set(['server-1'])],
    [FLOATING_IP, new Set(['fip-1'])],
  ]),
  rules: new Map(),
  floatingIps: new Map([['fip-1', 'port-1']]),
  interfaces: new Set(['router-1 subnet-1']),
  attachments: new Set(),
  serverGroups: [],
  lists: 1,
  ...part,
});
const keyed = (part: Partial<Keyed>): Keyed => ({
  kind: SERVER,
  id: 'server-2',
  name: 'k1-0123456789ab-worker-0',
  projectId: PROJECT,
  clusterUuid: cluster().uuid,
  resourceUuid: null,
  ...part,
});
const told = (of: LedgerCluster, own: readonly Keyed[] = [], there = cloud()): string[] =>
  compareCluster(of, own, there).map((one) => `${one.class} ${one.kind} ${one.objectId} ${one.nodeUuid ?? '-'}`);

describe('what ledger and cloud say differently', () => {
  it('is nothing where every row has its object, and every object its row', () => {
    const one = row({});
    assert.deepEqual(told(cluster({ rows: [one] }), [keyed({ id: 'server-1', resourceUuid: one.uuid })]), []);
  });

  it('is an orphan when no row wants the object, or its row is done with', () => {
    const deleted = row({ action: 'DELETE', status: 'COMPLETE', physicalId: null });
    const planned = row({ action: 'INIT', status: 'COMPLETE', physicalId: null });
    const of = cluster({ rows: [deleted, planned] });
    for (const resourceUuid of [deleted.uuid, planned.uuid, randomUUID(), null])
      assert.deepEqual(told(of, [keyed({ resourceUuid })]), [`orphan ${SERVER} server-2 -`]);
  });

  it('is adoptable when the row waits for its id, and a duplicate when the row has another one', () => {
    const waits = row({ physicalId: null, status: 'IN_PROGRESS' });
    assert.deepEqual(told(cluster({ rows: [waits] }), [keyed({ resourceUuid: waits.uuid })]), [`adoptable ${SERVER} server-2 -`]);
    const has = row({});
    assert.deepEqual(told(cluster({ rows: [has] }), [keyed({ resourceUuid: has.uuid })]), [`duplicate ${SERVER} server-2 -`]);
  });

  it('leaves alone the user and the trust that the cluster acts by, and no others', () => {
    const own = [
      keyed({ kind: 'user', id: 'user-1' }),
      keyed({ kind: 'trust', id: 'trust-1' }),
      keyed({ kind: 'user', id: 'user-0' }),
      keyed({ kind: 'trust', id: 'trust-0' }),
    ];
    assert.deepEqual(told(cluster(), own), ['orphan user user-0 -', 'orphan trust trust-0 -']);
  });

  it('is missing when the object has gone, and names the node whose it was', () => {
    const rows = [row({ physicalId: 'server-9' })];
    assert.deepEqual(told(cluster({ rows })), [`missing ${SERVER} server-9 node-1`]);
    assert.deepEqual(
      told(cluster({ rows, nodes: [node({ leaving: true })] })),
      [],
      'of a node that is leaving nothing is missed',
    );
    assert.deepEqual(told(cluster({ rows: [row({ physicalId: 'server-9', settled: false })] })), [], 'too fresh to be told');
    assert.deepEqual(told(cluster({ rows }), [], cloud({ kinds: new Set() })), [], 'a kind that could not be listed');
  });

  it('knows the node also of an object that replaced another one', () => {
    const rows = [row({ physicalId: 'server-9', physicalName: 'k1-0123456789ab-worker-0-r2' })];
    assert.deepEqual(told(cluster({ rows })), [`missing ${SERVER} server-9 node-1`]);
  });

  it('is down when the server stands still', () => {
    for (const status of ['SHUTOFF', 'ERROR', 'DELETED'])
      assert.deepEqual(told(cluster({ rows: [row({})] }), [], cloud({ servers: new Map([['server-1', { status }]]) })), [
        `down ${SERVER} server-1 node-1`,
      ]);
  });

  it('is changed when a floating IP is elsewhere, missing when an association or an interface is undone', () => {
    const there = row({ type: FLOATING_IP, physicalId: 'fip-1', definition: { properties: { port_id: 'port-1' } } });
    const elsewhere = row({ type: FLOATING_IP, physicalId: 'fip-1', definition: { properties: { port_id: 'port-2' } } });
    const joined = row({ type: 'OS::Neutron::FloatingIPAssociation', physicalId: 'fip-1:port-2' });
    const plugged = row({ type: 'OS::Neutron::RouterInterface', physicalId: 'router-1:subnet_id=subnet-1' });
    const pulled = row({ type: 'OS::Neutron::RouterInterface', physicalId: 'router-1:subnet_id=subnet-2' });
    assert.deepEqual(told(cluster({ rows: [there, elsewhere, joined, plugged, pulled] })), [
      `changed ${FLOATING_IP} fip-1 -`,
      'missing OS::Neutron::FloatingIPAssociation fip-1:port-2 -',
      'missing OS::Neutron::RouterInterface router-1:subnet_id=subnet-2 -',
    ]);
  });
});

describe('server groups, which carry nothing but a name', () => {
  const name = 'k1-0123456789ab-worker-server-group';
  const group = (part: object = {}): Inventory['serverGroups'][number] => ({
    id: 'group-9',
    name,
    members: [],
    project_id: PROJECT,
    ...part,
  });
  const there = (part: object = {}): Inventory => cloud({ serverGroups: [group(part)] });

  it('are orphans only when they are empty, of this project, and wanted by no row', () => {
    assert.deepEqual(told(cluster(), [], there()), [`orphan ${GROUP} group-9 -`]);
    assert.deepEqual(told(cluster(), [], there({ members: ['server-1'] })), []);
    assert.deepEqual(told(cluster(), [], there({ project_id: 'p2' })), []);
    assert.deepEqual(told(cluster(), [], there({ name: 'worker-server-group' })), []);
    const own = row({ type: GROUP, physicalId: 'group-9', physicalName: name, settled: false });
    assert.deepEqual(told(cluster({ rows: [own] }), [], there()), []);
    const waits = row({ type: GROUP, physicalId: null, physicalName: name, status: 'IN_PROGRESS' });
    assert.deepEqual(told(cluster({ rows: [waits] }), [], there()), [`adoptable ${GROUP} group-9 -`]);
  });

  it('of clusters that are gone go in the project that the cluster had', () => {
    const gone = (projectId: string): ReadonlyMap<string, string> => new Map([[cluster().uuid, projectId]]);
    assert.equal(shortOf(cluster().uuid), '0123456789ab');
    assert.deepEqual(
      groupsOfGone(there(), gone(PROJECT)).map(({ class: kind, objectId }) => [kind, objectId]),
      [['orphan', 'group-9']],
    );
    assert.deepEqual(groupsOfGone(there(), gone('p2')), []);
    assert.deepEqual(groupsOfGone(there({ members: ['server-1'] }), gone(PROJECT)), []);
  });
});

it('all that is left of a cluster that is gone is an orphan, in the project that it stands in', () => {
  const left = orphansOfGone([keyed({}), keyed({ kind: 'user', id: 'user-0', projectId: '' })], PROJECT);
  assert.deepEqual(
    left.map((one) => [one.class, one.objectId, one.projectId]),
    [
      ['orphan', 'server-2', PROJECT],
      ['orphan', 'user-0', PROJECT],
    ],
  );
});
