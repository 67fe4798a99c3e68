import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { GuestFault } from '#libs/sandbox';
import { freePort } from '#libs/testing';
import { Installation } from '../apps/standalone/src/installation.js';
import { eventually, OpenStackCli, requirePrograms } from './support/commands.js';
import { counted, inventoryOf, type Inventory } from './support/inventory.js';

interface Shown {
  readonly uuid: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly health_status: string | null;
  readonly health_status_reason: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, string>>;
}

const LIMIT = 240;
const NODE = 'k-[0-9a-f]{12}';
const KUBEADM = "error execution phase preflight: couldn't validate the identity of the API Server";
const CNI = 'container runtime network not ready: cni plugin not initialized';

/** What a tenant sees who has Debian's client and nothing else, while machines fail under the cluster. */
describe('openstack coe, while nodes fail', () => {
  let home: string;
  let installation: Installation;
  let demo: OpenStackCli;
  let empty: Inventory;
  before(async () => {
    requirePrograms({ openstack: 'python3-openstackclient python3-magnumclient' });
    home = mkdtempSync(join(tmpdir(), 'jeroboam-coe-faults-'));
    installation = await Installation.start({
      home: join(home, 'state'),
      env: {
        API_PORT: String(await freePort()),
        BOOTSTRAP_PORT: String(await freePort()),
        SANDBOX_PORT: '0',
        HEALTH_CHECK_SECONDS: '2',
        HEAL_NOT_READY_SECONDS: '40',
        DRAIN_SECONDS: '2',
      },
      sandbox: { latencies: { factor: 0.1 }, publicCidr: `127.${randomInt(30, 250)}.0.0/16` },
      say: () => undefined,
    });
    const clouds = join(home, 'clouds.yaml');
    const auth = {
      auth_url: installation.authUrl,
      username: 'demo',
      password: installation.password('demo'),
      user_domain_name: 'Default',
      project_name: 'demo',
      project_domain_name: 'Default',
    };
    writeFileSync(clouds, JSON.stringify({ clouds: { demo: { auth, region_name: 'sandbox', identity_api_version: 3 } } }));
    demo = new OpenStackCli(clouds, 'demo', home);
    const common = '--coe kubernetes --image ubuntu-24.04-kube-v1.36.4 --external-network public --flavor m1.small';
    for (const [name, more] of [
      ['plain', ''],
      ['heals', ' --master-lb-enabled --labels auto_healing_enabled=true'],
    ]) {
      await demo.ok(...`coe cluster template create ${name} ${common} --master-flavor m1.medium${more}`.split(' '));
    }
    empty = await inventoryOf(installation.sandboxAdminUrl);
  });
  afterEach(async () => {
    await faults();
    const rows = await demo.json<{ uuid: string }[]>('coe', 'cluster', 'list');
    for (const { uuid } of rows) await remove(uuid);
  });
  after(async () => {
    await installation?.stop();
    if (home) rmSync(home, { recursive: true, force: true });
  });

  async function faults(...list: readonly GuestFault[]): Promise<void> {
    const url = `${installation.sandboxAdminUrl}/guest-faults`;
    assert.equal((await fetch(url, { method: 'PUT', body: JSON.stringify({ faults: list }) })).status, 200);
  }
  const show = (name: string): Promise<Shown> => demo.json<Shown>('coe', 'cluster', 'show', name);
  async function create(template: string, masters: number, nodes: number, timeout = 10): Promise<Shown> {
    const words = `coe cluster create k --cluster-template ${template} --master-count ${masters} --node-count ${nodes} --timeout ${timeout}`;
    await demo.ok(...words.split(' '));
    return until('the create', (shown) => /_(COMPLETE|FAILED)$/.test(shown.status));
  }
  function until(what: string, holds: (shown: Shown) => boolean): Promise<Shown> {
    let last: Shown | undefined;
    const ask = async (): Promise<Shown | false> => {
      last = await show('k');
      return holds(last) && last;
    };
    return eventually(what, LIMIT, ask).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
    });
  }
  /** By its own commands, and nothing is left. */
  async function remove(uuid: string): Promise<void> {
    await demo.ok('coe', 'cluster', 'delete', uuid);
    await eventually('the delete', LIMIT, async () => {
      const rows = await demo.json<{ uuid: string; status: string }[]>('coe', 'cluster', 'list');
      assert.ok(!rows.some((row) => row.status === 'DELETE_FAILED'));
      return rows.length === 0;
    });
    assert.deepEqual(counted(await inventoryOf(installation.sandboxAdminUrl), empty), {});
  }
  /** The client has no command for events. */
  async function events(uuid: string): Promise<{ type: string; level: string; message: string }[]> {
    const token = (await demo.ok('token', 'issue', '-f', 'value', '-c', 'id')).trim();
    const answer = await fetch(`${installation.apiUrl}/v1/clusters/${uuid}/events?limit=1000`, {
      headers: { 'x-auth-token': token, 'openstack-api-version': 'container-infra latest' },
    });
    return ((await answer.json()) as { events: { type: string; level: string; message: string }[] }).events;
  }

  it('a worker that never boots: CREATE_FAILED when the time is over, which node and that it was never heard', async () => {
    await faults({ server: '*-worker-0', kind: 'never-boots' });
    const shown = await create('plain', 1, 1, 1);
    assert.equal(shown.status, 'CREATE_FAILED');
    const reason = new RegExp(
      `^create_timeout of 1 minutes? exceeded in step kubernetes: waiting for node ${NODE}-worker-0 to join`,
    );
    assert.match(shown.status_reason ?? '', reason);
    assert.match(shown.faults['default-worker'] ?? '', reason);
  });

  it('kubeadm fails with exit code 1: CREATE_FAILED in its own words, at once', async () => {
    await faults({ server: '*-worker-0', kind: 'step-fails', step: 'kubeadm-join', exitCode: 1, stderr: KUBEADM });
    const shown = await create('plain', 1, 1);
    assert.equal(shown.status, 'CREATE_FAILED');
    assert.match(
      shown.status_reason ?? '',
      new RegExp(`^kubernetes: node ${NODE}-worker-0: kubeadm-join exited 1: .*couldn't validate`),
    );
    const told = (await events(shown.uuid)).filter(({ message }) => /kubeadm-join failed|kubeadm-join.*exit/.test(message));
    assert.ok(told.length > 0, 'the node’s own report is in the history');
  });

  it('a node NotReady for good: UNHEALTHY, the node is named; where the label says so it is replaced', async () => {
    const made = await create('heals', 1, 2);
    assert.deepEqual([made.status, made.status_reason], ['CREATE_COMPLETE', null]);
    assert.equal(made.health_status, 'HEALTHY');
    await faults({ server: '*-worker-1', kind: 'not-ready', message: CNI });
    const ill = await until('UNHEALTHY', ({ health_status }) => health_status === 'UNHEALTHY');
    const [name] = Object.entries(ill.health_status_reason).find(([, is]) => is === 'False') ?? [];
    assert.match(name ?? '', new RegExp(`^${NODE}-worker-1\\.Ready$`));
    // It may be over before anybody looks.
    await until('the repair', ({ status }) => status.startsWith('UPDATE_'));
    await faults();
    const well = await until(
      'HEALTHY',
      ({ status, health_status }) => status === 'UPDATE_COMPLETE' && health_status === 'HEALTHY',
    );
    assert.equal(well.status_reason, null);
    const told = await events(made.uuid);
    const of = (type: string): string[] => told.filter((event) => event.type === type).map(({ message }) => message);
    assert.match(of('health.not-ready')[0] ?? '', new RegExp(`worker-1 stays NotReady: KubeletNotReady: ${CNI}`));
    assert.equal(of('repair.planned').length, 1);
    const servers = await demo.json<{ Name: string }[]>('server', 'list');
    assert.equal(servers.length, 3);
  });

  it('an etcd member is lost: the API answers on, the master is named, and comes anew', async () => {
    const made = await create('heals', 3, 1);
    assert.deepEqual([made.status, made.status_reason], ['CREATE_COMPLETE', null]);
    const servers = await demo.json<{ ID: string; Name: string }[]>('server', 'list');
    const lost = servers.find(({ Name: name }) => name.endsWith('-master-1'));
    await demo.ok('server', 'delete', '--wait', lost?.ID ?? '');
    const ill = await until('UNHEALTHY', ({ health_status }) => health_status === 'UNHEALTHY');
    assert.equal(ill.health_status_reason['api'], 'ok', 'two of three are a majority');
    assert.notEqual(ill.health_status_reason[`${lost?.Name}.Ready`], 'True');
    const well = await until(
      'HEALTHY',
      ({ status, health_status }) => status === 'UPDATE_COMPLETE' && health_status === 'HEALTHY',
    );
    assert.equal(well.status_reason, null);
    const told = await events(made.uuid);
    assert.ok(
      told.some(({ message }) => new RegExp(`${lost?.Name} is no member of etcd any more`).test(message)),
      'it left etcd before the new one came',
    );
    assert.equal((await demo.json<unknown[]>('server', 'list')).length, 4);
  });
});
