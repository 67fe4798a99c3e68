import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AgentRig, type RigOptions } from '../test/agent-rig.js';
import { bundleInput } from '../test/inputs.js';
import { below, playCommand, playCommands } from '../test/played-commands.js';
import { renderBundle } from './bundle.js';
import type { Artifact } from './types.js';

async function rig(t: TestContext, options?: RigOptions): Promise<AgentRig> {
  const made = await AgentRig.start(options);
  t.after(() => made.close());
  return made;
}

/** Mounting the config drive lays its file out; mounting anything else does nothing. */
const CONFIG_DRIVE =
  'case $* in *config-2*) mkdir -p "$4/openstack/latest" && cp "$JEROBOAM_ROOT/drive.json" "$4/openstack/latest/meta_data.json" ;; esac';

test('a stock image gets pinned packages through the proxy, and its volumes', async (t) => {
  const machine = await rig(t);
  const path = playCommands(machine, 0);
  const play = (name: string, body: string): void => playCommand(machine, name, body);
  // The agent's own calls go to the real one.
  play(
    'curl',
    'case "$*" in *--noproxy*) exec /usr/bin/curl "$@" ;; esac\nwhile [ "$1" != --output ]; do shift; done; echo key >"$2"',
  );
  play('apt-get', 'test -e "$JEROBOAM_ROOT/tried-apt" || { touch "$JEROBOAM_ROOT/tried-apt"; exit 100; }');
  for (const name of ['apt-mark', 'mkfs.ext4', 'umount']) play(name, ':');
  play('mount', CONFIG_DRIVE);
  for (const name of ['blkid', 'mountpoint']) play(name, 'exit 2');
  const volume = '0f1e2d3c-4b5a-4678-8000-00000000000a';
  machine.write('/drive.json', JSON.stringify({ uuid: 'x', meta: { jeroboam_volume_docker: volume } }));
  machine.write('/dev/disk/by-label/config-2', '');
  machine.write(`/dev/disk/by-id/virtio-${volume.slice(0, 20)}`, '');
  machine.write('/etc/fstab', '');
  machine.write('/etc/apt/sources.list.d/none', '');
  const input = bundleInput({
    kind: 'join-worker',
    imageProperties: {},
    dockerVolume: true,
    cluster: { httpsProxy: 'http://proxy.example:3128' },
  });
  machine.bundleAnswers = [{ status: 200, body: below(machine.root, renderBundle(input)) }];
  const { code, output } = await machine.run({ PATH: path });
  assert.equal(code, 0, output + machine.read('/var/log/jeroboam/prepare.log'));
  const commands = machine.read('/commands');
  assert.match(commands, /^apt-get .*install .*kubelet=1\.36\.4-\* kubeadm=1\.36\.4-\* .*\[http:\/\/proxy\.example:3128\]$/m);
  assert.match(commands, /^curl .*https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v1\.36\/deb\/Release\.key/m);
  assert.match(commands, /^apt-mark hold kubelet kubeadm kubectl/m);
  assert.match(commands, /^mkfs\.ext4 -q -L jeroboam-docker /m);
  assert.match(machine.read('/etc/fstab'), /^LABEL=jeroboam-docker \/var\/lib\/containerd ext4 /m);
  const source = 'deb [signed-by=/etc/apt/keyrings/jeroboam-kubernetes.asc] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /\n';
  assert.equal(machine.read('/etc/apt/sources.list.d/jeroboam-kubernetes.list'), source);
});

/** An archive with these programs, as upstream lays them out, below a folder that the played curl reads from. */
function archive(machine: AgentRig, name: string, folder: string, programs: readonly string[]): Artifact {
  for (const program of programs) machine.write(`/upstream/${name}/${folder}/${program}`, '#!/bin/sh\n', 0o755);
  const file = join(machine.root, `upstream/${name}.tgz`);
  execFileSync('tar', ['-C', join(machine.root, 'upstream', name), '-czf', file, '.']);
  return {
    url: `https://mirror.example/${name}.tgz?a=b&c=d`,
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
  };
}

for (const [distro, prefix] of [
  ['flatcar', '/opt'],
  ['fedora-coreos', '/usr/local'],
] as const) {
  test(`a stock ${distro} gets binaries with the digests that were pinned, and nothing else`, async (t) => {
    const machine = await rig(t, { distro });
    const path = playCommands(machine, 0);
    // The agent's own calls go to the real one; an archive is what the mirror has under its name.
    playCommand(
      machine,
      'curl',
      'case "$*" in *--noproxy*) exec /usr/bin/curl "$@" ;; esac\nfor last; do :; done; last=${last%%\\?*}\nwhile [ "$1" != --output ]; do shift; done\ncp "$JEROBOAM_ROOT/upstream/${last##*/}" "$2"',
    );
    const kubernetes = archive(machine, 'kubernetes', 'kubernetes/node/bin', ['kubeadm', 'kubelet', 'kubectl', 'kube-proxy']);
    const cni = archive(machine, 'cni', '.', ['bridge', 'loopback']);
    const imageProperties = { os_distro: distro };
    const render = (binaries: { kubernetes: Artifact; cni: Artifact }): object =>
      below(
        machine.root,
        renderBundle(bundleInput({ kind: 'join-worker', imageProperties, mirrors: { binaries: { 'v1.36.4': binaries } } })),
      );
    machine.bundleAnswers = [{ status: 200, body: render({ kubernetes: { ...kubernetes, sha256: cni.sha256 }, cni }) }];
    assert.equal((await machine.run({ PATH: path })).code, 1);
    assert.match(String(machine.calls.at(-1)?.body['log_tail']), /kubernetes archive has not the digest/);
    assert.equal(machine.exists(`${prefix}/bin/kubelet`), false);

    const second = await rig(t, { distro });
    machine.bundleAnswers = [];
    execFileSync('cp', ['-r', join(machine.root, 'bin'), join(machine.root, 'upstream'), second.root]);
    second.bundleAnswers = [
      {
        status: 200,
        body: below(
          second.root,
          renderBundle(
            bundleInput({ kind: 'join-worker', imageProperties, mirrors: { binaries: { 'v1.36.4': { kubernetes, cni } } } }),
          ),
        ),
      },
    ];
    const { code, output } = await second.run({ PATH: path.replace(machine.root, second.root) });
    assert.equal(code, 0, output + second.read('/var/log/jeroboam/prepare.log'));
    for (const name of ['kubeadm', 'kubelet', 'kubectl']) assert.equal(second.mode(`${prefix}/bin/${name}`), '0755');
    assert.equal(second.exists(`${prefix}/bin/kube-proxy`), false);
    assert.ok(second.exists('/opt/cni/bin/bridge'));
    assert.ok(second.read('/etc/systemd/system/kubelet.service').includes(`ExecStart=${prefix}/bin/kubelet `));
    assert.doesNotMatch(second.read('/commands'), /^apt/m);
  });
}
