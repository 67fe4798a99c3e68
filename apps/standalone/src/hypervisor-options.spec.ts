import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOptions } from './hypervisor-options.js';

test('nothing said: simulated guests', () => {
  assert.deepEqual(startOptions([]), { sandbox: {}, env: {} });
});

test('machines of QEMU, images with properties, services where machines reach them', () => {
  const words = [
    '--hypervisor',
    'qemu',
    '--image',
    'node=/d/n.qcow2,os_distro=debian,kube_version=v1.36.4',
    '--vm-memory',
    '6000',
  ];
  const { sandbox, env } = startOptions(words, { BOOTSTRAP_PORT: '9700' });
  assert.deepEqual(sandbox.qemu, {
    images: [{ name: 'node', path: '/d/n.qcow2', properties: { os_distro: 'debian', kube_version: 'v1.36.4' } }],
    accelerator: 'auto',
    memoryMib: 6000,
    cpus: undefined,
  });
  assert.equal(env['BOOTSTRAP_PUBLIC_URL'], 'https://127.25.0.1:9700');
});

test('what cannot be is said', () => {
  assert.throws(() => startOptions(['--hypervisor', 'xen']), /simulated or qemu/);
  assert.throws(() => startOptions(['--hypervisor', 'qemu']), /needs an image/);
  assert.throws(() => startOptions(['--image', 'a=b']), /goes with --hypervisor qemu/);
  assert.throws(() => startOptions(['--hypervisor', 'qemu', '--image', 'a']), /is not NAME=VALUE/);
  assert.throws(() => startOptions(['--hypervisor', 'qemu', '--image', 'a=b', '--vm-cpus', 'x']), /whole number/);
});
