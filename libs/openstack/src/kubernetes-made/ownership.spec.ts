import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CSI_CLUSTER_KEY, ownershipOf } from './ownership.js';

const OURS = '3f2a9c1b-7d4e-4b7a-9c57-0a1b2c3d4e5f';
/** Differs in its last letter only. */
const THEIRS = '3f2a9c1b-7d4e-4b7a-9c57-0a1b2c3d4e50';
const own = ownershipOf(OURS);

describe('whose an object is', () => {
  const balancers: readonly [name: string, ours: boolean][] = [
    [`kube_service_${OURS}_default_web`, true],
    [`kube_ingress_${OURS}_default_web`, true],
    [`kube_service_${THEIRS}_default_web`, false],
    [`kube_service_${OURS}`, false],
    [`kube_service_${OURS}0_default_web`, false],
    [`kube_service_${OURS.slice(0, 8)}_default_web`, false],
    ['kube_service_kubernetes_default_web', false],
    ['kube_service__default_web', false],
    [`my_kube_service_${OURS}_default_web`, false],
    [`k1-${OURS.slice(0, 12)}-load_balancer`, false],
    ['', false],
  ];
  for (const [name, ours] of balancers) {
    it(`a load balancer named ${name || 'nothing'} is ${ours ? 'ours' : 'not ours'}`, () => {
      assert.equal(own.loadBalancer({ name }), ours);
    });
  }

  const descriptions: readonly [description: string | null, ours: boolean][] = [
    [`Floating IP for Kubernetes external service default/web from cluster ${OURS}`, true],
    [`Floating IP for Kubernetes ingress web in namespace default from cluster ${OURS}`, true],
    [`Floating IP for Kubernetes external service default/web from cluster ${THEIRS}`, false],
    [`Floating IP for Kubernetes external service default/web from cluster ${OURS}-2`, false],
    [`Floating IP for Kubernetes external service default/web from cluster kubernetes`, false],
    [`Floating IP for Kubernetes external service default/web from cluster `, false],
    [`not a Floating IP for Kubernetes external service default/web from cluster ${OURS}`, false],
    [`jeroboam:${OURS}:${OURS}`, false],
    ['', false],
    [null, false],
  ];
  for (const [description, ours] of descriptions) {
    it(`a floating IP described as ${description || 'nothing'} is ${ours ? 'ours' : 'not ours'}`, () => {
      assert.equal(own.floatingIp({ description }), ours);
    });
  }

  it('a security group needs both name and description', () => {
    const description = `Security Group for default/web Service LoadBalancer in cluster ${OURS}`;
    assert.ok(own.securityGroup({ name: `lb-sg-${THEIRS}-default-web`, description }));
    assert.ok(!own.securityGroup({ name: 'web', description }));
    assert.ok(!own.securityGroup({ name: `lb-sg-${OURS}-default-web`, description: '' }));
    assert.ok(!own.securityGroup({ name: `lb-sg-${OURS}-default-web`, description: description.replace(OURS, THEIRS) }));
  });

  it('volumes and snapshots carry the whole uuid under the key of Cinder CSI', () => {
    assert.ok(own.stored({ metadata: { [CSI_CLUSTER_KEY]: OURS } }));
    assert.ok(!own.stored({ metadata: { [CSI_CLUSTER_KEY]: THEIRS } }));
    assert.ok(!own.stored({ metadata: { [CSI_CLUSTER_KEY]: '' } }));
    assert.ok(!own.stored({ metadata: { cluster: OURS } }));
    assert.ok(!own.stored({ metadata: {} }));
  });

  it('tags tell which clusters share a load balancer', () => {
    const tags = [`kube_service_${OURS}_a_b`, `kube_service_${THEIRS}_a_b`, 'team-a', ''];
    assert.deepEqual(own.sharedWith({ tags }), [`kube_service_${THEIRS}_a_b`]);
    assert.deepEqual(own.usedBy({ tags }), [`kube_service_${OURS}_a_b`]);
  });

  it('is not asked about an empty, a short or a default cluster name', () => {
    for (const name of ['', 'kubernetes', OURS.slice(0, 12), `${OURS}x`, '.*'])
      assert.throws(() => ownershipOf(name), TypeError, name);
  });
});
