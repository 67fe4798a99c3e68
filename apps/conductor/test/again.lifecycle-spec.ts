import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { counted, type Inventory } from '../../../test/support/inventory.js';
import { TestInstallation, type ClusterView } from './installation.js';

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const WITHIN_MS = 90_000;

interface Shown {
  readonly uuid: string;
  readonly kind: string;
  readonly status: string;
  readonly step: string | null;
  readonly attempts: number;
  readonly retry_of: string | null;
  readonly cloud_requests: readonly { readonly request_id: string }[];
}

describe('an operation that is done again, aborted, or overtaken', () => {
  let site: TestInstallation;
  let template: string;
  let empty: unknown;
  const nothing: Inventory = {};
  before(async () => {
    // Slow enough to be met under way.
    site = await TestInstallation.start({ latencies: { factor: 0.02, apiMs: 20 } }, { DRAIN_SECONDS: '2' });
    template = await site.template();
    empty = await site.inventory();
  });
  afterEach(() => site.guestFaults());
  after(() => site.close());

  const create = (body: object = {}): Promise<string> => site.create({ cluster_template_id: template, node_count: 1, ...body });
  const operations = async (uuid: string): Promise<Shown[]> =>
    (await site.request<{ operations: Shown[] }>('GET', `/clusters/${uuid}/operations`)).operations;
  const on = async (uuid: string, action: 'abort' | 'retry' | 'resume', kind?: string): Promise<Shown> => {
    const one = (await operations(uuid)).find((each) => kind === undefined || each.kind === kind);
    return site.request<Shown>('POST', `/clusters/${uuid}/operations/${one?.uuid}/${action}`);
  };
  const made = async (): Promise<Record<string, number>> =>
    counted(((await site.inventory()) as { projects: Inventory }).projects, nothing);
  async function settled(uuid: string): Promise<[string | undefined, string | null | undefined]> {
    const row = await site.until(uuid, ended, WITHIN_MS);
    return [row?.status, row?.status_reason];
  }
  async function reached(uuid: string, step: string): Promise<void> {
    for (const until = Date.now() + WITHIN_MS; ;) {
      const [newest] = await operations(uuid);
      if (newest?.step === step || (newest && !['pending', 'running'].includes(newest.status))) return;
      assert.ok(Date.now() < until, `never came to ${step}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  /** @returns how many objects of each kind the project has */
  async function assertWholeAndGone(uuid: string, like: Record<string, number>): Promise<void> {
    assert.deepEqual(await made(), like, 'nothing is there twice');
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (row) => row === null || row.status === 'DELETE_FAILED', WITHIN_MS), null);
    assert.deepEqual(await site.inventory(), empty, 'nothing is left');
  }
  let whole: Record<string, number>;

  it('is what a create looks like without any of it; its requests to the cloud are known', async () => {
    const uuid = await create();
    assert.deepEqual(await settled(uuid), ['CREATE_COMPLETE', null]);
    whole = await made();
    const [operation] = await operations(uuid);
    const shown = await site.request<Shown>('GET', `/clusters/${uuid}/operations/${operation?.uuid}`);
    assert.ok(shown.cloud_requests.length > 10);
    assert.ok(shown.cloud_requests.every((one) => one.request_id.startsWith('req-')));
    await assertWholeAndGone(uuid, whole);
  });

  for (const [server, step, how] of [
    ['*worker*', 'kubeadm-join', 'retry'],
    ['*master*', 'kubeadm-init', 'resume'],
  ] as const) {
    it(`makes a create whole whose ${step} has failed: ${how}`, async () => {
      await site.guestFaults({ server, kind: 'step-fails', step, exitCode: 1, stderr: 'no luck' });
      const uuid = await create();
      const [status, reason] = await settled(uuid);
      assert.equal(status, 'CREATE_FAILED');
      assert.match(reason ?? '', /no luck/);
      await site.guestFaults();
      const again = await on(uuid, how);
      assert.deepEqual([again.kind, again.status, again.retry_of !== null], ['create', 'pending', how === 'retry']);
      assert.deepEqual(await settled(uuid), ['CREATE_COMPLETE', null]);
      await assertWholeAndGone(uuid, whole);
    });
  }

  it('makes a create whole whose trust has gone meanwhile: a retry brings another', async () => {
    await site.guestFaults({ server: '*worker*', kind: 'step-fails', step: 'kubeadm-join', exitCode: 1, stderr: 'no luck' });
    const uuid = await create();
    assert.equal((await settled(uuid))[0], 'CREATE_FAILED');
    await site.guestFaults();
    await site.removeTrusts();
    await on(uuid, 'retry');
    assert.deepEqual(await settled(uuid), ['CREATE_COMPLETE', null]);
    await assertWholeAndGone(uuid, whole);
  });

  for (const step of ['infrastructure', 'node-groups', 'kubernetes']) {
    it(`goes on after a create was aborted in ${step}`, async () => {
      const uuid = await create();
      await reached(uuid, step);
      await on(uuid, 'abort');
      const [status, reason] = await settled(uuid);
      assert.equal(status, 'CREATE_FAILED');
      assert.match(reason ?? '', /: aborted by request$/);
      await on(uuid, 'resume');
      assert.deepEqual(await settled(uuid), ['CREATE_COMPLETE', null]);
      assert.ok(((await operations(uuid))[0]?.attempts ?? 0) >= 2);
      await assertWholeAndGone(uuid, whole);
    });
  }

  it('gives way to a newer resize of the same group at once, in each of its steps', async () => {
    const uuid = await create();
    assert.deepEqual(await settled(uuid), ['CREATE_COMPLETE', null]);
    const resize = (nodeCount: number): Promise<unknown> =>
      site.request('POST', `/clusters/${uuid}/actions/resize`, { node_count: nodeCount });
    // Those that come never become Ready: without the overtaking it would wait for its deadline.
    await site.guestFaults({ server: '*worker-2', kind: 'never-boots' });
    for (const [step, from] of [
      ['grow', 3],
      ['kubernetes', 3],
    ] as const) {
      await resize(from);
      await reached(uuid, step);
      await resize(2);
      assert.deepEqual(await settled(uuid), ['UPDATE_COMPLETE', null], step);
      const [newer, older] = await operations(uuid);
      assert.deepEqual([newer?.status, older?.status], ['complete', 'superseded'], step);
      await resize(1);
      assert.deepEqual(await settled(uuid), ['UPDATE_COMPLETE', null]);
      assert.deepEqual(await made(), whole, step);
    }
    await site.guestFaults();
    await resize(3);
    assert.deepEqual(await settled(uuid), ['UPDATE_COMPLETE', null]);
    for (const step of ['drain', 'shrink']) {
      await resize(1);
      await reached(uuid, step);
      await resize(3);
      assert.deepEqual(await settled(uuid), ['UPDATE_COMPLETE', null], step);
    }
    await resize(1);
    await reached(uuid, 'drain');
    await on(uuid, 'abort').catch((error: unknown) => assert.equal((error as { status?: number }).status, 409));
    const [status] = await settled(uuid);
    if (status === 'UPDATE_FAILED') await on(uuid, 'retry');
    assert.deepEqual(await settled(uuid), ['UPDATE_COMPLETE', null]);
    await assertWholeAndGone(uuid, whole);
  });
});
