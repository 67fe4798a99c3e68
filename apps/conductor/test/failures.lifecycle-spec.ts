import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import { TestInstallation, type ClusterView } from './installation.js';
import { noRoomFor } from './cloud-faults.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const gone = (cluster: ClusterView | null): boolean => cluster === null || cluster.status === 'DELETE_FAILED';

/** No guests: nothing here comes as far as Kubernetes. */
describe('a cloud that fails', () => {
  let site: TestInstallation;
  let template: string;
  let empty: unknown;
  before(async () => {
    site = await TestInstallation.start({ guests: false });
    template = await site.template();
    empty = await site.inventory();
  });
  afterEach(async () => {
    await fetch(`${site.sandbox.adminUrl}/faults`, { method: 'DELETE' });
  });
  after(() => site.close());

  async function fault(rule: FaultRule): Promise<void> {
    const response = await fetch(`${site.sandbox.adminUrl}/faults`, { method: 'POST', body: JSON.stringify(rule) });
    assert.equal(response.status, 201);
  }
  async function failedCreate(): Promise<ClusterView> {
    const uuid = await site.create({ cluster_template_id: template });
    const cluster = await site.until(uuid, ended);
    assert.equal(cluster?.status, 'CREATE_FAILED');
    return cluster;
  }
  async function remove(uuid: string, how = ''): Promise<void> {
    await site.request('DELETE', `/clusters/${uuid}${how}`);
    const left = await site.until(uuid, gone);
    assert.equal(left?.status_reason ?? null, null);
    assert.equal(left, null);
    assert.deepEqual(await site.inventory(), empty);
  }

  it('is told by step, object and its own words; the delete leaves nothing', async () => {
    await fault(noRoomFor('worker-1'));
    const cluster = await failedCreate();
    assert.match(
      cluster.status_reason ?? '',
      /^node-groups: OS::Nova::Server k1-[0-9a-f]{12}-worker-1: .*No valid host was found/,
    );
    const { nodegroups } = await site.request<{ nodegroups: { status: string }[] }>(
      'GET',
      `/clusters/${cluster.uuid}/nodegroups`,
    );
    assert.deepEqual(
      nodegroups.map((group) => group.status),
      ['CREATE_FAILED', 'CREATE_FAILED'],
    );
    await remove(cluster.uuid);
  });

  it('is not left half used when the network refuses at once', async () => {
    const body = { NeutronError: { type: 'OverQuota', message: "Quota exceeded for resources: ['router'].", detail: '' } };
    await fault({ kind: 'status', service: 'network', method: 'POST', path: '/routers$', status: 409, body });
    const cluster = await failedCreate();
    assert.match(cluster.status_reason ?? '', /^infrastructure: OS::Neutron::Router .*Quota exceeded/);
    await remove(cluster.uuid);
  });

  for (const how of ['', '?force=true']) {
    it(`may have lost the trust, and the cluster is deleted all the same ${how}`.trim(), async () => {
      await fault({ kind: 'outcome', service: 'compute', method: 'POST', path: '/servers$', outcome: 'error', reason: 'no' });
      const cluster = await failedCreate();
      await site.removeTrusts();
      await remove(cluster.uuid, how);
    });
  }

  it('may once have denied a router that stands: the delete knows it all the same', async () => {
    await fault({ kind: 'outcome', service: 'compute', method: 'POST', path: '/servers$', outcome: 'error', reason: 'no' });
    const cluster = await failedCreate();
    // As a repair leaves it that was told 404, and ended before it looked again.
    const [, count]: [unknown[], number] = await site.database.source.query(
      `UPDATE stack_resources SET action = 'CREATE', status = 'FAILED', physical_id = NULL
       WHERE type = 'OS::Neutron::Router' AND physical_id IS NOT NULL`,
    );
    assert.equal(count, 1);
    await remove(cluster.uuid);
  });

  it('may refuse a delete: DELETE_FAILED says why, and the next one succeeds', async () => {
    await fault({ kind: 'outcome', service: 'compute', method: 'POST', path: '/servers$', outcome: 'error', reason: 'no' });
    const cluster = await failedCreate();
    const body = {
      NeutronError: { type: 'PolicyNotAuthorized', message: 'rule:delete_network is disallowed by policy', detail: '' },
    };
    await fault({ kind: 'status', service: 'network', method: 'DELETE', path: '/networks/', status: 403, count: 0, body });
    await site.request('DELETE', `/clusters/${cluster.uuid}`);
    const failed = await site.until(cluster.uuid, gone);
    assert.equal(failed?.status, 'DELETE_FAILED');
    assert.match(failed.status_reason ?? '', /^infrastructure: OS::Neutron::Net .*disallowed by policy/);
    await fetch(`${site.sandbox.adminUrl}/faults`, { method: 'DELETE' });
    await remove(cluster.uuid);
  });

  it('may cut every line once after doing the work: nothing is made twice', async () => {
    await fault({
      kind: 'drop-after',
      service: 'network',
      method: 'POST',
      path: '/(networks|subnets|routers|ports|floatingips)$',
      count: 4,
    });
    await fault({ kind: 'drop-after', service: 'identity', method: 'POST', path: '/users$' });
    await fault({ kind: 'drop-after', service: 'identity', method: 'POST', path: '/OS-TRUST/trusts$' });
    await fault({
      kind: 'outcome',
      service: 'compute',
      method: 'POST',
      path: '/servers$',
      body_matches: 'master-0',
      outcome: 'error',
      reason: 'no',
    });
    const cluster = await failedCreate();
    await remove(cluster.uuid);
  });
});
