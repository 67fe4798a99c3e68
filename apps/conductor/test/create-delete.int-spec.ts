import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { StackEntity, StackResourceEntity } from '#libs/db';
import { TestInstallation } from './installation.js';

describe('a cluster, from the request to the cloud and back', () => {
  let site: TestInstallation;
  let template: string;
  before(async () => {
    site = await TestInstallation.start();
    template = await site.template();
  });
  after(() => site.close());

  async function guestFaults(faults: object[]): Promise<void> {
    const response = await fetch(`${site.sandbox.adminUrl}/guest-faults`, { method: 'PUT', body: JSON.stringify({ faults }) });
    assert.equal(response.status, 200);
  }

  it('is created with every node Ready, and deleted without a trace', async () => {
    const before = await site.inventory();
    const uuid = await site.create({ cluster_template_id: template });
    const cluster = await site.until(uuid, (one) => one?.status !== 'CREATE_IN_PROGRESS');
    assert.deepEqual([cluster?.status, cluster?.status_reason], ['CREATE_COMPLETE', null]);
    assert.match(cluster?.api_address ?? '', /^https:\/\/127\.[0-9.]+:6443$/);
    assert.deepEqual([cluster?.coe_version, cluster?.health_status], ['v1.36.4', 'HEALTHY']);
    assert.deepEqual([cluster?.master_addresses.length, cluster?.node_addresses.length], [1, 2]);
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await site.inventory(), before);
  });

  it('may have several masters behind a load balancer', async () => {
    const before = await site.inventory();
    const uuid = await site.create({
      cluster_template_id: template,
      name: 'ha',
      master_count: 3,
      node_count: 1,
      master_lb_enabled: true,
    });
    const cluster = await site.until(uuid, (one) => one?.status !== 'CREATE_IN_PROGRESS');
    assert.deepEqual([cluster?.status, cluster?.status_reason], ['CREATE_COMPLETE', null]);
    assert.deepEqual([cluster?.master_addresses.length, cluster?.node_addresses.length], [3, 1]);
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await site.inventory(), before);
  });

  it('fails with the node’s own words when a node does', async () => {
    const before = await site.inventory();
    const fault = {
      server: '*-worker-1',
      kind: 'step-fails',
      step: 'kubeadm-join',
      exitCode: 3,
      stderr: 'error execution phase preflight: no',
    };
    await guestFaults([fault]);
    const uuid = await site.create({ cluster_template_id: template, name: 'broken' });
    const cluster = await site.until(uuid, (one) => one?.status !== 'CREATE_IN_PROGRESS');
    await guestFaults([]);
    assert.equal(cluster?.status, 'CREATE_FAILED');
    assert.match(
      cluster.status_reason ?? '',
      /^kubernetes: node broken-[0-9a-f]{12}-worker-1: kubeadm-join exited 3: .*error execution phase preflight: no/s,
    );
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await site.inventory(), before);
  });

  it('is deleted while it is being made, and leaves nothing', async () => {
    const before = await site.inventory();
    const uuid = await site.create({ cluster_template_id: template });
    await site.until(uuid, (cluster) => cluster?.api_address !== null);
    const servers = async (): Promise<number> =>
      site.database.source.manager
        .createQueryBuilder(StackResourceEntity, 'r')
        .innerJoin(StackEntity, 's', 's.uuid = r.stackUuid')
        .where(`s.clusterUuid = :uuid AND r.type = 'OS::Nova::Server' AND r.physicalId IS NOT NULL`, { uuid })
        .getCount();
    while ((await servers()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await site.inventory(), before);
  });
});
