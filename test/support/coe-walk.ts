import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { eventually, runCommand, type OpenStackCli } from './commands.js';

export interface WalkTarget {
  /** The member and the administrator. */
  readonly demo: OpenStackCli;
  readonly admin: OpenStackCli;
  /** Writable folder of the walk. */
  readonly dir: string;
  readonly image: string;
  /** Seconds that a create or a delete may take. */
  readonly limit: number;
  /** Called when the cluster is complete and when it is gone. */
  readonly whenComplete?: (clusterUuid: string) => Promise<void>;
}

interface Row {
  readonly uuid: string;
  readonly name: string;
  readonly status: string;
}

/** A tenant's whole way through `openstack coe`, one test for each command; `target` is asked for when they run. */
export function coeWalk(target: () => WalkTarget): void {
  const demo = (): OpenStackCli => target().demo;

  it('coe cluster template create', async () => {
    const template = await demo().json<Record<string, unknown>>(
      ...'coe cluster template create k8s --coe kubernetes --external-network public --master-flavor m1.medium --flavor m1.small'.split(
        ' ',
      ),
      ...['--image', target().image, '--labels', 'monitoring_enabled=false', '--dns-nameserver', '8.8.8.8'],
    );
    assert.equal(template['name'], 'k8s');
    assert.equal(template['server_type'], 'vm');
  });

  it('coe cluster template list', async () => {
    const templates = await demo().json<Row[]>('coe', 'cluster', 'template', 'list');
    assert.deepEqual(
      templates.map(({ name }) => name),
      ['k8s'],
    );
  });

  it('coe cluster template show', async () => {
    const template = await demo().json<Record<string, unknown>>('coe', 'cluster', 'template', 'show', 'k8s');
    assert.equal(template['coe'], 'kubernetes');
    assert.equal(template['public'], false);
  });

  it('coe cluster template update', async () => {
    await demo().ok('coe', 'cluster', 'template', 'update', 'k8s', 'replace', 'labels=kube_dashboard_enabled=false');
    const template = await demo().json<{ labels: unknown }>('coe', 'cluster', 'template', 'show', 'k8s');
    assert.deepEqual(template.labels, { kube_dashboard_enabled: 'false' });
  });

  it('coe cluster create is accepted, and the cluster can be read at once', async () => {
    const answer = await demo().ok(
      ...'coe cluster create k1 --cluster-template k8s --master-count 1 --node-count 2 --timeout 15'.split(' '),
    );
    assert.match(answer, /Request to create cluster [0-9a-f-]{36} accepted/);
    const cluster = await demo().json<Row>('coe', 'cluster', 'show', 'k1');
    assert.match(cluster.status, /^CREATE_(IN_PROGRESS|COMPLETE)$/);
  });

  it('coe cluster show becomes CREATE_COMPLETE', async () => {
    const cluster = await eventually('CREATE_COMPLETE', target().limit, async () => {
      const now = await demo().json<Row & Record<string, unknown>>('coe', 'cluster', 'show', 'k1');
      if (now.status === 'CREATE_FAILED') throw new Error(`CREATE_FAILED: ${String(now['status_reason'])}`);
      return now.status === 'CREATE_COMPLETE' && now;
    });
    assert.match(String(cluster['api_address']), /^https:\/\/127\.\d+\.\d+\.\d+:6443$/);
    assert.match(String(cluster['coe_version']), /^v1\.\d+\.\d+$/);
    assert.equal((cluster['node_addresses'] as string[]).length, 2);
    assert.equal((cluster['master_addresses'] as string[]).length, 1);
    assert.equal(cluster['health_status'], 'HEALTHY');
    await target().whenComplete?.(cluster.uuid);
  });

  it('coe cluster list', async () => {
    const clusters = await demo().json<Row[]>('coe', 'cluster', 'list');
    assert.deepEqual(
      clusters.map(({ name, status }) => [name, status]),
      [['k1', 'CREATE_COMPLETE']],
    );
  });

  it('coe nodegroup list and show', async () => {
    const groups = await demo().json<(Row & { role: string; node_count: number })[]>('coe', 'nodegroup', 'list', 'k1');
    assert.deepEqual(groups.map(({ name, status, role, node_count }) => [name, status, role, node_count]).sort(), [
      ['default-master', 'CREATE_COMPLETE', 'master', 1],
      ['default-worker', 'CREATE_COMPLETE', 'worker', 2],
    ]);
    const worker = await demo().json<Record<string, unknown>>('coe', 'nodegroup', 'show', 'k1', 'default-worker');
    assert.equal(worker['is_default'], true);
    assert.equal((worker['node_addresses'] as string[]).length, 2);
  });

  it('coe ca show and sign', async () => {
    const { dir } = target();
    const key = join(dir, 'user.key');
    const csr = join(dir, 'user.csr');
    await runCommand('openssl', [
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      csr,
      '-subj',
      '/O=developers/CN=jane',
    ]);
    const ca = await demo().ok('coe', 'ca', 'show', 'k1');
    const signed = await demo().ok('coe', 'ca', 'sign', 'k1', csr);
    writeFileSync(join(dir, 'ca.pem'), ca);
    writeFileSync(join(dir, 'user.pem'), signed);
    const verified = await runCommand('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      join(dir, 'ca.pem'),
      join(dir, 'user.pem'),
    ]);
    assert.equal(verified.code, 0, verified.stderr);
  });

  it('coe cluster config, and kubectl get nodes with it', async () => {
    const { dir } = target();
    await demo().ok('coe', 'cluster', 'config', 'k1', '--dir', dir, '--force');
    const { code, stdout, stderr } = await runCommand('kubectl', ['--kubeconfig', join(dir, 'config'), 'get', 'nodes'], {
      HOME: dir,
    });
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split('\n').slice(1);
    assert.equal(lines.length, 3, stdout);
    assert.ok(
      lines.every((line) => /\sReady\s/.test(line)),
      stdout,
    );
    assert.ok(readFileSync(join(dir, 'config'), 'utf8').includes('certificate-authority-data'));
  });

  it('coe service list, for the administrator alone', async () => {
    const services = await target().admin.json<{ binary: string; state: string }[]>('coe', 'service', 'list');
    assert.deepEqual(
      services.map(({ binary, state }) => [binary, state]),
      [['magnum-conductor', 'up']],
    );
    const refused = await demo().run('coe', 'service', 'list');
    assert.match(refused.stderr, /Policy doesn't allow magnum-service:get_all to be performed/);
  });

  it('coe stats list', async () => {
    const project = await demo().json<{ project_id: string }>('coe', 'cluster', 'show', 'k1');
    const stats = await demo().ok('coe', 'stats', 'list', project.project_id);
    assert.match(stats, /clusters\s*\|\s*1\b/);
    assert.match(stats, /nodes\s*\|\s*3\b/);
  });

  it('wrong input is told by field and reason', async () => {
    const cases: [string, RegExp][] = [
      ['coe cluster create k2 --cluster-template missing', /ClusterTemplate missing could not be found/],
      ['coe cluster create k2 --cluster-template k8s --flavor no-such', /Unable to find flavor no-such/],
      ['coe cluster create k2 --cluster-template k8s --keypair no-such', /Unable to find keypair no-such/],
      ['coe cluster create k2 --cluster-template k8s --master-count 2', /size cannot be an even number/],
      ['coe cluster create 2k --cluster-template k8s', /Invalid input for field\/attribute name/],
      ['coe cluster show missing', /Cluster missing could not be found/],
    ];
    for (const [command, words] of cases) {
      const { code, stderr } = await demo().run(...command.split(' '));
      assert.notEqual(code, 0, command);
      assert.match(stderr, words, command);
    }
  });

  it('a template in use is kept', async () => {
    const { stdout } = await demo().run('coe', 'cluster', 'template', 'delete', 'k8s');
    assert.match(stdout, /is referenced by one or multiple clusters/);
  });

  it('coe cluster delete', async () => {
    await demo().ok('coe', 'cluster', 'delete', 'k1');
    await eventually(
      'the cluster to be gone',
      target().limit,
      async () => (await demo().run('coe', 'cluster', 'show', 'k1')).code !== 0,
    );
    assert.deepEqual(await demo().json<Row[]>('coe', 'cluster', 'list'), []);
  });

  it('coe cluster template delete', async () => {
    await demo().ok('coe', 'cluster', 'template', 'delete', 'k8s');
    assert.deepEqual(await demo().json<Row[]>('coe', 'cluster', 'template', 'list'), []);
  });
}
