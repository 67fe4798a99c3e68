import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { driverFor } from './cluster-type.js';

describe('driver of a cluster type', () => {
  it('finds the kubeadm driver for Ubuntu and Debian machines', () => {
    assert.equal(driverFor({ serverType: 'vm', distro: 'ubuntu', coe: 'kubernetes' }), 'k8s_kubeadm');
    assert.equal(driverFor({ serverType: 'vm', distro: 'debian', coe: 'kubernetes' }, 'k8s_kubeadm'), 'k8s_kubeadm');
  });
  it('refuses what nobody builds, and names it', () => {
    assert.throws(() => driverFor({ serverType: 'bm', distro: 'ubuntu', coe: 'kubernetes' }), {
      code: 'unsupported-cluster-type',
      message: 'Cluster type (bm, ubuntu, kubernetes) not supported.',
    });
  });
  it('refuses a driver that is not there', () => {
    assert.throws(() => driverFor({ serverType: 'vm', distro: 'ubuntu', coe: 'kubernetes' }, 'heat'), {
      code: 'unknown-driver',
      message: 'Cluster driver (heat) not supported.',
    });
  });
});
