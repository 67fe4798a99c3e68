import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { minorsBetween, upgradeStages, type NodeImage } from './upgrade-path.js';

const image = (kube_version: string | null, more: Partial<NodeImage> = {}): NodeImage => ({
  id: `id of ${kube_version}`,
  name: `ubuntu-${kube_version}`,
  status: 'active',
  os_distro: 'ubuntu',
  kube_version,
  ...more,
});
const wanted = image('v1.37.1');

describe('the stages of an upgrade', () => {
  it('are none within a minor, to the next one, and to the same version', () => {
    for (const to of ['v1.36.4', 'v1.36.9', 'v1.37.1']) assert.deepEqual(upgradeStages('v1.36.4', to, wanted, []), []);
    assert.deepEqual(minorsBetween('v1.34.9', 'v1.37.1'), ['1.35', '1.36']);
  });

  it('are the newest image of each minor between', () => {
    const images = [
      image('v1.36.2'),
      image('v1.36.10'),
      image('v1.35.9'),
      image('1.36.11', { os_distro: 'flatcar' }),
      image('v1.36.12', { status: 'deactivated' }),
      image('latest'),
      image(null),
    ];
    assert.deepEqual(upgradeStages('v1.34.9', 'v1.37.1', wanted, images), [
      { version: 'v1.35.9', imageId: 'id of v1.35.9', imageKubeVersion: 'v1.35.9' },
      { version: 'v1.36.10', imageId: 'id of v1.36.10', imageKubeVersion: 'v1.36.10' },
    ]);
  });

  it('are refused where an image is missing, with those there are', () => {
    assert.throws(() => upgradeStages('v1.34.9', 'v1.37.1', wanted, [image('v1.36.4'), wanted]), {
      code: 'kubernetes-minor-skipped',
      message: /from v1\.34\.9 to v1\.37\.1: there is no image of ubuntu for v1\.35 \(there are v1\.36\.4, v1\.37\.1\)/,
    });
    assert.throws(() => upgradeStages('v1.37.1', 'v1.36.4', wanted, []), { code: 'kubernetes-downgrade' });
  });

  it('are the newest patch that is known, on a stock image', () => {
    assert.deepEqual(upgradeStages('v1.35.9', 'v1.37.1', image(null), []), [
      { version: 'v1.36.4', imageId: 'id of null', imageKubeVersion: null },
    ]);
  });
});
