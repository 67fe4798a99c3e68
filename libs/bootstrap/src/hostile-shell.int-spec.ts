import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { AgentRig } from '../test/agent-rig.js';
import { USER_PLACES } from '../test/hostile-places.js';
import { CANARY, hostileStrings } from '../test/hostile.js';
import { bundleInput } from '../test/inputs.js';
import { below, playCommand, playCommands } from '../test/played-commands.js';
import { NODE_AGENT, PREPARE_SCRIPT } from './assets.js';
import { renderBundle } from './bundle.js';
import type { BundleInput } from './types.js';

/** Shells really run here what we render, in a folder; a string that was executed leaves a file behind. */
const STRINGS = hostileStrings(3000);
const OUTSIDE = join('/tmp', CANARY);
/** A process's argument ends where NUL is. */
const WORDS = STRINGS.filter((text) => !text.includes('\0')).map((text) => Buffer.from(text).toString());

before(() => rmSync(OUTSIDE, { recursive: true, force: true }));
after(() => rmSync(OUTSIDE, { recursive: true, force: true }));

const alive = (folder: string): void => {
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes(CANARY)),
    [],
  );
  assert.equal(existsSync(OUTSIDE), false);
};

async function rig(t: TestContext, distro: string): Promise<AgentRig> {
  const made = await AgentRig.start({ distro });
  t.after(() => made.close());
  return made;
}

for (const distro of ['debian', 'flatcar']) {
  test(`the agent of ${distro} takes 3,000 hostile words and contents as they are`, async (t) => {
    const machine = await rig(t, distro);
    const perFile = 100;
    const files = Array.from({ length: Math.ceil(WORDS.length / perFile) }, (_, n) => ({
      path: `/data/${n}`,
      mode: '0600',
      content: WORDS.slice(n * perFile, (n + 1) * perFile).join('\u0001'),
    }));
    const keep = 'printf "%s\\0" "$@" >"$JEROBOAM_ROOT/words"';
    const step = { name: 'prepare', command: ['/bin/sh', '-c', keep, 'sh', ...WORDS], timeout_seconds: 60, attempts: 1 };
    const body = { version: 1, name: 'n', role: 'worker', files, steps: [step], cleanup: [] };
    // Marks are put in wherever they stand: what they become is the machine's own.
    machine.write('/drive.json', JSON.stringify({ meta: { jeroboam_volume_docker: '0f1e2d3c-4b5a-4678-8000-00000000000a' } }));
    machine.write('/dev/disk/by-label/config-2', '');
    playCommand(
      machine,
      'mount',
      'mkdir -p "$4/openstack/latest" && cp "$JEROBOAM_ROOT/drive.json" "$4/openstack/latest/meta_data.json"',
    );
    playCommand(machine, 'umount', ':');
    machine.bundleAnswers = [{ status: 200, body }];
    const { code, output } = await machine.run({ PATH: `${join(machine.root, 'bin')}:${process.env['PATH'] ?? ''}` });
    assert.equal(code, 0, output.slice(-2000));
    const filled = (text: string): string =>
      text
        .replaceAll('@@INSTANCE_ID@@', 'a1b2c3d4-0000-4000-8000-000000000009')
        .replaceAll('@@LOCAL_IP@@', '127.0.0.1')
        .replaceAll('@@VOLUME_DOCKER@@', '0f1e2d3c-4b5a-4678-8000-00000000000a');
    assert.deepEqual(machine.read('/words').split('\0').slice(0, -1), WORDS.map(filled));
    for (const { path, content } of files) assert.equal(machine.read(path), filled(content), path);
    alive(machine.root);
  });
}

test('3,000 hostile paths are refused, or lead to where they say', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'jeroboam-paths-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const check = /^check_path\(\) \{.*?^\}$/ms.exec(NODE_AGENT)?.[0] ?? assert.fail('no check_path');
  const loop = `${check}\nfor path; do if check_path "$path" >/dev/null; then printf '%s\\0' "$path"; fi; done\n`;
  writeFileSync(join(folder, 'check.sh'), loop);
  const paths = WORDS.flatMap((text) => [text, `/run/${text}`]);
  const { status, stdout } = spawnSync('bash', ['check.sh', ...paths], { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 24 });
  assert.equal(status, 0);
  const taken = stdout.split('\0').slice(0, -1);
  assert.ok(taken.length > 0 && taken.length < paths.length);
  for (const path of taken) assert.equal(posix.normalize(path), path);
  alive(folder);
});

/** For each field what passed its grammar, so that it is in the bundle. */
function passing(): { name: string; input: BundleInput }[][] {
  const rounds: { name: string; input: BundleInput }[][] = [];
  for (const [name, place] of Object.entries(USER_PLACES)) {
    const passed: string[] = [];
    for (const value of STRINGS.slice(0, 600)) {
      if (passed.length === 2) break;
      try {
        if (JSON.stringify(renderBundle(place(value))).includes(JSON.stringify(value).slice(1, -1))) passed.push(value);
      } catch {
        // Refused, as it should be.
      }
    }
    passed.forEach((value, index) => (rounds[index] ??= []).push({ name, input: place(value) }));
  }
  return rounds;
}

test('what passes the grammars is rendered into scripts that a shell runs without running it', async (t) => {
  const rounds = passing();
  assert.ok(rounds.flat().length > 10);
  for (const round of rounds) {
    const machine = await rig(t, 'debian');
    const path = playCommands(machine, 0);
    machine.write('/etc/fstab', '');
    const merged = round.reduce<BundleInput>(
      (all, { input }) => ({
        ...all,
        cluster: { ...all.cluster, ...changed(input.cluster), labels: { ...all.cluster.labels, ...input.cluster.labels } },
      }),
      bundleInput(),
    );
    machine.bundleAnswers = [{ status: 200, body: below(machine.root, renderBundle(merged)) }];
    const { code, output } = await machine.run({ PATH: path });
    assert.equal(code, 0, `${round.map(({ name }) => name).join()}\n${output.slice(-2000)}`);
    alive(machine.root);
  }
});

/** What a place has put in. */
const changed = (cluster: BundleInput['cluster']): Partial<BundleInput['cluster']> =>
  Object.fromEntries(
    Object.entries(cluster).filter(([key, value]) => value !== bundleInput().cluster[key as keyof BundleInput['cluster']]),
  );

const OPTIONS = ['version', 'packages', 'packages-key-sha256', 'containerd-url', 'containerd-sha256', 'kubernetes-url'];
const MORE_OPTIONS = ['kubernetes-sha256', 'cni-url', 'cni-sha256', 'trust', 'time', 'docker-volume', 'etcd-volume'];

test('even past the grammars the scripts run nothing of their arguments', async (t) => {
  const machine = await rig(t, 'debian');
  const path = playCommands(machine, 0);
  for (const name of ['curl', 'apt-get', 'apt-mark', 'mkfs.ext4', 'mount', 'umount', 'tar', 'sleep'])
    playCommand(machine, name, ':');
  for (const name of ['blkid', 'mountpoint']) playCommand(machine, name, 'exit 0');
  playCommand(machine, 'sha256sum', 'exit 0');
  machine.write('/etc/jeroboam/environment', '');
  machine.write('/prepare.sh', PREPARE_SCRIPT, 0o755);
  // A word each for thirty runs: the forms themselves, one after the other, and then some that were put together.
  const words = [...WORDS.slice(0, 24), ...WORDS.slice(1500, 1506)];
  for (const [index, word] of words.entries()) {
    const mode = ['packages', 'binaries', word][index % 3] as string;
    const options = [...OPTIONS, ...MORE_OPTIONS].flatMap((name) => [`--${name}`, word]);
    spawnSync('bash', ['prepare.sh', '--mode', mode, ...options], {
      cwd: machine.root,
      env: { PATH: path, JEROBOAM_ROOT: machine.root, JEROBOAM_PAUSE: '0' },
      timeout: 30_000,
    });
    alive(machine.root);
  }
});
