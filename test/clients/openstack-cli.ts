import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, runCommand } from '../support/commands.js';
import { CoeRows, type Check } from './coe-rows.js';
import { IMAGE, KEYPAIR, LIMIT, type Account } from './site.js';
import type { ClientRows } from './table.js';

const PRIVATE = 'http://proxy.example.test:3128';

/**
 * `openstack coe`, Debian's, unmodified: every command with every option at least once, and wrong input. What the client
 * has is asked of itself, so that a newer one with more options fails until they are here.
 */
export async function openstackCli(rows: ClientRows, account: Account): Promise<void> {
  const coe = await CoeRows.start(rows, account);
  try {
    const walk = new CliWalk(coe, account);
    const { network, subnet, drop } = await account.network();
    await walk.templates(network, subnet);
    await walk.create(network, subnet);
    await walk.wrongInput();
    await walk.quotas();
    await walk.complete();
    await walk.nodeGroups();
    await walk.changes();
    await walk.controlPlanes();
    await walk.remove();
    await drop();
  } finally {
    await coe.close();
  }
}

class CliWalk {
  constructor(
    private readonly coe: CoeRows,
    private readonly account: Account,
  ) {}

  async templates(network: string, subnet: string): Promise<void> {
    const base = `--coe kubernetes --image ${IMAGE} --external-network public`;
    await this.coe.must(
      `coe cluster template create cli ${base} --flavor m1.small --master-flavor m1.medium --labels a=1 --labels b=2`,
    );
    await this.coe.must(`coe cluster template create cli-next ${base} --flavor m1.small --master-flavor m1.medium --labels a=1`);
    await this.coe.must(
      `coe cluster template create cli-ha ${base} --flavor m1.small --master-flavor m1.medium --master-lb-enabled`,
    );
    await this.coe.ok(
      `coe cluster template create cli-all ${base} --keypair ${KEYPAIR} --fixed-network ${network} --fixed-subnet ${subnet}` +
        ` --network-driver calico --volume-driver cinder --dns-nameserver 8.8.4.4,1.1.1.1 --flavor m1.small --master-flavor m1.small` +
        ` --docker-volume-size 5 --docker-storage-driver overlay2 --http-proxy ${PRIVATE} --https-proxy ${PRIVATE}` +
        ` --no-proxy 127.0.0.1 --labels a=1,b=2 --tls-disabled --registry-enabled --server-type vm --floating-ip-disabled` +
        ` --tags one,two -f json`,
      (stdout) => {
        const template = fromJson(stdout);
        assert.equal(template['docker_volume_size'], 5);
        assert.equal(template['tls_disabled'], true);
        assert.equal(template['floating_ip_enabled'], false);
        assert.deepEqual(template['labels'], { a: '1', b: '2' });
      },
    );
    await this.coe.ok(`coe cluster template create cli-public ${base} --public --floating-ip-enabled --hidden -f json`, (stdout) => {
      assert.equal(fromJson(stdout)['public'], true);
      assert.equal(fromJson(stdout)['hidden'], true);
    }, this.coe.admin); // prettier-ignore
    await this.coe.ok(`coe cluster template create cli-visible ${base} --visible -f json`, (stdout) =>
      assert.equal(fromJson(stdout)['hidden'], false),
    );
    await this.coe.refused(`coe cluster template create cli-no ${base} --public`, /Not authorized to set public or hidden flag/);
    await this.coe.refused(
      `coe cluster template create cli-no ${base} --floating-ip-enabled --floating-ip-disabled`,
      /mutually exclusive/,
    );
    await this.coe.ok('coe cluster template list --limit 2 --sort-key name --sort-dir desc -f json', (stdout) =>
      assert.deepEqual(namesOf(stdout), ['cli-visible', 'cli-next']),
    );
    await this.coe.ok('coe cluster template list --sort-key name --sort-dir asc --fields public -f json', (stdout) =>
      assert.deepEqual(namesOf(stdout), ['cli', 'cli-all', 'cli-ha', 'cli-next', 'cli-visible']),
    );
    await this.coe.ok('coe cluster template show cli-all -f json', (stdout) =>
      assert.deepEqual(String(fromJson(stdout)['tags']).split(',').toSorted(), ['one', 'two']),
    );
    await this.coe.ok('coe cluster template update cli-all replace labels=c=3 docker_volume_size=7 -f json', (stdout) => {
      assert.deepEqual(fromJson(stdout)['labels'], { c: '3' });
      assert.equal(fromJson(stdout)['docker_volume_size'], 7);
    });
    await this.coe.ok('coe cluster template update cli-all add labels/d=4 -f json', (stdout) =>
      assert.deepEqual(fromJson(stdout)['labels'], { c: '3', d: '4' }),
    );
    await this.coe.ok('coe cluster template update cli-all remove tags docker_volume_size labels/c -f json', (stdout) =>
      assert.deepEqual(fromJson(stdout)['labels'], { d: '4' }),
    );
    await this.coe.refused('coe cluster template update cli-all replace image_id=no-such', /Image no-such could not be found/);
    await this.coe.refused('coe cluster template show no-such', /ClusterTemplate no-such could not be found/);
    await this.coe.refused(
      `coe cluster template create cli-no --coe swarm --image ${IMAGE} --external-network public`,
      /Invalid input for field\/attribute coe/,
    );
  }

  async create(network: string, subnet: string): Promise<void> {
    const all =
      `--cluster-template cli --docker-volume-size 5 --labels b=3,c=4 --merge-labels --keypair ${KEYPAIR} --master-count 1` +
      ` --node-count 1 --timeout 15 --master-flavor m1.small --flavor m1.small --fixed-network ${network} --fixed-subnet ${subnet}` +
      ` --discovery-url https://discovery.example.test/1`;
    await this.coe.must('coe cluster create cli --cluster-template cli --master-count 1 --node-count 1 --timeout 15', accepted);
    await this.coe.must('coe cluster create cli-ha --cluster-template cli-ha --master-count 3 --node-count 1', accepted);
    await this.coe.ok(`coe cluster create cli-all ${all} --floating-ip-enabled`, accepted);
    await this.coe.ok('coe cluster show cli-all -f json', (stdout) => {
      const cluster = fromJson(stdout);
      assert.deepEqual(cluster['labels'], { a: '1', b: '3', c: '4' });
      assert.deepEqual(cluster['labels_overridden'], { b: '2' });
      assert.deepEqual(cluster['labels_added'], { c: '4' });
      assert.equal(cluster['keypair'], KEYPAIR);
      assert.equal(cluster['discovery_url'], 'https://discovery.example.test/1');
      assert.match(String(cluster['status']), /^CREATE_/);
    });
    // magnumclient 4.0 sends `false` for both spellings.
    await this.coe.ok('coe cluster create cli-lb --cluster-template cli --floating-ip-disabled --master-lb-disabled', accepted);
    await this.coe.ok('coe cluster create cli-lb2 --cluster-template cli --master-lb-enabled', accepted);
    await this.coe.ok('coe cluster delete cli-all cli-lb cli-lb2', (stdout) =>
      assert.equal(stdout.match(/accepted/g)?.length, 3),
    );
  }

  async wrongInput(): Promise<void> {
    const create = 'coe cluster create no --cluster-template';
    await this.coe.refused(`${create} missing`, /ClusterTemplate missing could not be found/);
    await this.coe.refused(`${create} cli --flavor no-such`, /Unable to find flavor no-such/);
    await this.coe.refused(`${create} cli --keypair no-such`, /Unable to find keypair no-such/);
    await this.coe.refused(`${create} cli --master-count 2`, /size cannot be an even number/);
    await this.coe.refused(`${create} cli --master-count 3`, /master_count must be 1 when master_lb_enabled is False/);
    await this.coe.refused(`${create} cli --fixed-network no-such`, /Unable to find fixed network no-such/);
    await this.coe.refused(`coe cluster create 2no --cluster-template cli`, /Invalid input for field\/attribute name/);
    await this.coe.refused('coe cluster show missing', /Cluster missing could not be found/);
    await this.coe.refused('coe cluster delete missing', /Cluster missing could not be found/);
    await this.coe.refused('coe nodegroup list missing', /Cluster missing could not be found/);
    await this.coe.refused('coe ca show missing', /Cluster missing could not be found/);
  }

  async quotas(): Promise<void> {
    const of = `--project-id ${this.account.project} --resource Cluster`;
    let id = '';
    await this.coe.ok(`coe quotas show ${of}`, (stdout) => assert.match(stdout, /hard_limit\s*\|\s*20\b/));
    await this.coe.ok(`coe quotas create ${of} --hard-limit 7`, (stdout) => {
      assert.match(stdout, /hard_limit\s*\|\s*7\b/);
      id = /\bid\s*\|\s*(\d+)/.exec(stdout)?.[1] ?? '';
    }, this.coe.admin); // prettier-ignore
    await this.coe.ok(`coe quotas create ${of}`, (stdout) => assert.match(stdout, /failed.*already exists/s), this.coe.admin);
    await this.coe.ok('coe quotas list --all-tenants --limit 1000 --sort-key id --sort-dir desc', (stdout) =>
      assert.ok(stdout.includes(this.account.project)), this.coe.admin); // prettier-ignore
    await this.coe.ok(`coe quotas list --all-tenants --sort-dir asc --marker ${id}`, (stdout) =>
      assert.ok(!stdout.includes(this.account.project)), this.coe.admin); // prettier-ignore
    await this.coe.refused('coe quotas list', /Policy doesn't allow quota:get_all to be performed/);
    await this.coe.ok(
      `coe quotas update ${of} --hard-limit 9`,
      (stdout) => assert.match(stdout, /hard_limit\s*\|\s*9\b/),
      this.coe.admin,
    );
    await this.coe.ok(`coe quotas delete ${of}`, (stdout) => assert.match(stdout, /has been accepted/), this.coe.admin);
    await this.coe.ok(`coe quotas delete ${of}`, (stdout) => assert.match(stdout, /could not be found/), this.coe.admin);
    await this.coe.ok('coe service list -f json', (stdout) => assert.ok(stdout.includes('magnum-conductor')), this.coe.admin);
    await this.coe.refused('coe service list', /Policy doesn't allow magnum-service:get_all to be performed/);
  }

  async complete(): Promise<void> {
    await this.coe.rows.must('(waiting: CREATE_COMPLETE)', () => this.account.settled('cli'));
    await this.coe.ok('coe cluster show cli -f json', (stdout) => {
      const cluster = fromJson(stdout);
      assert.equal(cluster['status'], 'CREATE_COMPLETE');
      assert.match(String(cluster['api_address']), /^https:\/\/127\.\d+\.\d+\.\d+:6443$/);
      assert.match(String(cluster['coe_version']), /^v1\.\d+\.\d+$/);
      assert.equal((cluster['node_addresses'] as string[]).length, 1);
      assert.equal((cluster['master_addresses'] as string[]).length, 1);
    });
    await this.coe.ok('coe cluster list --sort-key name --sort-dir asc --limit 1 -f json', (stdout) =>
      assert.deepEqual(namesOf(stdout), ['cli']),
    );
    await this.coe.ok('coe cluster list --sort-key name --sort-dir desc -f json', (stdout) =>
      assert.deepEqual(namesOf(stdout).slice(-2), ['cli-ha', 'cli']),
    );
    await this.coe.refused('coe cluster list --sort-key no_such', /sort_key value "no_such" is an invalid field for sorting/);
    await this.coe.ok(`coe stats list ${this.account.project}`, (stdout) => assert.match(stdout, /clusters\s*\|\s*[2-5]\b/));
    const csr = join(this.account.dir, 'user.csr');
    const key = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(this.account.dir, 'user.key')];
    await runCommand('openssl', [...key, '-out', csr, '-subj', '/O=developers/CN=jane']);
    await this.coe.ok('coe ca show cli', (stdout) => writeFileSync(join(this.account.dir, 'ca.pem'), stdout));
    await this.coe.ok(`coe ca sign cli ${csr}`, async (stdout) => {
      writeFileSync(join(this.account.dir, 'user.pem'), stdout);
      const verified = await runCommand(
        'openssl',
        ['verify', '-x509_strict', '-CAfile', 'ca.pem', 'user.pem'],
        {},
        this.account.dir,
      );
      assert.equal(verified.code, 0, verified.stderr);
    });
    await this.coe.ok(`coe cluster config cli --dir ${this.account.dir} --force --output-certs --use-certificate`, async () => {
      assert.match(readFileSync(join(this.account.dir, 'cert.pem'), 'utf8'), /BEGIN CERTIFICATE/);
      await this.kubectl([/control-plane/, /worker|<none>/]);
    });
    await this.coe.ok(`coe cluster config cli --dir ${this.account.dir} --force --use-keystone`, () => {
      assert.match(readFileSync(join(this.account.dir, 'config'), 'utf8'), /exec:/);
    });
  }

  async nodeGroups(): Promise<void> {
    const ng = 'coe nodegroup';
    await this.coe.ok(`${ng} list cli --sort-key name --sort-dir asc -f json`, (stdout) =>
      assert.deepEqual(namesOf(stdout), ['default-master', 'default-worker']),
    );
    await this.coe.ok(`${ng} list cli --sort-key name --sort-dir desc --limit 1 -f json`, (stdout) =>
      assert.deepEqual(namesOf(stdout), ['default-worker']),
    );
    await this.coe.ok(`${ng} list cli --role master -f json`, (stdout) => assert.deepEqual(namesOf(stdout), ['default-master']));
    await this.coe.ok(`${ng} show cli default-worker -f json`, (stdout) => assert.equal(fromJson(stdout)['is_default'], true));
    await this.coe.ok(
      `${ng} create cli extra --node-count 1 --min-nodes 1 --max-nodes 3 --role infra --image ${IMAGE} --flavor m1.small` +
        ` --docker-volume-size 5 --labels e=5 --merge-labels`,
      (stdout) => assert.match(stdout, /Request to create nodegroup [0-9a-f-]{36} accepted/),
    );
    await this.settle();
    await this.coe.ok(`${ng} show cli extra -f json`, (stdout) => {
      const group = fromJson(stdout);
      assert.equal(group['status'], 'CREATE_COMPLETE');
      assert.deepEqual(group['labels'], { a: '1', b: '2', e: '5' });
      assert.deepEqual(group['labels_added'], { e: '5' });
    });
    await this.coe.refused(`${ng} create cli extra`, /A node group with name extra already exists in the cluster cli/);
    await this.coe.refused(`${ng} create cli no --role master`, /Creating master nodegroups is currently not supported/);
    await this.coe.refused(
      `${ng} create cli no --min-nodes 3 --node-count 1`,
      /min_node_count \(3\) should be less or equal to node_count/,
    );
    await this.coe.ok(`${ng} update cli extra replace min_node_count=0 max_node_count=2`);
    await this.settle();
    await this.coe.ok(`${ng} update cli extra remove max_node_count`);
    await this.settle();
    await this.coe.ok(`${ng} update cli extra add max_node_count=2`);
    await this.settle();
    await this.coe.refused(`${ng} update cli extra replace node_count=2`, /internal attribute and can not be updated/);
    await this.coe.refused('coe cluster resize cli 3 --nodegroup extra', /Resizing extra outside the allowed range/);
    await this.coe.ok('coe cluster resize cli 2 --nodegroup extra');
    await this.settle();
    await this.coe.ok(`${ng} show cli extra -f json`, (stdout) => assert.equal(fromJson(stdout)['node_count'], 2));
    await this.coe.refused(`${ng} delete cli default-worker`, /Deleting a default nodegroup is not supported/);
    await this.coe.ok(`${ng} delete cli extra`);
    await this.settle();
    await this.coe.refused(`${ng} show cli extra`, /Nodegroup extra could not be found/);
  }

  async changes(): Promise<void> {
    await this.coe.ok('coe cluster update cli replace node_count=2 --rollback', (stdout) =>
      assert.match(stdout, /has been accepted/),
    );
    await this.settle();
    const servers = await this.coe.member.json<{ ID: string; Name: string }[]>('server', 'list');
    const worker = servers.find(({ Name }) => /^cli-[0-9a-f]{12}-worker-0$/.test(Name));
    assert.ok(worker, 'the first worker is a server');
    await this.coe.ok(`coe cluster resize cli 1 --nodes-to-remove ${worker.ID}`);
    await this.settle();
    await this.coe.rows.row('(the server that was named has left)', async () => {
      const left = await this.coe.member.json<{ ID: string }[]>('server', 'list');
      assert.ok(left.every(({ ID }) => ID !== worker.ID));
    });
    await this.coe.ok('coe cluster update cli remove node_count');
    await this.settle();
    await this.coe.ok('coe cluster update cli replace health_status=HEALTHY health_status_reason=api=ok');
    await this.coe.refused('coe cluster update cli add name=other', /has existed|cannot change cluster property/);
    await this.coe.refused('coe cluster update cli replace master_count=3', /cannot change cluster property/);
    await this.coe.refused('coe cluster resize missing 1', /Cluster missing could not be found/);
    await this.coe.refused('coe cluster upgrade cli missing', /ClusterTemplate missing could not be found/);
    await this.coe.ok('coe cluster upgrade cli cli-next --max-batch-size 1 --nodegroup default-worker');
    await this.settle();
    await this.coe.ok('coe cluster show cli -f json', async (stdout) => {
      const next = await this.coe.member.json<{ uuid: string }>('coe', 'cluster', 'template', 'show', 'cli-next');
      assert.equal(fromJson(stdout)['cluster_template_id'], next.uuid);
    });
    await this.coe.newer('coe credential rotate', 'coe credential rotate cli', (stdout) => assert.match(stdout, /accepted/));
    await this.coe.ok('coe ca rotate cli');
    await this.settle();
  }

  /** Three control-plane nodes behind a load balancer; asked for at the start. */
  async controlPlanes(): Promise<void> {
    await this.coe.rows.row('(waiting: three control-plane nodes behind a load balancer)', () => this.account.settled('cli-ha'));
    await this.coe.ok(`coe cluster config cli-ha --dir ${this.account.dir} --force`, () =>
      this.kubectl([/control-plane/, /control-plane/, /control-plane/, /worker|<none>/]),
    );
  }

  async remove(): Promise<void> {
    await this.coe.ok('coe cluster template delete cli-next', (stdout) =>
      assert.match(stdout, /is referenced by one or multiple clusters/),
    );
    await this.coe.ok('coe cluster delete cli cli-ha', (stdout) => assert.equal(stdout.match(/accepted/g)?.length, 2));
    await this.coe.rows.must('(waiting: every cluster is gone)', () =>
      eventually('no cluster', LIMIT, async () => (await this.account.call('GET', '/v1/clusters')).body.clusters.length === 0),
    );
    await this.coe.ok('coe cluster list -f json', (stdout) => assert.deepEqual(namesOf(stdout), []));
    await this.coe.ok('coe cluster template delete cli cli-next cli-ha cli-all cli-visible', (stdout) =>
      assert.equal(stdout.match(/accepted/g)?.length, 5, stdout),
    );
    await this.coe.ok('coe cluster template delete cli-public', (stdout) => assert.match(stdout, /accepted/), this.coe.admin);
  }

  private async settle(): Promise<void> {
    await this.account.settled('cli');
  }

  /** `kubectl get nodes` shows these lines, Ready, in any order. */
  private async kubectl(wanted: readonly RegExp[]): Promise<void> {
    const args = ['--kubeconfig', join(this.account.dir, 'config'), 'get', 'nodes', '--no-headers'];
    const { stdout, stderr } = await runCommand('kubectl', args, { HOME: this.account.dir });
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, wanted.length, stdout + stderr);
    for (const [index, line] of lines
      .toSorted((a, b) => Number(/control-plane/.test(b)) - Number(/control-plane/.test(a)))
      .entries()) {
      assert.match(line, /\sReady\s/);
      assert.match(line, wanted[index] ?? /never/);
    }
  }
}

const accepted: Check = (stdout) => assert.match(stdout, /Request to create cluster [0-9a-f-]{36} accepted/);

/** The client may say something before its JSON. */
function fromJson(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, unknown>;
}

function namesOf(stdout: string): string[] {
  return (fromJson(stdout) as unknown as { name: string }[]).map(({ name }) => name);
}
