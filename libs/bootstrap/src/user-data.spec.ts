import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DISTROS, distroOf } from '#libs/domain';
import { readUserData } from '../test/boot-reader.js';
import { certificateText, userDataInput } from '../test/inputs.js';
import { CONTAINERD_SCRIPT, JSON_BY_JQ, JSON_BY_PYTHON, KUBEADM_SCRIPT, NODE_AGENT, PREPARE_SCRIPT } from './assets.js';
import type { UserDataInput } from './types.js';
import { renderUserData, USER_DATA_LIMIT_BYTES } from './user-data.js';

const DISTRO_NAMES = DISTROS.map(({ name }) => name);

for (const distro of DISTRO_NAMES) {
  test(`user data for ${distro} writes the agent and what it needs, and starts it`, () => {
    const input = { ...userDataInput(), distro };
    const { format, files, units } = readUserData(renderUserData(input));
    assert.equal(format, distroOf(distro).userData);
    const byPath = new Map(files.map((file) => [file.path, file]));
    assert.deepEqual(JSON.parse(byPath.get('/etc/jeroboam/node.json')?.content ?? ''), {
      version: 1,
      node_id: input.nodeId,
      cluster_id: input.clusterId,
      name: input.name,
      role: 'master',
      endpoint: 'https://127.0.0.1:9512',
      nonce: input.nonce,
    });
    assert.equal(byPath.get('/etc/jeroboam/node.json')?.mode, 0o600);
    assert.equal(byPath.get('/etc/jeroboam/ca.pem')?.content, input.caPem);
    assert.equal(byPath.get('/etc/jeroboam/json.sh')?.content, format === 'ignition' ? JSON_BY_JQ : JSON_BY_PYTHON);
    const unit = units.find(({ name }) => name === 'jeroboam-node.service')?.content ?? '';
    const program = /^ExecStart=\/bin\/bash (\S+)$/m.exec(unit)?.[1] ?? '';
    assert.equal(byPath.get(program)?.content, NODE_AGENT);
    assert.equal(byPath.get(program)?.mode, 0o755);
    if (format === 'ignition')
      assert.ok(
        files.every(({ path }) => !path.startsWith('/usr/')),
        '/usr is read-only there',
      );
  });

  test(`user data for ${distro} is small, holds no key, and the nonce once`, () => {
    const input = { ...userDataInput(), distro };
    const text = renderUserData(input);
    assert.ok(Buffer.byteLength(text) < USER_DATA_LIMIT_BYTES - 4096);
    const { files, units } = readUserData(text);
    const all = [...files, ...units].map(({ content }) => content).join('\n');
    assert.doesNotMatch(all, /-----BEGIN [A-Z ]*PRIVATE KEY-----\n/);
    assert.equal(all.split(input.nonce).length, 2);
  });
}

test('what restarts a machine by itself is kept from it', () => {
  const masked = (distro: string): string[] =>
    readUserData(renderUserData({ ...userDataInput(), distro })).units.flatMap((unit) => (unit.masked ? [unit.name] : []));
  assert.deepEqual(masked('flatcar'), ['locksmithd.service', 'update-engine.service']);
  assert.deepEqual(masked('fedora-coreos'), ['zincati.service']);
  assert.deepEqual(masked('ubuntu'), []);
});

test('a chain that makes it too large is refused', () => {
  const caPem = Array.from({ length: 16 }, certificateText).join('');
  for (const distro of DISTRO_NAMES)
    assert.throws(() => renderUserData({ ...userDataInput(), caPem, distro }), { code: 'user-data-too-large' });
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

test('every script is good bash', () => {
  const directory = mkdtempSync(join(tmpdir(), 'jeroboam-scripts-'));
  try {
    for (const [name, script] of Object.entries({
      NODE_AGENT,
      JSON_BY_JQ,
      JSON_BY_PYTHON,
      PREPARE_SCRIPT,
      CONTAINERD_SCRIPT,
      KUBEADM_SCRIPT,
    })) {
      const file = join(directory, `${name}.sh`);
      writeFileSync(file, script);
      execFileSync('bash', ['-n', file]);
      assert.doesNotMatch(script, /\beval\b/, `${name} evaluates text`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
