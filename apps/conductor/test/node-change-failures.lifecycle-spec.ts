import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import { counted, type Inventory } from '../../../test/support/inventory.js';
import { TestInstallation, type ClusterView } from './installation.js';
import { noRoomFor } from './cloud-faults.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const disallowed = (what: string): object => ({
  NeutronError: { type: 'PolicyNotAuthorized', message: `rule:${what} is disallowed by policy`, detail: '' },
});

describe('a cloud that fails while nodes come and go', () => {
  let site: TestInstallation;
  let cluster: string;
  let one: Record<string, number>;
  const empty: Inventory = {};
  before(async () => {
    site = await TestInstallation.start({}, { DRAIN_SECONDS: '1' });
    cluster = await site.create({ cluster_template_id: await site.template(), node_count: 1 });
    assert.equal((await site.until(cluster, ended))?.status, 'CREATE_COMPLETE');
    one = await made();
  });
  afterEach(heal);
  after(() => site.close());

  async function made(): Promise<Record<string, number>> {
    return counted(((await site.inventory()) as { projects: Inventory }).projects, empty);
  }
  async function fault(rule: FaultRule): Promise<void> {
    const response = await fetch(`${site.sandbox.adminUrl}/faults`, { method: 'POST', body: JSON.stringify(rule) });
    assert.equal(response.status, 201);
  }
  async function heal(): Promise<void> {
    await fetch(`${site.sandbox.adminUrl}/faults`, { method: 'DELETE' });
  }
  const resize = (nodeCount: number): Promise<unknown> =>
    site.request('POST', `/clusters/${cluster}/actions/resize`, { node_count: nodeCount });
  async function settled(): Promise<[status: string | undefined, reason: string]> {
    const row = await site.until(cluster, ended);
    return [row?.status, row?.status_reason ?? ''];
  }
  async function group(name = 'default-worker'): Promise<[status: string, count: number, addresses: number, reason: string]> {
    const row = await site.request<{
      status: string;
      node_count: number;
      node_addresses: string[];
      status_reason: string | null;
    }>('GET', `/clusters/${cluster}/nodegroups/${name}`);
    return [row.status, row.node_count, row.node_addresses.length, row.status_reason ?? ''];
  }
  async function assertHealed(): Promise<void> {
    await heal();
    await resize(1);
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    assert.deepEqual(await group(), ['UPDATE_COMPLETE', 1, 1, '']);
    assert.deepEqual(await made(), one);
  }

  it('has no room for a server: the reason has its words, the count is as before', async () => {
    await fault(noRoomFor('worker-2'));
    await resize(3);
    const [status, why] = await settled();
    assert.equal(status, 'UPDATE_FAILED');
    assert.match(why, /^grow: OS::Nova::Server k1-[0-9a-f]{12}-worker-2: .*No valid host was found/);
    assert.deepEqual((await group()).slice(0, 2), ['UPDATE_FAILED', 1]);
    await assertHealed();
  });

  it('cuts lines after doing the work: nothing is made twice', async () => {
    await fault({ kind: 'drop-after', service: 'network', method: 'POST', path: '/ports$', count: 2 });
    await fault({ kind: 'drop-after', service: 'compute', method: 'POST', path: '/servers$', count: 2 });
    await resize(3);
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    assert.equal((await made())['servers'], (one['servers'] ?? 0) + 2);
    await fault({ kind: 'drop-after', service: 'compute', method: 'DELETE', path: '/servers/', count: 2 });
    await assertHealed();
  });

  it('keeps a port: the shrink fails with the reason, and the next one goes on', async () => {
    await resize(2);
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    await fault({
      kind: 'status',
      service: 'network',
      method: 'DELETE',
      path: '/ports/',
      status: 403,
      count: 0,
      body: disallowed('delete_port'),
    });
    await resize(1);
    const [status, why] = await settled();
    assert.equal(status, 'UPDATE_FAILED');
    assert.match(why, /^shrink: OS::Neutron::Port .*disallowed by policy/);
    assert.deepEqual((await group()).slice(0, 2), ['UPDATE_FAILED', 1], 'the one that is half gone does not come back');
    await assertHealed();
  });

  it('keeps a port when an update is to be rolled back: that fails too, and can be mended', async () => {
    await fault({
      kind: 'outcome',
      service: 'compute',
      method: 'POST',
      path: '/servers$',
      body_matches: 'worker-1',
      outcome: 'error',
      reason: 'no host',
    });
    await fault({
      kind: 'status',
      service: 'network',
      method: 'DELETE',
      path: '/ports/',
      status: 403,
      count: 0,
      body: disallowed('delete_port'),
    });
    await site.request('PATCH', `/clusters/${cluster}?rollback=True`, [{ op: 'replace', path: '/node_count', value: 2 }]);
    const [status, why] = await settled();
    assert.equal(status, 'ROLLBACK_FAILED');
    assert.match(why, /^leftovers: OS::Neutron::Port .*disallowed by policy/);
    assert.deepEqual((await group()).slice(0, 2), ['ROLLBACK_FAILED', 1]);
    await assertHealed();
  });

  it('has no room for a node group: it is CREATE_FAILED, and can be removed', async () => {
    await fault({
      kind: 'outcome',
      service: 'compute',
      method: 'POST',
      path: '/servers$',
      body_matches: 'gpu',
      outcome: 'error',
      reason: 'no host',
    });
    await site.request('POST', `/clusters/${cluster}/nodegroups`, { name: 'gpu', node_count: 2 });
    const [status, why] = await settled();
    assert.equal(status, 'UPDATE_FAILED');
    const [groupStatus, count, , reason] = await group('gpu');
    assert.deepEqual([groupStatus, count, reason], ['CREATE_FAILED', 2, why]);
    assert.match(why, /no host/);
    await site.request('DELETE', `/clusters/${cluster}/nodegroups/gpu`);
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    await assertHealed();
  });

  it('keeps a node group: it is DELETE_FAILED with the reason, and the delete may be repeated', async () => {
    await site.request('POST', `/clusters/${cluster}/nodegroups`, { name: 'gone', node_count: 1 });
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    await fault({
      kind: 'status',
      service: 'network',
      method: 'DELETE',
      path: '/ports/',
      status: 403,
      count: 0,
      body: disallowed('delete_port'),
    });
    await site.request('DELETE', `/clusters/${cluster}/nodegroups/gone`);
    assert.equal((await settled())[0], 'UPDATE_FAILED');
    const [status, , , reason] = await group('gone');
    assert.equal(status, 'DELETE_FAILED');
    assert.match(reason, /^node-group: OS::Neutron::Port .*disallowed by policy/);
    await heal();
    await site.request('DELETE', `/clusters/${cluster}/nodegroups/gone`);
    assert.deepEqual(await settled(), ['UPDATE_COMPLETE', '']);
    await assertHealed();
  });

  it('refuses the new credential: the old one stays in use, and nothing of the new one is left', async () => {
    await fault({ kind: 'status', service: 'identity', method: 'POST', path: '/OS-TRUST/trusts$', status: 403, count: 1 });
    await site.request('PATCH', `/credentials/${cluster}`);
    const operation = async (): Promise<{ kind: string; status: string } | undefined> =>
      (await site.request<{ operations: { kind: string; status: string }[] }>('GET', `/clusters/${cluster}/operations?limit=1`))
        .operations[0];
    const until = Date.now() + 10_000;
    while ((await operation())?.status !== 'failed' && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual([(await operation())?.kind, (await operation())?.status], ['rotate-credential', 'failed']);
    assert.deepEqual(await made(), one);
    await assertHealed();
  });
});
