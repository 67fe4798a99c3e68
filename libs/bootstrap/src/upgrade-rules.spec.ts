import assert from 'node:assert/strict';
import { it } from 'node:test';
import { InvalidInput } from '#libs/domain';
import { checkNodeVersion, checkUpgrade, checkUpgradeTemplate, compareVersions } from './upgrade-rules.js';

const refused =
  (code: string, ...words: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof InvalidInput);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), error.message);
    return true;
  };

it('lets a control plane go up within its minor, to the next one, and stay', () => {
  for (const [from, to] of [
    ['v1.35.9', 'v1.36.4'],
    ['v1.36.1', 'v1.36.4'],
    ['v1.36.4', 'v1.36.4'],
    ['v1.35.9', 'v1.36.0'],
  ] as const)
    checkUpgrade(from, to);
});

it('refuses to go back or to leave a minor out, and names both versions', () => {
  assert.throws(() => checkUpgrade('v1.36.4', 'v1.36.3'), refused('kubernetes-downgrade', 'v1.36.4', 'v1.36.3'));
  assert.throws(() => checkUpgrade('v1.36.0', 'v1.35.9'), refused('kubernetes-downgrade', 'v1.36.0', 'v1.35.9'));
  assert.throws(
    () => checkUpgrade('v1.35.9', 'v1.37.1'),
    refused('kubernetes-minor-skipped', 'v1.35.9', 'v1.37.1', 'v1.36 first'),
  );
});

it('keeps kubelets between the control plane and three minors below', () => {
  checkNodeVersion('v1.36.4', 'v1.36.9', 'workers');
  checkNodeVersion('v1.36.4', 'v1.33.1', 'workers');
  assert.throws(
    () => checkNodeVersion('v1.36.4', 'v1.37.0', 'new'),
    refused('kubernetes-node-newer', 'new', 'v1.36.4', 'v1.37.0'),
  );
  assert.throws(
    () => checkNodeVersion('v1.37.0', 'v1.33.9', 'old'),
    refused('kubernetes-node-too-old', 'old', 'v1.37.0', 'v1.33.9'),
  );
});

it('orders versions by number', () => {
  assert.deepEqual(['v1.36.10', 'v1.36.9', 'v1.9.30'].toSorted(compareVersions), ['v1.9.30', 'v1.36.9', 'v1.36.10']);
});

it('keeps what a cluster was made for', () => {
  const template = { coe: 'kubernetes', serverType: 'vm', networkDriver: null, apiserverPort: null };
  const reachable = { masterLbEnabled: false, floatingIpEnabled: true };
  checkUpgradeTemplate(reachable, template, { ...template, networkDriver: 'flannel', apiserverPort: 6443 });
  const calico = { ...template, networkDriver: 'calico' };
  assert.throws(
    () => checkUpgradeTemplate(reachable, template, calico),
    refused('upgrade-template-differs', 'network_driver', 'calico'),
  );
  const port = { ...template, apiserverPort: 8443 };
  assert.throws(
    () => checkUpgradeTemplate(reachable, template, port),
    refused('upgrade-template-differs', 'apiserver_port', '8443'),
  );
  const bound = { masterLbEnabled: false, floatingIpEnabled: false };
  assert.throws(() => checkUpgradeTemplate(bound, template, template), refused('upgrade-address-bound', 'neither'));
});
