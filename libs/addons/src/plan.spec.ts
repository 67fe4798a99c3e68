import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddonCatalogue } from './catalogue.js';
import { planAddons, unusedTags, versionAfterUpgrade, type PlanInput } from './plan.js';

const catalogue = new AddonCatalogue();
const input = (change: Partial<PlanInput> = {}): PlanInput => ({
  labels: {},
  networkDriver: 'calico',
  volumeDriver: null,
  kubernetesVersion: 'v1.36.4',
  ...change,
});
const enabled = (given: PlanInput): string[] =>
  planAddons(given, catalogue).flatMap(({ name, enabled: on }) => (on ? [name] : []));

describe('which add-ons a cluster gets', () => {
  it('follows the drivers of the template and Magnum’s defaults', () => {
    const usual = ['openstack-cloud-controller-manager', 'coredns', 'metrics-server', 'keystone-auth', 'node-problem-detector'];
    assert.deepEqual(enabled(input()).sort(), ['calico', ...usual].sort());
    assert.deepEqual(
      enabled(input({ networkDriver: null })).filter((name) => name === 'flannel' || name === 'calico'),
      ['flannel'],
    );
    assert.ok(enabled(input({ volumeDriver: 'cinder' })).includes('cinder-csi'));
    assert.ok(planAddons(input(), catalogue).some(({ name, enabled: on }) => name === 'dashboard' && !on));
  });

  it('follows the labels before anything else', () => {
    const labels = {
      cni_enabled: 'false',
      cloud_provider_enabled: 'False',
      metrics_server_enabled: '0',
      keystone_auth_enabled: 'no',
      npd_enabled: 'off',
      auto_scaling_enabled: 'true',
      kube_dashboard_enabled: 'True',
      cinder_csi_enabled: '1',
    };
    assert.deepEqual(enabled(input({ labels })), ['coredns', 'cinder-csi', 'cluster-autoscaler', 'dashboard']);
  });

  it('takes a version that a label names, and says when there is none of it', () => {
    const versionOf = (tag: string): unknown => {
      const { version, pinned } = planAddons(input({ labels: { calico_tag: tag } }), catalogue)[0] ?? {};
      return [version, pinned];
    };
    assert.deepEqual(versionOf('v3.33.0'), ['v3.33.0', true]);
    assert.deepEqual(versionOf('v3.21.2'), ['v3.32.1', false]);
    assert.deepEqual(unusedTags(input({ labels: { calico_tag: 'v3.21.2', flannel_tag: 'v0.28.9' } }), catalogue), ['calico_tag']);
  });

  it('after an upgrade is of the new minor, unless somebody has named a version that still fits', () => {
    const after = (version: string, pinned: boolean, kubernetes: string): string | null =>
      versionAfterUpgrade({ name: 'calico', version, pinned }, kubernetes, catalogue);
    assert.equal(after('v3.31.3', false, 'v1.36.4'), 'v3.32.1');
    assert.equal(after('v3.31.3', true, 'v1.35.9'), 'v3.31.3');
    assert.equal(after('v3.31.3', true, 'v1.37.1'), 'v3.33.0');
  });
});
