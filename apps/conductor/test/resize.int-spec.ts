import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { counted, type Inventory } from '../../../test/support/inventory.js';
import { TestInstallation, type ClusterView } from './installation.js';

interface GroupView {
  readonly uuid: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly node_count: number;
  readonly node_addresses: string[];
}

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);

describe('nodes that come and go', () => {
  let site: TestInstallation;
  let empty: Inventory;
  let cluster: string;
  before(async () => {
    site = await TestInstallation.start({}, { DRAIN_SECONDS: '1' });
    empty = await inventory();
    cluster = await site.create({ cluster_template_id: await site.template(), node_count: 1 });
    assert.equal((await site.until(cluster, ended))?.status, 'CREATE_COMPLETE');
  });
  afterEach(() => faults([]));
  after(() => site.close());

  async function inventory(): Promise<Inventory> {
    return ((await site.inventory()) as { projects: Inventory }).projects;
  }
  async function faults(list: object[]): Promise<void> {
    const response = await fetch(`${site.sandbox.adminUrl}/guest-faults`, {
      method: 'PUT',
      body: JSON.stringify({ faults: list }),
    });
    assert.equal(response.status, 200);
  }
  const resize = (nodeCount: number, nodesToRemove: string[] = [], nodegroup?: string): Promise<unknown> =>
    site.request('POST', `/clusters/${cluster}/actions/resize`, {
      node_count: nodeCount,
      nodes_to_remove: nodesToRemove,
      ...(nodegroup ? { nodegroup } : {}),
    });
  const group = (name = 'default-worker'): Promise<GroupView> => site.request('GET', `/clusters/${cluster}/nodegroups/${name}`);
  /** Until nothing is open. */
  async function settled(): Promise<ClusterView> {
    const row = await site.until(cluster, ended);
    assert.ok(row);
    return row;
  }
  async function assertSettled(status: string, count: number, name = 'default-worker'): Promise<void> {
    const row = await settled();
    assert.deepEqual([row.status, row.status_reason], [status, null]);
    const { node_count, status_reason, node_addresses } = await group(name);
    assert.deepEqual([node_count, status_reason, node_addresses.length], [count, null, count]);
  }
  /** Names of the cluster's servers, behind the cluster's own part. */
  async function servers(): Promise<string[]> {
    const names = Object.values(await inventory()).flatMap((kinds) => (kinds['servers'] ?? []).map(({ name }) => name));
    return names.map((name) => name.replace(/^k1-[0-9a-f]{12}-/, '')).toSorted();
  }
  async function nodeObjects(): Promise<string[]> {
    const { health_status_reason } = await site.request<{ health_status_reason: Record<string, string> }>(
      'GET',
      `/clusters/${cluster}`,
    );
    return Object.keys(health_status_reason).filter((key) => key.endsWith('.Ready'));
  }

  it('one becomes three, three become one', async () => {
    const one = counted(await inventory(), empty);
    await resize(3);
    assert.equal((await site.cluster(cluster))?.status, 'UPDATE_IN_PROGRESS');
    await assertSettled('UPDATE_COMPLETE', 3);
    assert.deepEqual(await servers(), ['master-0', 'worker-0', 'worker-1', 'worker-2']);
    assert.equal((await nodeObjects()).length, 4);
    await resize(1);
    await assertSettled('UPDATE_COMPLETE', 1);
    assert.deepEqual(await servers(), ['master-0', 'worker-0']);
    assert.deepEqual(counted(await inventory(), empty), one, 'no port or volume is left');
    assert.equal((await nodeObjects()).length, 2);
  });
});
