import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { certificateText, userDataInput } from '../test/inputs.js';
import { CONTAINERD_SCRIPT, KUBEADM_SCRIPT, NODE_AGENT, PREPARE_SCRIPT } from './assets.js';
import type { UserDataInput } from './types.js';
import { renderUserData, USER_DATA_LIMIT_BYTES } from './user-data.js';

interface CloudConfig {
  readonly write_files: { path: string; owner: string; permissions: string; content: string }[];
  readonly runcmd: string[][];
}

test('user data is a cloud-config that writes four files and starts the agent', () => {
  const input = userDataInput();
  const text = renderUserData(input);
  assert.ok(text.startsWith('#cloud-config\n'));
  const config = parse(text, { version: '1.1' }) as CloudConfig;
  assert.deepEqual(Object.keys(config), ['write_files', 'runcmd']);
  const files = new Map(config.write_files.map((file) => [file.path, file]));
  assert.deepEqual(JSON.parse(files.get('/etc/jeroboam/node.json')?.content ?? ''), {
    version: 1,
    node_id: input.nodeId,
    cluster_id: input.clusterId,
    name: input.name,
    role: 'master',
    endpoint: 'https://127.0.0.1:9512',
    nonce: input.nonce,
  });
  assert.equal(files.get('/etc/jeroboam/node.json')?.permissions, '0600');
  assert.equal(files.get('/etc/jeroboam/ca.pem')?.content, input.caPem);
  assert.equal(files.get('/usr/local/sbin/jeroboam-node')?.content, NODE_AGENT);
  assert.match(
    files.get('/etc/systemd/system/jeroboam-node.service')?.content ?? '',
    /ExecStart=\/usr\/local\/sbin\/jeroboam-node\n/,
  );
  assert.deepEqual(config.runcmd.at(-1), ['systemctl', 'enable', '--now', '--no-block', 'jeroboam-node.service']);
});

test('it is small, holds no key, and the nonce once', () => {
  const input = userDataInput();
  const text = renderUserData(input);
  assert.ok(Buffer.byteLength(text) < USER_DATA_LIMIT_BYTES);
  assert.doesNotMatch(text, /PRIVATE KEY/);
  assert.equal(text.split(input.nonce).length, 2);
});

test('a chain that makes it too large is refused', () => {
  const caPem = Array.from({ length: 8 }, certificateText).join('');
  assert.throws(() => renderUserData({ ...userDataInput(), caPem }), { code: 'user-data-too-large' });
});

test('fields that do not fit are refused by name, secrets are not told', () => {
  const bad: [Partial<UserDataInput>, string][] = [
    [{ nodeId: 'x' }, 'node id'],
    [{ name: 'K1' }, 'node name'],
    [{ name: 'a\nruncmd: [reboot]' }, 'node name'],
    [{ endpoint: 'http://a' }, 'bootstrap endpoint'],
    [{ endpoint: 'https://a/$(id)' }, 'bootstrap endpoint'],
    [{ nonce: 'short-secret' }, 'nonce'],
    [{ caPem: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }, 'bootstrap authority'],
  ];
  for (const [change, field] of bad)
    assert.throws(() => renderUserData({ ...userDataInput(), ...change }), { code: 'invalid-value', fields: { field } });
  assert.throws(
    () => renderUserData({ ...userDataInput(), nonce: 'short-secret' }),
    (error: Error) => !error.message.includes('short-secret'),
  );
});

const installed = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

test('every script is good bash', () => {
  const directory = mkdtempSync(join(tmpdir(), 'jeroboam-scripts-'));
  try {
    for (const [name, script] of Object.entries({ NODE_AGENT, PREPARE_SCRIPT, CONTAINERD_SCRIPT, KUBEADM_SCRIPT })) {
      const file = join(directory, `${name}.sh`);
      writeFileSync(file, script);
      execFileSync('bash', ['-n', file]);
      assert.doesNotMatch(script, /\beval\b/, `${name} evaluates text`);
      if (installed('shellcheck')) execFileSync('shellcheck', [file], { encoding: 'utf8' });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
