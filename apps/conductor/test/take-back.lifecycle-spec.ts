import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeState } from '#libs/kubernetes';
import { TestInstallation, type ClusterView } from './installation.js';
import { budgetOf, podOn } from './pods.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const WITHIN_MS = 60_000;

describe('nodes that were on their way out when their operation failed', () => {
  let site: TestInstallation;
  let cluster: string;
  before(async () => {
    // A drain that a budget holds up is under way for long enough to be met.
    site = await TestInstallation.start({}, { DRAIN_SECONDS: '60' });
    cluster = await site.create({ cluster_template_id: await site.template(), node_count: 2 });
    assert.equal((await site.until(cluster, ended, WITHIN_MS))?.status, 'CREATE_COMPLETE');
  });
  after(() => site.close());

  const workers = async (): Promise<NodeState[]> =>
    (await site.withKube(cluster, (kube) => kube.nodes())).filter(({ name }) => name.includes('-worker-'));
  const cordoned = async (): Promise<string[]> =>
    (await workers()).filter(({ unschedulable }) => unschedulable).map(({ name }) => name);
  const resize = (nodeCount: number): Promise<unknown> =>
    site.request('POST', `/clusters/${cluster}/actions/resize`, { node_count: nodeCount });

  it('take pods again, and the group has its old count', async () => {
    const leaving = (await workers()).find(({ name }) => name.endsWith('-worker-1'));
    assert.ok(leaving);
    await site.withKube(cluster, async (kube) => {
      await kube.apply(podOn(leaving.name, 'kept', { app: 'kept' }), 'test');
      await kube.apply(budgetOf('kept', '100%'), 'test');
    });
    await resize(1);
    for (const until = Date.now() + WITHIN_MS; (await cordoned()).length === 0; await sleep(50))
      assert.ok(Date.now() < until, 'never cordoned');
    const { operations } = await site.request<{ operations: { uuid: string; status: string }[] }>(
      'GET',
      `/clusters/${cluster}/operations`,
    );
    await site.request('POST', `/clusters/${cluster}/operations/${operations[0]?.uuid}/abort`);
    const row = await site.until(cluster, ended, WITHIN_MS);
    assert.deepEqual([row?.status, row?.status_reason], ['UPDATE_FAILED', 'drain: aborted by request']);
    assert.deepEqual(await cordoned(), []);
    assert.equal((await workers()).length, 2);
    const group = await site.request<{ node_count: number; node_addresses: string[] }>(
      'GET',
      `/clusters/${cluster}/nodegroups/default-worker`,
    );
    assert.deepEqual([group.node_count, group.node_addresses.length], [2, 2]);
  });

  it('and may leave later on', async () => {
    await site.withKube(cluster, (kube) => kube.apply(budgetOf('kept', '0%'), 'test'));
    await resize(1);
    const row = await site.until(cluster, ended, WITHIN_MS);
    assert.deepEqual([row?.status, row?.status_reason], ['UPDATE_COMPLETE', null]);
    assert.deepEqual(
      (await workers()).map(({ name, unschedulable }) => [name.slice(-8), unschedulable]),
      [['worker-0', false]],
    );
  });
});
