import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  assertDockerVolume,
  assertMastersReachable,
  assertOddMasters,
  bootVolumeSizeGb,
  defaultNodeGroups,
  resolveCluster,
  type ClusterRequest,
  type TemplateDefaults,
} from './cluster-spec.js';

const template: TemplateDefaults = {
  uuid: 'template',
  imageId: 'image',
  keypairId: 'template-key',
  labels: { a: '1', min_node_count: '2' },
  dockerVolumeSize: 10,
  masterFlavorId: 'm',
  flavorId: 'w',
  fixedNetwork: 'net',
  fixedSubnet: 'sub',
  floatingIpEnabled: false,
  masterLbEnabled: true,
};
const silent: ClusterRequest = {
  name: null,
  keypair: null,
  nodeCount: 1,
  masterCount: 1,
  dockerVolumeSize: null,
  labels: null,
  mergeLabels: false,
  masterFlavorId: null,
  flavorId: null,
  createTimeout: null,
  discoveryUrl: null,
  fixedNetwork: null,
  fixedSubnet: null,
  floatingIpEnabled: null,
  masterLbEnabled: null,
};

describe('a cluster from its template', () => {
  it('takes everything from the template when nothing is said', () => {
    assert.deepEqual(resolveCluster(template, silent), {
      clusterTemplateUuid: 'template',
      keypair: 'template-key',
      dockerVolumeSize: 10,
      labels: template.labels,
      masterFlavorId: 'm',
      flavorId: 'w',
      createTimeout: 60,
      discoveryUrl: null,
      fixedNetwork: 'net',
      fixedSubnet: 'sub',
      floatingIpEnabled: false,
      masterLbEnabled: true,
    });
  });

  it('takes what is said, false included', () => {
    const spec = resolveCluster(template, {
      ...silent,
      keypair: 'k',
      masterLbEnabled: false,
      createTimeout: 0,
      labels: { z: '1' },
    });
    assert.equal(spec.keypair, 'k');
    assert.equal(spec.masterLbEnabled, false);
    assert.equal(spec.createTimeout, 0);
    assert.deepEqual(spec.labels, { z: '1' });
  });

  it('begins with two node groups', () => {
    const [master, worker] = defaultNodeGroups(resolveCluster(template, silent), 'image', { nodeCount: 3, masterCount: 1 });
    assert.deepEqual([master.name, master.role, master.nodeCount, master.flavorId], ['default-master', 'master', 1, 'm']);
    assert.deepEqual(
      [worker.name, worker.role, worker.nodeCount, worker.flavorId, worker.minNodeCount],
      ['default-worker', 'worker', 3, 'w', 2],
    );
  });

  it('refuses even, unreachable and volumeless', () => {
    assertOddMasters(3);
    assert.throws(() => assertOddMasters(2), { code: 'even-master-count' });
    assertMastersReachable(3, true);
    assertMastersReachable(1, false);
    assert.throws(() => assertMastersReachable(3, false), { code: 'masters-without-load-balancer' });
    assertDockerVolume('overlay2', null);
    assertDockerVolume('devicemapper', 3);
    assert.throws(() => assertDockerVolume('devicemapper', null), { code: 'docker-volume-too-small' });
  });

  it('reads the size of the boot volume', () => {
    assert.equal(bootVolumeSizeGb({}, 7), 7);
    assert.equal(bootVolumeSizeGb({ boot_volume_size: '20' }, 7), 20);
    assert.throws(() => bootVolumeSizeGb({ boot_volume_size: 'big' }, 7), { code: 'invalid-label' });
  });
});
