import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_KUBERNETES_VERSION, kubernetesVersionOf, supportedMinors } from './kubernetes-version.js';

const today = new Date('2026-11-20T12:00:00Z');

test('the image wins, then the label, then the default', () => {
  assert.equal(kubernetesVersionOf({ kube_version: 'v1.36.4' }, {}, 'v1.35.9', today), 'v1.36.4');
  assert.equal(kubernetesVersionOf({ kube_version: '1.36.4' }, { kube_tag: 'v1.36.4' }, 'v1.35.9', today), 'v1.36.4');
  assert.equal(kubernetesVersionOf({}, { kube_tag: 'v1.37.1' }, 'v1.35.9', today), 'v1.37.1');
  assert.equal(kubernetesVersionOf({ kube_version: '' }, { kube_tag: '' }), DEFAULT_KUBERNETES_VERSION);
});

test('an image and a label that disagree are refused, naming both', () => {
  assert.throws(() => kubernetesVersionOf({ kube_version: 'v1.36.4' }, { kube_tag: 'v1.35.9' }), {
    code: 'kubernetes-version-mismatch',
    message: 'Label kube_tag does not agree with the image (property kube_version): v1.35.9, not v1.36.4.',
  });
});

test('unknown, ended and unreadable versions are refused', () => {
  assert.throws(() => kubernetesVersionOf({}, { kube_tag: 'v1.22.1' }), { code: 'unsupported-kubernetes-version' });
  assert.throws(() => kubernetesVersionOf({}, { kube_tag: 'v1.34.9' }, DEFAULT_KUBERNETES_VERSION, today), {
    code: 'unsupported-kubernetes-version',
    message: 'This version of Kubernetes ended on 2026-10-27: v1.34.9. Supported: 1.35, 1.36, 1.37.',
  });
  for (const kube_tag of ['1.36.4', 'v1.36', 'v1.36.4-rancher1', 'v1.36.4\n', '$(id)'])
    assert.throws(() => kubernetesVersionOf({}, { kube_tag }), { code: 'invalid-value' }, kube_tag);
  assert.throws(() => kubernetesVersionOf({ kube_version: ['v1.36.4'] }, {}), { code: 'invalid-value' });
});

test('support follows the dates', () => {
  const minors = (date: string): string[] => supportedMinors(new Date(date)).map((one) => one.minor);
  assert.deepEqual(minors('2026-11-20'), ['1.35', '1.36', '1.37']);
  assert.deepEqual(minors('2027-02-28T20:00:00Z'), ['1.35', '1.36', '1.37']);
  assert.deepEqual(minors('2027-03-01'), ['1.36', '1.37']);
});
