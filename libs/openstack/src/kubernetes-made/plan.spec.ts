import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubernetesMade } from './find.js';
import { CSI_CLUSTER_KEY } from './ownership.js';
import { planRemoval, type Reclaim, type RemovalWishes } from './plan.js';

const CLUSTER = '3f2a9c1b-7d4e-4b7a-9c57-0a1b2c3d4e5f';
const OTHER = '3f2a9c1b-7d4e-4b7a-9c57-0a1b2c3d4e50';
const ours = `kube_service_${CLUSTER}_default_web`;

type Balancer = KubernetesMade['loadBalancers'][number];
type Address = KubernetesMade['floatingIps'][number];

const balancer = (more: Partial<Balancer> = {}): Balancer => ({
  id: 'lb',
  name: ours,
  provisioning_status: 'ACTIVE',
  operating_status: 'ONLINE',
  admin_state_up: true,
  tags: [ours],
  vip_port_id: 'vip',
  vip_network_id: 'own-network',
  listeners: [],
  pools: [],
  ...more,
});
const address = (more: Partial<Address> = {}): Address => ({
  id: 'fip',
  floating_network_id: 'public',
  floating_ip_address: '203.0.113.7',
  port_id: 'vip',
  status: 'ACTIVE',
  ...more,
});
const volume = (id: string): KubernetesMade['volumes'][number] => ({
  id,
  name: `pvc-${id}`,
  status: 'available',
  size: 1,
  metadata: { [CSI_CLUSTER_KEY]: CLUSTER },
  attachments: [],
});
const made = (more: Partial<KubernetesMade>): KubernetesMade => ({
  loadBalancers: [],
  borrowed: [],
  floatingIps: [],
  lentIps: [],
  securityGroups: [],
  volumes: [],
  snapshots: [],
  ...more,
});
const reclaim = (more: Partial<Reclaim> = {}): Reclaim => ({ volumes: {}, snapshots: {}, keptAddresses: [], ...more });
const plan = (more: Partial<KubernetesMade>, wishes: Partial<RemovalWishes> = {}): [removed: string[], kept: string[]] => {
  const all = planRemoval(made(more), {
    clusterUuid: CLUSTER,
    keepVolumes: null,
    keepLoadBalancers: false,
    reclaim: reclaim(),
    ownNetworkId: 'own-network',
    ...wishes,
  });
  return [all.remove.map(({ id }) => id), all.keep.map(({ id, reason }) => `${id}: ${reason}`)];
};

describe('what goes with a cluster', () => {
  it('are its load balancers with their addresses, and security groups', () => {
    const securityGroups = [{ id: 'group', name: 'lb-sg', security_group_rules: [] }];
    const all = { loadBalancers: [balancer()], floatingIps: [address(), address({ id: 'left', port_id: null })], securityGroups };
    assert.deepEqual(plan(all), [['lb', 'fip', 'left', 'group'], []]);
  });

  it('is no load balancer that another cluster uses too, nor its address', () => {
    const shared = balancer({ tags: [ours, `kube_service_${OTHER}_default_web`] });
    const [removed, kept] = plan({ loadBalancers: [shared], floatingIps: [address()] });
    assert.deepEqual(removed, []);
    assert.deepEqual(kept, [
      `lb: shared with kube_service_${OTHER}_default_web of another cluster`,
      'fip: in use by port vip, which stays',
    ]);
  });

  it('is nothing that somebody else has made', () => {
    const borrowed = balancer({ id: 'theirs', name: 'web', tags: [ours] });
    const [removed, kept] = plan({ borrowed: [borrowed], loadBalancers: [balancer()], lentIps: [address({ id: 'lent' })] });
    assert.deepEqual(removed, ['lb']);
    assert.deepEqual(
      kept.map((line) => line.split(':')[0]),
      ['theirs', 'lent'],
    );
  });

  it('is no address that its Service asks to keep, or that somebody has put elsewhere', () => {
    const floatingIps = [address(), address({ id: 'moved', port_id: 'a-server', floating_ip_address: '203.0.113.8' })];
    const wishes = { reclaim: reclaim({ keptAddresses: ['203.0.113.7'] }) };
    assert.deepEqual(plan({ loadBalancers: [balancer()], floatingIps }, wishes), [
      ['lb'],
      ['fip: its Service asks to keep it', 'moved: in use by port a-server, which stays'],
    ]);
  });

  it('are no load balancers and addresses when they are to be kept; on its own network they are in the way', () => {
    const objects = made({
      loadBalancers: [balancer(), balancer({ id: 'far', vip_network_id: 'theirs' })],
      floatingIps: [address()],
    });
    const wishes = {
      clusterUuid: CLUSTER,
      keepVolumes: null,
      keepLoadBalancers: true,
      reclaim: null,
      ownNetworkId: 'own-network',
    };
    const all = planRemoval(objects, wishes);
    assert.deepEqual(all.remove, []);
    assert.equal(all.keep.length, 3);
    assert.deepEqual(
      all.inTheWay.map(({ id }) => id),
      ['lb'],
    );
    assert.deepEqual(planRemoval(objects, { ...wishes, ownNetworkId: null }).inTheWay, []);
  });

  const policies = reclaim({ volumes: { a: 'Delete', b: 'Retain' } });
  const cases: readonly [words: string, wishes: Partial<RemovalWishes>, removed: string[]][] = [
    ['volumes go as their reclaim policy says; one without stays', { reclaim: policies }, ['a']],
    ['no volume goes when Kubernetes never answered', { reclaim: null }, []],
    ['keep_volumes keeps all', { reclaim: policies, keepVolumes: true }, []],
    [
      'keep_volumes=false lets those go that nobody knows of, never what says Retain',
      { reclaim: policies, keepVolumes: false },
      ['a', 'c'],
    ],
    ['keep_volumes=false counts when Kubernetes never answered', { reclaim: null, keepVolumes: false }, ['a', 'b', 'c']],
  ];
  for (const [words, wishes, wanted] of cases) {
    it(words, () => {
      const [removed, kept] = plan({ volumes: ['a', 'b', 'c'].map(volume) }, wishes);
      assert.deepEqual(removed, wanted);
      assert.equal(kept.length, 3 - wanted.length);
    });
  }
});
