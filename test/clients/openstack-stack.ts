import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../support/commands.js';
import { CoeRows } from './coe-rows.js';
import { IMAGE, type Account } from './site.js';
import type { ClientRows } from './table.js';

const READ_ONLY = /can only be looked at here/;
const NOT_HERE = /Here are stacks of container clusters, and no/;
type Json = Record<string, unknown>;

/**
 * `openstack stack` and its siblings, Debian's python3-heatclient, unmodified, on the face that Heat's clients see: what
 * reads works, what writes is refused in clear words, every command and every option once.
 */
export async function openstackStack(rows: ClientRows, account: Account): Promise<void> {
  const cli = await CoeRows.start(rows, account, 'openstack.orchestration.v1');
  try {
    const walk = new StackWalk(cli, account);
    await walk.prepare();
    await walk.stacks();
    await walk.parts();
    await walk.resources();
    await walk.events();
    await walk.mend();
    await walk.changes();
    await walk.snapshots();
    await walk.elsewhere();
    await walk.remove();
  } finally {
    await cli.close();
  }
}

class StackWalk {
  /** Of the cluster's stack; the groups' begin with it. */
  private name = '';
  private id = '';
  private readonly template: string;

  constructor(
    private readonly cli: CoeRows,
    private readonly account: Account,
  ) {
    this.template = join(account.dir, 'hot.yaml');
  }

  async prepare(): Promise<void> {
    const template = { name: 'stacks', coe: 'kubernetes', image_id: IMAGE, external_network_id: 'public' };
    const flavors = { flavor_id: 'm1.small', master_flavor_id: 'm1.small' };
    const stored = await this.account.call('POST', '/v1/clustertemplates', {}, { ...template, ...flavors });
    assert.equal(stored.status, 201, JSON.stringify(stored.body));
    const body = { name: 'stacks', cluster_template_id: 'stacks', node_count: 1 };
    const made = await this.account.call('POST', '/v1/clusters', {}, body);
    assert.equal(made.status, 202, JSON.stringify(made.body));
    await this.account.settled('stacks');
    const { body: cluster } = await this.account.call('GET', '/v1/clusters/stacks');
    this.id = cluster.stack_id as string;
    this.name = `stacks-${String(cluster.uuid).replaceAll('-', '').slice(0, 12)}`;
    writeFileSync(this.template, 'heat_template_version: 2021-04-16\nresources: {}\n');
    writeFileSync(join(this.account.dir, 'adopt.json'), '{}');
    writeFileSync(join(this.account.dir, 'environment.yaml'), 'parameters: {}\n');
    writeFileSync(join(this.account.dir, 'value.txt'), 'value\n');
  }

  async stacks(): Promise<void> {
    const { name } = this;
    const names = (stdout: string): unknown[] => list(stdout).map((one) => String(one['Stack Name']).replace(name, 'NAME'));
    const all = ['NAME', 'NAME-master', 'NAME-worker'];
    await this.cli.ok('stack list --sort stack_name:asc -f json', (stdout) => assert.deepEqual(names(stdout), all));
    await this.cli.ok('stack list --nested -f json', (stdout) => {
      assert.equal(list(stdout).length, 7);
      const nodes = list(stdout).find((one) => one['Stack Name'] === `${name}-worker-kube_minions-0`);
      assert.match(String(nodes?.['Parent']), /^[0-9a-f-]{36}$/);
    });
    await this.cli.ok(`stack list --limit 1 --sort creation_time:asc -f json`, (stdout) => assert.equal(list(stdout).length, 1));
    await this.cli.ok(`stack list --marker ${this.id} --short -f json`, (stdout) => assert.ok(!names(stdout).includes('NAME')));
    await this.cli.ok(`stack list --property name=${name}-worker -f json`, (stdout) =>
      assert.deepEqual(names(stdout), ['NAME-worker']),
    );
    await this.cli.ok('stack list --property status=FAILED -f json', (stdout) => assert.deepEqual(names(stdout), []));
    await this.cli.ok('stack list --tags none --tag-mode any -f json', (stdout) => assert.deepEqual(names(stdout), []));
    await this.cli.ok('stack list --hidden --deleted -f json', (stdout) => assert.equal(list(stdout).length, 3));
    await this.cli.ok('stack list --all-projects -f json', (stdout) => assert.ok(names(stdout).includes('NAME')), this.cli.admin);
    // It asks for all projects, whatever its help says.
    await this.cli.refused('stack list --long', /not authorized to use stacks:global_index/);
    await this.cli.ok('stack list --long -f json', (stdout) => assert.ok(names(stdout).includes('NAME')), this.cli.admin);
    await this.cli.refused('stack list --all-projects', /not authorized to use stacks:global_index/);
    for (const ident of [name, this.id])
      await this.cli.ok(`stack show ${ident} -f json`, (stdout) => {
        const stack = object(stdout);
        assert.deepEqual([stack['id'], stack['stack_name'], stack['stack_status']], [this.id, name, 'CREATE_COMPLETE']);
        assert.ok((stack['outputs'] as Json[]).length > 5);
      });
    await this.cli.ok(`stack show --no-resolve-outputs ${name} -f json`, (stdout) => assert.ok(!('outputs' in object(stdout))));
    await this.cli.refused('stack show missing', /Stack not found: missing/);
  }

  async parts(): Promise<void> {
    const { name } = this;
    await this.cli.ok(`stack output list ${name} -f json`, (stdout) =>
      assert.ok(list(stdout).some((one) => one['output_key'] === 'network_id')),
    );
    await this.cli.ok(`stack output show ${name} network_id -f json`, (stdout) =>
      assert.match(String(object(stdout)['output_value']), /^[0-9a-f-]{36}$/),
    );
    await this.cli.ok(`stack output show --all ${name} -f json`, (stdout) => assert.ok('subnet_id' in object(stdout)));
    await this.cli.refused(`stack output show ${name} missing`, /Output missing not found|not found/i);
    await this.cli.ok(`stack template show ${name} -f json`, (stdout) =>
      assert.ok('network' in (object(stdout)['resources'] as Json)),
    );
    await this.cli.ok(`stack environment show ${name} -f json`, (stdout) =>
      assert.ok('external_network' in (object(stdout)['parameters'] as Json)),
    );
    await this.cli.ok(`stack file list ${name} -f json`, (stdout) => assert.deepEqual(object(stdout), { files: {} }));
    await this.cli.ok(`stack failures list --long ${name}`, (stdout) => assert.equal(stdout.trim(), ''));
  }

  async resources(): Promise<void> {
    const { name } = this;
    await this.cli.ok(`stack resource list ${name} -f json`, (stdout) => {
      const seen = list(stdout).map((one) => one['resource_name']);
      for (const wanted of ['network', 'kube_masters', 'kube_minions']) assert.ok(seen.includes(wanted), seen.join());
    });
    await this.cli.ok(`stack resource list --nested-depth 2 --filter type=OS::Nova::Server ${name} -f json`, async (stdout) => {
      const { body } = await this.account.site.cloud('GET', '/compute/v2.1/servers', undefined, this.account.memberToken);
      const servers = (body.servers as { id: string }[]).map(({ id }) => id);
      assert.deepEqual(list(stdout).map((one) => one['physical_resource_id']).toSorted(), servers.toSorted()); // prettier-ignore
    });
    await this.cli.ok(`stack resource list --long ${name}-worker -f json`, (stdout) => assert.equal(list(stdout).length, 1));
    await this.cli.ok(`stack resource show --with-attr name ${name}-worker worker-0 -f json`, (stdout) => {
      assert.equal(object(stdout)['resource_type'], 'OS::Nova::Server');
      assert.equal((object(stdout)['attributes'] as Json)['name'], `${name}-worker-0`);
    });
    await this.cli.refused(`stack resource show ${name} missing`, /Stack or resource not found: .* missing/);
    await this.cli.ok(`stack resource metadata ${name} network -f json`, (stdout) => assert.deepEqual(object(stdout), {}));
  }

  async events(): Promise<void> {
    const { name } = this;
    let events: Json[] = [];
    await this.cli.ok(`stack event list --nested-depth 3 --sort event_time:asc ${name} -f json`, (stdout) => {
      events = list(stdout);
      assert.ok(events.length > 20);
    });
    await this.cli.ok(`stack event list --resource network --filter resource_status=COMPLETE ${name} -f json`, (stdout) => {
      events = list(stdout);
      assert.deepEqual(events.map((one) => one['resource_status']), ['CREATE_COMPLETE']); // prettier-ignore
    });
    const [event] = events;
    await this.cli.ok(`stack event show ${name} network ${String(event?.['id'])} -f json`, (stdout) =>
      assert.equal(object(stdout)['resource_type'], 'OS::Neutron::Net'),
    );
    await this.cli.ok(`stack event list --limit 2 --marker ${String(event?.['id'])} ${name} -f json`, (stdout) =>
      assert.equal(list(stdout).length, 2),
    );
    // It ends with an interrupt alone.
    await this.cli.rows.row(
      'stack event list --follow (until it is interrupted)',
      async () => {
        const env = { OS_CLIENT_CONFIG_FILE: this.account.cloudsYaml, OS_CLOUD: 'member', HOME: this.account.dir };
        const args = ['--signal=INT', '15', 'openstack', 'stack', 'event', 'list', '--follow', name];
        const { stdout } = await runCommand('timeout', args, { ...env, PYTHONWARNINGS: 'ignore' }, this.account.dir);
        assert.match(stdout, /\[network\]: CREATE_COMPLETE/);
      },
      ['stack event list --follow'],
    );
    await this.cli.refused(`stack hook poll --nested-depth 1 ${name}`, /Stack status CREATE_COMPLETE not IN_PROGRESS/);
    await this.cli.refused(`stack hook clear --pre-create --pre-delete --pre-update ${name} network`, READ_ONLY);
  }

  /** The two writes that there are. */
  async mend(): Promise<void> {
    const node = `${this.name}-worker-kube_minions-0`;
    const server = async (): Promise<unknown> => {
      const { stdout } = await this.cli.member.run(
        'stack',
        'output',
        'show',
        node,
        'OS::stack_id',
        '-f',
        'value',
        '-c',
        'output_value',
      );
      return stdout.trim();
    };
    const before = await server();
    await this.cli.ok(`stack resource mark unhealthy ${node} kube-minion broken`);
    await this.cli.ok(`stack resource mark unhealthy --reset ${node} kube-minion`);
    await this.cli.ok(`stack update --existing ${this.name}`);
    await this.cli.ok(`stack resource mark unhealthy ${node} kube-minion broken`);
    await this.cli.ok(`stack update --existing --converge ${this.name}`);
    await this.cli.rows.row('(the node that was marked has made room for another one)', async () => {
      assert.match(await this.account.settled('stacks'), /_COMPLETE$/);
      const { stdout } = await this.cli.member.run(
        'stack',
        'output',
        'show',
        `${this.name}-worker-kube_minions`,
        'refs',
        '-f',
        'json',
      );
      const servers = object(stdout)['output_value'] as string[];
      assert.equal(servers.length, 1);
      assert.notEqual(servers[0], before);
    });
    await this.cli.refused(`stack resource mark unhealthy ${this.name} network broken`, /Only nodes .* can be marked/);
  }

  async changes(): Promise<void> {
    const { name, template } = this;
    const environment = '--environment environment.yaml';
    await this.cli.refused(
      `stack create --template ${template} ${environment} --enable-rollback --files-container none --parameter a=b` +
        ` --parameter-file a=value.txt --poll 1 --pre-create x --tags a --timeout 1 --wait new`,
      READ_ONLY,
    );
    await this.cli.refused(`stack create --dry-run --template ${template} new`, READ_ONLY);
    await this.cli.refused(
      `stack adopt --adopt-file adopt.json ${environment} --enable-rollback --parameter a=b --timeout 1 --wait new`,
      READ_ONLY,
    );
    await this.cli.refused(
      `stack update --template ${template} ${environment} --files-container none --parameter a=b --parameter-file a=value.txt` +
        ` --pre-update x --rollback enabled --tags a --timeout 1 --clear-parameter a --wait ${name}`,
      READ_ONLY,
    );
    await this.cli.refused(`stack update --dry-run --show-nested --template ${template} ${name}`, READ_ONLY);
    await this.cli.refused(`stack delete --yes --wait ${name}`, READ_ONLY);
    await this.cli.refused(`stack abandon --output-file out ${name}`, READ_ONLY);
    await this.cli.refused(`stack export --output-file out ${name}`, READ_ONLY);
    await this.cli.refused(`stack cancel --wait ${name}`, /not in cancelable state/);
    await this.cli.refused(`stack cancel --no-rollback ${name}`, /not in cancelable state/);
    for (const verb of ['check', 'suspend', 'resume']) await this.cli.refused(`stack ${verb} --wait ${name}`, READ_ONLY);
    await this.cli.refused(`stack resource signal --data {} ${name} network`, READ_ONLY);
    await this.cli.refused(`stack resource signal --data-file adopt.json ${name} network`, READ_ONLY);
  }

  async snapshots(): Promise<void> {
    const { name } = this;
    await this.cli.ok(`stack snapshot list ${name} -f json`, (stdout) => assert.deepEqual(list(stdout), []));
    await this.cli.refused(`stack snapshot create --name one ${name}`, READ_ONLY);
    await this.cli.refused(`stack snapshot restore ${name} one`, READ_ONLY);
    await this.cli.refused(`stack snapshot delete --yes ${name} one`, READ_ONLY);
    await this.cli.refused(`stack snapshot show ${name} one`, /Snapshot ID <one> not found/);
  }

  /** What a Heat has and the stacks of clusters do not need. */
  async elsewhere(): Promise<void> {
    await this.cli.ok('orchestration build info -f json', (stdout) => assert.match(stdout, /jeroboam/));
    await this.cli.refused('orchestration service list', NOT_HERE);
    await this.cli.refused('orchestration resource type list --long --filter name=x', NOT_HERE);
    await this.cli.refused('orchestration resource type show --template-type hot x', /not found|NOT_HERE/i);
    await this.cli.refused('orchestration resource type show --long x', /not found/i);
    await this.cli.refused('orchestration template version list', NOT_HERE);
    await this.cli.refused('orchestration template function list --with_conditions x', /Template version not found/);
    await this.cli.refused(
      `orchestration template validate --template ${this.template} --environment environment.yaml --files-container none` +
        ' --ignore-errors 1 --parameter a=b --show-nested',
      READ_ONLY,
    );
    await this.cli.refused('software config create --config-file value.txt --group script x', READ_ONLY);
    await this.cli.refused('software config create --definition-file environment.yaml x', READ_ONLY);
    await this.cli.refused('software config delete x', /Unable to delete 1 of the 1 software configs/);
    await this.cli.refused('software config list --limit 1 --marker x', NOT_HERE);
    await this.cli.refused('software config show --config-only x', /Configuration not found/);
    await this.cli.refused(
      'software deployment create --config x --action CREATE --container c --input-value a=b --server s --signal-transport NO_SIGNAL' +
        ' --timeout 1 x',
      /Software configuration not found/,
    );
    await this.cli.refused('software deployment delete x', /Unable to delete 1 of the 1 deployments/);
    await this.cli.refused('software deployment list --server s --long', NOT_HERE);
    await this.cli.refused('software deployment metadata show s', NOT_HERE);
    await this.cli.refused('software deployment output show --all --long x', /Deployment not found/);
    await this.cli.refused('software deployment show --long x', /Software Deployment not found/);
  }

  async remove(): Promise<void> {
    await this.account.call('DELETE', '/v1/clusters/stacks');
    await this.account.settled('stacks');
    await this.cli.ok('stack list -f json', (stdout) => assert.deepEqual(list(stdout), []));
    await this.account.call('DELETE', '/v1/clustertemplates/stacks');
  }
}

const list = (stdout: string): Json[] => JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Json[];
const object = (stdout: string): Json => JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Json;
