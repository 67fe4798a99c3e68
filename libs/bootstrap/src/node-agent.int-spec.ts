import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AgentRig, type RigOptions } from '../test/agent-rig.js';
import { bundleInput } from '../test/inputs.js';
import { below, playCommands } from '../test/played-commands.js';
import { renderBundle } from './bundle.js';
import type { BundleFile } from './types.js';

type Step = { name: string; command: string[]; timeout_seconds: number; attempts: number; turn?: true };
const shell = (name: string, command: string, attempts = 1, timeout_seconds = 20): Step => ({
  name,
  command: ['/bin/sh', '-c', command],
  timeout_seconds,
  attempts,
});
const bundle = (steps: Step[], files: BundleFile[] = [], cleanup: string[] = []): object => ({
  version: 1,
  name: 'n',
  role: 'master',
  files,
  steps,
  cleanup,
});

async function rig(t: TestContext, options?: RigOptions): Promise<AgentRig> {
  const made = await AgentRig.start(options);
  t.after(() => made.close());
  return made;
}

for (const distro of ['ubuntu', 'flatcar'])
  test(`on ${distro} it waits its turn, fetches once, writes files, runs steps, reports, cleans up; a second run does nothing`, async (t) => {
    const machine = await rig(t, { distro });
    const odd = `it's "$(touch c4n4ry)" \`id\` \n x`;
    const files = [
      { path: '/run/kubeadm/kubeadm.yaml', mode: '0600', content: 'id: @@INSTANCE_ID@@\nip: @@LOCAL_IP@@\n' },
      { path: '/etc/kubernetes/pki/etcd/ca.crt', mode: '0644', content: 'x\n' },
    ];
    const steps: Step[] = [
      {
        name: 'prepare',
        command: ['/bin/sh', '-c', 'printf %s "$1" > "$JEROBOAM_ROOT/said"', 'sh', odd],
        timeout_seconds: 20,
        attempts: 1,
      },
      shell('kubeadm-init', 'cat "$JEROBOAM_ROOT/run/kubeadm/kubeadm.yaml" > "$JEROBOAM_ROOT/seen"'),
    ];
    const busy = { status: 503, headers: { 'retry-after': '0' }, body: { errors: [] } };
    machine.bundleAnswers = [busy, 'cut', busy, { status: 200, body: bundle(steps, files, ['/run/kubeadm']) }];
    const { code, output } = await machine.run();
    assert.equal(code, 0, output);
    assert.deepEqual(machine.reports(), [
      'boot started',
      'boot done',
      'bundle started',
      'bundle done',
      'prepare started',
      'prepare done',
      'kubeadm-init started',
      'kubeadm-init done',
    ]);
    assert.equal(machine.read('/said'), odd);
    assert.equal(machine.read('/seen'), 'id: a1b2c3d4-0000-4000-8000-000000000009\nip: 127.0.0.1\n');
    assert.equal(machine.mode('/etc/kubernetes/pki/etcd/ca.crt'), '0644');
    const fetches = machine.calls.filter((call) => call.what === 'bundle');
    assert.equal(fetches.length, 4);
    assert.equal(new Set(fetches.map((call) => call.body['retry_key'])).size, 1);
    assert.match(String(fetches[0]?.body['retry_key']), /^[0-9a-f]{48}$/);
    assert.equal(fetches[0]?.body['nonce'], machine.nonce);
    const token = createHash('sha256').update(`jeroboam-report:${machine.nonce}`).digest('hex');
    assert.ok(machine.calls.every((call) => call.authorization === `Bearer ${token}`));
    const gone = ['/run/kubeadm', '/run/jeroboam', '/etc/jeroboam/node.json', '/run/ignition.json'];
    const kept = ['/var/lib/cloud/instance/user-data.txt', '/var/lib/cloud/instance/cloud-config.txt'];
    for (const path of [...gone, ...kept]) assert.equal(machine.exists(path), false, path);
    assert.match(machine.read('/dev/console'), /^BOOT-STEP name=kubeadm-init status=done rc=0$/m);
    assert.equal(output.includes(machine.nonce), false);
    assert.equal(machine.exists('/c4n4ry'), false);
    const before = machine.calls.length;
    assert.equal((await machine.run()).code, 0);
    assert.equal(machine.calls.length, before);
  });

for (const distro of ['ubuntu', 'flatcar'])
  test(`on ${distro} a nonce that looks like an option is a nonce`, async (t) => {
    const machine = await rig(t, { distro, nonce: '-h'.padEnd(43, 'n') });
    machine.bundleAnswers = [{ status: 200, body: bundle([shell('prepare', 'true')]) }];
    assert.equal((await machine.run()).code, 0);
    assert.equal(machine.calls.find((call) => call.what === 'bundle')?.body['nonce'], machine.nonce);
    assert.equal(machine.reports().at(-1), 'prepare done');
  });

for (const distro of ['debian', 'fedora-coreos'])
  test(`on ${distro} a failing step is tried again, reported with exit code and masked log, and a second run goes on there`, async (t) => {
    const machine = await rig(t, { distro });
    const secrets = `echo token abcdef.0123456789abcdef; echo ${machine.nonce}; echo http://u:pa55word@proxy; printf -- '-----BEGIN PRIVATE KEY-----\\nc2VjcmV0\\n-----END PRIVATE KEY-----\\n'`;
    const steps = [
      shell('prepare', 'echo x >> "$JEROBOAM_ROOT/prepared"'),
      shell('kubeadm-init', `echo x >> "$JEROBOAM_ROOT/tried"; test -e "$JEROBOAM_ROOT/good" && exit 0; ${secrets}; exit 7`, 2),
    ];
    machine.bundleAnswers = [{ status: 200, body: bundle(steps) }];
    assert.equal((await machine.run()).code, 7);
    assert.equal(machine.read('/tried'), 'x\nx\n');
    const failure = machine.calls.at(-1)?.body;
    assert.deepEqual([failure?.['phase'], failure?.['status'], failure?.['exit_code']], ['kubeadm-init', 'failed', 7]);
    const tail = String(failure?.['log_tail']);
    assert.match(tail, /attempt 2 of 2 ended with exit code 7/);
    assert.ok(tail.length <= 4096);
    for (const secret of ['0123456789abcdef', machine.nonce, 'pa55word', 'c2VjcmV0'])
      assert.equal(tail.includes(secret), false, secret);
    assert.match(machine.read('/dev/console'), /^BOOT-STEP name=kubeadm-init status=failed rc=7$/m);

    machine.write('/good', '');
    assert.equal((await machine.run()).code, 0);
    assert.equal(machine.read('/prepared'), 'x\n');
    assert.equal(machine.calls.filter((call) => call.what === 'bundle').length, 1);
    assert.equal(machine.reports().at(-1), 'kubeadm-init done');
  });

test('a step that hangs is stopped', async (t) => {
  const machine = await rig(t);
  machine.bundleAnswers = [{ status: 200, body: bundle([shell('prepare', 'sleep 60', 1, 1)]) }];
  assert.equal((await machine.run()).code, 124);
  assert.equal(machine.calls.at(-1)?.body['exit_code'], 124);
  assert.match(String(machine.calls.at(-1)?.body['log_tail']), /stopped after 1 s/);
});

test('a refused fetch is reported; a deleted cluster is left quietly', async (t) => {
  const machine = await rig(t);
  machine.bundleAnswers = [{ status: 403, body: { errors: [{ title: 'used', detail: 'another retry key' }] } }];
  assert.equal((await machine.run()).code, 1);
  assert.equal(machine.reports().at(-1), 'bundle failed');
  assert.match(String(machine.calls.at(-1)?.body['log_tail']), /refused with 403.*another retry key/);
  machine.bundleAnswers = [{ status: 410 }];
  assert.equal((await machine.run()).code, 0);
  assert.equal(machine.reports().at(-1), 'bundle started');
});

test('a bundle that reaches outside is refused', async (t) => {
  const machine = await rig(t);
  machine.bundleAnswers = [{ status: 200, body: bundle([], [{ path: '/etc/../../../outside', mode: '0600', content: '' }]) }];
  assert.equal((await machine.run()).code, 1);
  assert.match(String(machine.calls.at(-1)?.body['log_tail']), /bad path/);
});

test('a server of another authority gets nothing, and the agent gives up in time', async (t) => {
  const machine = await rig(t, { foreignAuthority: true });
  const { code, output } = await machine.run({ JEROBOAM_DEADLINE: '-1' });
  assert.equal(code, 1, output);
  assert.equal(machine.calls.length, 0);
  assert.match(output, /certificate/);
});

test('reports that nobody takes do not stop the work', async (t) => {
  const machine = await rig(t);
  machine.phaseAnswers = [{ status: 500 }];
  machine.bundleAnswers = [{ status: 200, body: bundle([shell('prepare', 'true')]) }];
  assert.equal((await machine.run({ JEROBOAM_DEADLINE: '1' })).code, 0);
});

test('an end that nobody took is told again when all is done, because others wait for it', async (t) => {
  const machine = await rig(t);
  const [taken, lost] = [{ status: 204 }, { status: 500 }];
  machine.phaseAnswers = [...Array<typeof taken>(5).fill(taken), ...Array<typeof lost>(10).fill(lost), taken];
  machine.bundleAnswers = [{ status: 200, body: bundle([shell('prepare', 'true')]) }];
  const { code, output } = await machine.run();
  assert.equal(code, 0, output);
  assert.equal(machine.phaseAnswers.length, 1);
  assert.equal(machine.reports().at(-1), 'prepare done');
});

test('a whole rendered bundle runs, and kubeadm’s second attempt keeps the authorities', async (t) => {
  const machine = await rig(t);
  const path = playCommands(machine, 1);
  machine.write('/etc/fstab', '/swapfile none swap sw 0 0\n');
  machine.bundleAnswers = [{ status: 200, body: below(machine.root, renderBundle(bundleInput())) }];
  const { code, output } = await machine.run({ PATH: path });
  assert.equal(code, 0, output + machine.read('/var/log/jeroboam/kubeadm-init.log'));
  const commands = machine.read('/commands');
  assert.equal(commands.match(/^kubeadm init --config .*\/run\/kubeadm\/kubeadm\.yaml$/gm)?.length, 2);
  assert.match(commands, /^kubeadm reset --force/m);
  assert.match(machine.read('/etc/containerd/config.toml'), /sandbox = "registry\.k8s\.io\/pause:3\.99"/);
  assert.equal(machine.read('/etc/fstab'), '#/swapfile none swap sw 0 0\n');
  assert.equal(machine.mode('/etc/kubernetes/pki/ca.key'), '0600');
  assert.equal(machine.exists('/run/kubeadm'), false);
});

test('an image with another version says so', async (t) => {
  const machine = await rig(t);
  const path = playCommands(machine, 0);
  writeFileSync(join(machine.root, 'bin/kubelet'), '#!/bin/bash\necho Kubernetes v1.35.1\n');
  chmodSync(join(machine.root, 'bin/kubelet'), 0o755);
  machine.bundleAnswers = [{ status: 200, body: below(machine.root, renderBundle(bundleInput())) }];
  assert.equal((await machine.run({ PATH: path })).code, 1);
  assert.match(String(machine.calls.at(-1)?.body['log_tail']), /kubelet is v1\.35\.1, this cluster wants v1\.36\.4/);
});

test('prepares itself at once and waits its turn only where the bundle says so', async (t) => {
  const machine = await rig(t);
  machine.bundleAnswers = [
    {
      status: 200,
      body: bundle([shell('prepare', 'true'), { ...shell('kubeadm-join', 'touch "$JEROBOAM_ROOT/joined"'), turn: true }]),
    },
  ];
  const notYet = { status: 503, headers: { 'retry-after': '0' }, body: { errors: [] } };
  machine.turnAnswers = [notYet, 'cut', notYet, { status: 204 }];
  const { code, output } = await machine.run();
  assert.equal(code, 0, output);
  assert.ok(machine.exists('/joined'));
  const order = machine.calls.map(({ what, body }) =>
    what === 'phases' ? `${String(body['phase'])} ${String(body['status'])}` : what,
  );
  assert.deepEqual(order.slice(order.indexOf('prepare done')), [
    'prepare done',
    'turn',
    'turn',
    'turn',
    'turn',
    'kubeadm-join started',
    'kubeadm-join done',
  ]);
});

test('a turn that is refused ends the node with the reason', async (t) => {
  const machine = await rig(t);
  machine.bundleAnswers = [
    { status: 200, body: bundle([{ ...shell('kubeadm-join', 'touch "$JEROBOAM_ROOT/joined"'), turn: true }]) },
  ];
  machine.turnAnswers = [{ status: 403, body: { errors: [{ detail: 'no' }] } }];
  const { code } = await machine.run();
  assert.notEqual(code, 0);
  assert.equal(machine.exists('/joined'), false);
  assert.ok(machine.reports().includes('kubeadm-join failed'));
});
