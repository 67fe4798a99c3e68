import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { callHttps } from './guest-https.js';
import { GuestRuntime, noGuestLatencies, type GuestFault } from './guest-runtime.js';
import { kubeconfig } from './kubeadm/control-plane-files.js';
import { dig } from './kubernetes/kube-object.js';
import { issueLeaf, readAuthority } from './kubernetes/simulated-pki.js';
import { FakeCloudView } from './testing/fake-cloud-view.js';
import { TestBootstrap } from './testing/test-bootstrap.js';
import { TestCluster, type TestBundle } from './testing/test-cluster.js';

const run = promisify(execFile);

/** A cloud with one cluster's bundles, and what was started on it. */
class Scene {
  readonly view = new FakeCloudView();
  readonly bundles = new Map<string, TestBundle>();
  readonly dir = mkdtempSync(join(tmpdir(), 'guests-'));
  runtime!: GuestRuntime;

  private constructor(
    readonly cluster: TestCluster,
    readonly bootstrap: TestBootstrap,
  ) {}

  static async open(faults: readonly GuestFault[] = []): Promise<Scene> {
    const cluster = await TestCluster.make();
    const bootstrap: TestBootstrap = await TestBootstrap.start(({ nodeId }) => {
      const body = scene.bundles.get(nodeId);
      return body ? { status: 200, body } : { status: 503, headers: { 'retry-after': '1' } };
    });
    const scene: Scene = new Scene(cluster, bootstrap);
    scene.runtime = scene.newRuntime(faults);
    await scene.runtime.start();
    return scene;
  }

  newRuntime(faults: readonly GuestFault[] = []): GuestRuntime {
    return new GuestRuntime(this.view, { dir: this.dir, latencies: noGuestLatencies, patienceFactor: 0.01, faults });
  }

  boot(bundle: TestBundle, floatingIp?: string): { nodeId: string; serverId: string } {
    const nodeId = randomUUID();
    this.bundles.set(nodeId, bundle);
    return { nodeId, serverId: this.server(nodeId, bundle.name, bundle.role, floatingIp) };
  }

  server(nodeId: string, name: string, role: 'master' | 'worker', floatingIp?: string): string {
    const userData = this.bootstrap.userData(nodeId, name, role);
    const port = { id: randomUUID(), networkId: 'net', fixedIp: `10.0.0.${this.view.servers().length + 5}`, floatingIp };
    return this.view.server({ name, userData, ports: [port], routerExternalIp: '127.27.255.1' }).id;
  }

  /** A cluster of one master, which answers at the cluster's address. */
  async master(change: Parameters<TestCluster['init']>[1] = {}): Promise<string> {
    const { nodeId, serverId } = this.boot(this.cluster.init('k1-master-0', change), this.cluster.address);
    await this.bootstrap.reported(nodeId, 'kubeadm-init', 'done');
    return serverId;
  }

  async admin(path: string, organization = 'system:masters', commonName = 'admin'): Promise<{ status: number; body: unknown }> {
    const agent = await this.agent(organization, commonName);
    const answer = await callHttps({ method: 'GET', url: `https://${this.cluster.endpoint}${path}`, agent });
    agent.destroy();
    return { status: answer.status, body: answer.text.startsWith('{') ? JSON.parse(answer.text) : answer.text };
  }

  async agent(organization: string, commonName: string): Promise<Agent> {
    const { ca } = this.cluster;
    const leaf = issueLeaf(readAuthority(ca.certPem, ca.keyPem), {
      commonName,
      organizations: [organization],
      usage: 'client',
    });
    return new Agent({ ca: ca.certPem, cert: leaf.certPem, key: leaf.keyPem });
  }

  async readyNodes(): Promise<string[]> {
    const { body } = await this.admin('/api/v1/nodes');
    return (dig(body, 'items') as unknown[]).filter(isReady).map((node) => String(dig(node, 'metadata', 'name')));
  }

  /** What brings the pods' network to every node. */
  async podNetwork(): Promise<void> {
    const agent = await this.agent('system:masters', 'admin');
    const volumes = [{ name: 'cni', hostPath: { path: '/etc/cni/net.d' } }];
    const spec = {
      hostNetwork: true,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'cni', image: 'cni:1' }],
      volumes,
    };
    const labels = { app: 'cni' };
    const set = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'cni', namespace: 'kube-system' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    };
    const answer = await callHttps({
      method: 'PATCH',
      url: `https://${this.cluster.endpoint}/apis/apps/v1/namespaces/kube-system/daemonsets/cni?fieldManager=test&fieldValidation=Strict`,
      agent,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(set),
    });
    agent.destroy();
    assert.ok(answer.status === 200 || answer.status === 201, answer.text);
  }

  async untilReady(count: number, limitMs = 20_000): Promise<string[]> {
    await this.podNetwork();
    const end = Date.now() + limitMs;
    for (;;) {
      const ready = await this.readyNodes();
      if (ready.length >= count || Date.now() > end) return ready.sort();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close(): Promise<void> {
    await this.runtime.close();
    await this.bootstrap.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function isReady(node: unknown): boolean {
  const conditions = dig(node, 'status', 'conditions') as unknown[];
  return conditions.some((entry) => dig(entry, 'type') === 'Ready' && dig(entry, 'status') === 'True');
}

describe('simulated guests', () => {
  let scene: Scene;
  afterEach(() => scene.close());

  it('bring up a master, workers and a second master that kubectl sees Ready', async () => {
    scene = await Scene.open();
    const { cluster } = scene;
    await scene.master();
    for (const name of ['k1-worker-0', 'k1-worker-1']) scene.boot(cluster.join(name, 'worker'));
    scene.boot(cluster.join('k1-master-1', 'master'));
    assert.deepEqual(await scene.untilReady(4), ['k1-master-0', 'k1-master-1', 'k1-worker-0', 'k1-worker-1']);
    assert.equal(scene.bootstrap.turns.length, 6);
    const sources = new Set(scene.bootstrap.requests.map(({ source }) => source));
    assert.deepEqual(sources, new Set([cluster.address, '127.27.255.1']));
    const worker = (await scene.admin('/api/v1/nodes/k1-worker-0')).body;
    assert.match(String(dig(worker, 'spec', 'providerID')), /^openstack:\/\/\/[0-9a-f-]{36}$/);
    assert.equal(dig(worker, 'status', 'nodeInfo', 'kubeletVersion'), 'v1.36.4');
    if (existsSync('/usr/bin/kubectl')) await assertKubectl(scene);
  });

  it('keep strangers out and say so as an API server does', async () => {
    scene = await Scene.open();
    await scene.master();
    const url = `https://${scene.cluster.endpoint}`;
    const anonymous = new Agent({ ca: scene.cluster.ca.certPem });
    const get = (path: string, headers = {}): ReturnType<typeof callHttps> =>
      callHttps({ method: 'GET', url: `${url}${path}`, agent: anonymous, headers });
    assert.equal((await get('/version')).status, 200);
    assert.match((await get('/readyz?verbose')).text, /\[\+\]etcd ok/);
    assert.equal((await get('/api/v1/namespaces/kube-public/configmaps/cluster-info')).status, 200);
    const refused = await get('/api/v1/nodes');
    assert.equal(refused.status, 403);
    assert.equal(dig(JSON.parse(refused.text), 'reason'), 'Forbidden');
    assert.equal((await get('/api/v1/nodes', { authorization: 'Bearer nobody' })).status, 401);
    const token = { authorization: `Bearer ${scene.cluster.token}` };
    assert.equal((await get('/api/v1/nodes', token)).status, 403);
    assert.equal((await get('/api/v1/namespaces/kube-system/configmaps/kubeadm-config', token)).status, 200);
    assert.equal((await scene.admin('/api/v1/nodes', 'kubeadm:cluster-admins')).status, 200);
    assert.equal((await scene.admin('/api/v1/nodes', 'friends')).status, 403);
    anonymous.destroy();
  });

  it('refuse a CA that is not pinned and a token that has expired', async () => {
    scene = await Scene.open();
    await scene.master({ ttl: '1s' });
    const wrong = scene.boot(scene.cluster.join('k1-worker-0', 'worker', { pin: `sha256:${'0'.repeat(64)}` }));
    const pin = await scene.bootstrap.reported(wrong.nodeId, 'kubeadm-join', 'failed');
    assert.equal(pin.exitCode, 1);
    assert.match(pin.logTail ?? '', /none of the public keys .* are pinned|could not find a JWS/);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const late = scene.boot(scene.cluster.join('k1-worker-1', 'worker'));
    const expired = await scene.bootstrap.reported(late.nodeId, 'kubeadm-join', 'failed');
    assert.match(expired.logTail ?? '', /could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"/);
  });

  it('fail init on configuration and keys that kubeadm would refuse', async () => {
    scene = await Scene.open();
    const cases: [TestBundle, RegExp][] = [];
    cases.push([scene.cluster.init('a', { cluster: { apiserver: {} } }), /strict decoding error: unknown field "apiserver"/]);
    cases.push([
      scene.cluster.init('b', { cluster: { apiServer: { extraArgs: { a: 'b' } } } }),
      /cannot unmarshal object into Go struct field ClusterConfiguration.apiServer.extraArgs/,
    ]);
    cases.push([
      scene.cluster.init('c', { nodeLabels: 'node-role.kubernetes.io/x=' }),
      /unknown 'kubernetes.io' or 'k8s.io' labels/,
    ]);
    const keyless = scene.cluster.init('d');
    cases.push([
      { ...keyless, files: keyless.files.filter(({ path }) => !path.endsWith('pki/ca.key')) },
      /pki\/ca\.key: no such file/,
    ]);
    const mixed = scene.cluster.init('e');
    const other = mixed.files.find(({ path }) => path.endsWith('etcd/ca.key'))?.content ?? '';
    cases.push([
      { ...mixed, files: mixed.files.map((file) => (file.path.endsWith('pki/ca.key') ? { ...file, content: other } : file)) },
      /private key does not match/,
    ]);
    for (const [bundle, words] of cases) {
      const report = await scene.bootstrap.reported(scene.boot(bundle).nodeId, 'kubeadm-init', 'failed');
      assert.match(report.logTail ?? '', words);
      assert.equal(report.exitCode, 1);
    }
  });

  it('show the injected faults', async () => {
    scene = await Scene.open([
      { server: '*-dead', kind: 'never-boots' },
      { server: '*-deaf', kind: 'no-network' },
      { server: '*-broken', kind: 'step-fails', step: 'containerd', exitCode: 100, stderr: 'E: Unable to fetch some archives' },
      { server: '*-lame', kind: 'not-ready', message: 'cni plugin not initialized' },
    ]);
    await scene.master();
    const boot = (name: string): { nodeId: string; serverId: string } => scene.boot(scene.cluster.join(name, 'worker'));
    const [dead, deaf, broken, lame] = [boot('w-dead'), boot('w-deaf'), boot('w-broken'), boot('w-lame')];
    const failed = await scene.bootstrap.reported(broken.nodeId, 'containerd', 'failed');
    assert.equal(failed.exitCode, 100);
    assert.match(failed.logTail ?? '', /Unable to fetch some archives/);
    await scene.bootstrap.reported(lame.nodeId, 'kubeadm-join', 'done');
    assert.deepEqual(await scene.readyNodes(), [], 'without a pod network no node is Ready');
    assert.deepEqual(await scene.untilReady(1), ['k1-master-0']);
    assert.deepEqual(
      scene.bootstrap.reports.filter(({ nodeId }) => [dead.nodeId, deaf.nodeId].includes(nodeId)),
      [],
    );
    assert.match(scene.runtime.console(dead.serverId), /No bootable device/);
    assert.match(scene.runtime.console(broken.serverId), /BOOT-STEP name=containerd status=failed rc=100/);
  });

  it('ask for the bundle again with the same retry key', async () => {
    scene = await Scene.open();
    const nodeId = randomUUID();
    scene.server(nodeId, 'k1-master-0', 'master', scene.cluster.address);
    await scene.bootstrap.reported(nodeId, 'bundle', 'started');
    while (scene.bootstrap.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    scene.bundles.set(nodeId, scene.cluster.init('k1-master-0'));
    await scene.bootstrap.reported(nodeId, 'kubeadm-init', 'done');
    assert.equal(new Set(scene.bootstrap.requests.map(({ retryKey }) => retryKey)).size, 1);
  });

  it('go on after a restart of the simulation, and end with their servers', async () => {
    scene = await Scene.open();
    const master = await scene.master();
    scene.boot(scene.cluster.join('k1-worker-0', 'worker'));
    assert.equal((await scene.untilReady(2)).length, 2);
    const before = await scene.admin('/api/v1/nodes/k1-worker-0');
    await scene.runtime.close();
    scene.runtime = scene.newRuntime();
    await scene.runtime.start();
    assert.equal((await scene.untilReady(2)).length, 2);
    const after = await scene.admin('/api/v1/nodes/k1-worker-0');
    assert.equal(dig(after.body, 'metadata', 'uid'), dig(before.body, 'metadata', 'uid'));
    assert.equal(scene.bootstrap.requests.length, 2);
    scene.view.remove(master);
    while (scene.runtime.guests().length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
    await assert.rejects(scene.admin('/version'));
  });

  it('answer behind a load balancer with its living members', async () => {
    scene = await Scene.open();
    const { cluster, view } = scene;
    const { nodeId, serverId } = scene.boot(cluster.init('k1-master-0'));
    const listener = {
      id: 'l',
      floatingIp: cluster.address,
      vip: { networkId: 'net', address: '10.0.0.200' },
      protocolPort: 6443,
    };
    view.listener({ ...listener, members: [{ serverId, protocolPort: 6443 }] });
    await scene.bootstrap.reported(nodeId, 'kubeadm-init', 'done');
    const all = [serverId];
    for (const name of ['k1-master-1', 'k1-master-2']) {
      const next = scene.boot(cluster.join(name, 'master'));
      await scene.bootstrap.reported(next.nodeId, 'kubeadm-join', 'done');
      all.push(next.serverId);
    }
    view.listener({ ...listener, members: all.map((id) => ({ serverId: id, protocolPort: 6443 })) });
    assert.equal((await scene.untilReady(3)).length, 3);
    view.server({ id: serverId, name: 'k1-master-0', status: 'SHUTOFF' });
    while (scene.runtime.listening(serverId, 6443)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await scene.admin('/readyz')).status, 200);
    // The second one of three takes the majority with it.
    view.server({ id: all[1] ?? '', name: 'k1-master-1', status: 'SHUTOFF' });
    while (scene.runtime.listening(all[1] ?? '', 6443)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await scene.admin('/readyz')).status, 500);
    assert.equal((await scene.admin('/api/v1/nodes')).status, 500);
  });
});

async function assertKubectl(scene: Scene): Promise<void> {
  const { ca } = scene.cluster;
  const leaf = issueLeaf(readAuthority(ca.certPem, ca.keyPem), {
    commonName: 'admin',
    organizations: ['system:masters'],
    usage: 'client',
  });
  const file = join(scene.dir, 'kubeconfig');
  writeFileSync(file, JSON.stringify(kubeconfig(scene.cluster.endpoint, ca.certPem, leaf.certPem, leaf.keyPem)));
  const kubectl = async (...args: string[]): Promise<string> =>
    (await run('kubectl', ['--kubeconfig', file, '--cache-dir', join(scene.dir, 'cache'), ...args])).stdout;
  const stdout = await kubectl('get', 'nodes', '-o', 'wide');
  const [head = '', ...rows] = stdout.trimEnd().split('\n');
  assert.match(
    head,
    /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME$/,
  );
  assert.equal(rows.length, 4);
  assert.match(rows[0] ?? '', /^k1-master-0 +Ready +control-plane +\d+s +v1\.36\.4 +10\.0\.0\.5 /);
  assert.match(await kubectl('create', 'secret', 'generic', 's', '--from-literal=a=b'), /secret\/s created/);
  assert.equal(await kubectl('get', 'secret', 's', '-o', 'jsonpath={.data.a}'), 'Yg==');
  assert.match(await kubectl('auth', 'can-i', 'delete', 'nodes'), /yes/);
}
