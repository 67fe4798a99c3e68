import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ContainerInfra, type ClusterView } from '../apps/standalone/src/client.js';
import type { Installation } from '../apps/standalone/src/installation.js';
import { BenchCloud } from './support/bench-cloud.js';
import { readBench, startGuests, startOurs } from './support/bench-site.js';
import { eventually } from './support/commands.js';

const LIMIT_SECONDS = 300;

/** Nodes come and go on real OpenStack services; only the guests are simulated, since nothing boots there. */
describe('growing and shrinking on real OpenStack services', () => {
  let installation: Installation;
  let guests: ChildProcess | undefined;
  let cloud: BenchCloud;
  let api: ContainerInfra;
  let cluster: string;
  let before0: Record<string, string[]>;
  let before1: Record<string, string[]>;
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-node-change-'));

  before(async () => {
    const bench = readBench();
    cloud = await BenchCloud.login(bench.authUrl, bench.password);
    before0 = await cloud.inventory();
    installation = await startOurs(bench, home, console.log, { DRAIN_SECONDS: '10' });
    guests = startGuests();
    api = await ContainerInfra.login(installation.apiUrl, bench.authUrl, 'demo', bench.password, 'demo');
  });

  after(async () => {
    guests?.kill('SIGTERM');
    await installation?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const group = (name: string): Promise<{ status: string; node_count: number; node_addresses: string[] }> =>
    api.request('GET', `/clusters/${cluster}/nodegroups/${name}`);
  async function settled(): Promise<ClusterView> {
    return eventually('the cluster to settle', LIMIT_SECONDS, async () => {
      const now = await api.cluster(cluster);
      return now.status.endsWith('_IN_PROGRESS') ? undefined : now;
    });
  }
  async function assertSettled(status: string): Promise<void> {
    const now = await settled();
    assert.deepEqual([now.status, now.status_reason], [status, null]);
  }
  async function serversMade(): Promise<number> {
    return ((await cloud.inventory())['servers'] ?? []).filter((id) => !(before0['servers'] ?? []).includes(id)).length;
  }
  const resize = (nodeCount: number, nodesToRemove: string[] = []): Promise<unknown> =>
    api.request('POST', `/clusters/${cluster}/actions/resize`, { node_count: nodeCount, nodes_to_remove: nodesToRemove });

  it('a cluster is made', async () => {
    await api.request('POST', '/clustertemplates', {
      name: 'node-change',
      coe: 'kubernetes',
      image_id: 'ubuntu',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
    });
    const body = { name: 'nc', cluster_template_id: 'node-change', master_count: 1, node_count: 1 };
    cluster = (await api.request<{ uuid: string }>('POST', '/clusters', body)).uuid;
    await assertSettled('CREATE_COMPLETE');
    before1 = await cloud.inventory();
  });

  it('grows', async () => {
    await resize(3);
    await assertSettled('UPDATE_COMPLETE');
    assert.equal((await group('default-worker')).node_addresses.length, 3);
    assert.equal(await serversMade(), 4);
  });

  it('gets a node group, and loses it', async () => {
    await api.request('POST', `/clusters/${cluster}/nodegroups`, { name: 'extra', node_count: 1 });
    await assertSettled('UPDATE_COMPLETE');
    assert.equal((await group('extra')).status, 'CREATE_COMPLETE');
    assert.equal(await serversMade(), 5);
    await api.request('DELETE', `/clusters/${cluster}/nodegroups/extra`);
    await assertSettled('UPDATE_COMPLETE');
    assert.equal(await serversMade(), 4);
  });

  it('shrinks, the named node first: what is left is what there was', async () => {
    await resize(1, ['1']);
    await assertSettled('UPDATE_COMPLETE');
    assert.deepEqual(await cloud.inventory(), before1);
  });

  it('acts by another credential', async () => {
    await api.request('PATCH', `/credentials/${cluster}`);
    await eventually('another trust', LIMIT_SECONDS, async () => {
      const { operations } = await api.request<{ operations: { kind: string; status: string }[] }>(
        'GET',
        `/clusters/${cluster}/operations?limit=50`,
      );
      return operations.some(({ kind, status }) => kind === 'rotate-credential' && status === 'complete');
    });
    const { trusts, users, ...rest } = await cloud.inventory();
    assert.deepEqual([trusts?.length, users?.length], [before1['trusts']?.length, before1['users']?.length]);
    assert.notDeepEqual(trusts, before1['trusts']);
    const { trusts: _trusts, users: _users, ...before } = before1;
    assert.deepEqual(rest, before);
    await resize(2);
    await assertSettled('UPDATE_COMPLETE');
  });

  it('is deleted, and nothing is left', async () => {
    await api.request('DELETE', `/clusters/${cluster}`);
    await eventually('the cluster to go', LIMIT_SECONDS, async () => {
      const now = await api.findCluster(cluster);
      if (now?.status === 'DELETE_FAILED') throw new Error(`DELETE_FAILED: ${now.status_reason}`);
      return now === null ? true : undefined;
    });
    assert.deepEqual(await cloud.inventory(), before0);
  });
});
