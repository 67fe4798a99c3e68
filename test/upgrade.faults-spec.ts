import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { counted } from './support/inventory.js';
import { moments, Processes, type StepTimes } from './support/processes.js';

const MOMENTS = 6;
const LIMIT_SECONDS = 180;

/**
 * Two conductors; the one that holds the lease of a cluster that goes from image to image and back is killed at one moment of
 * each of its upgrades. Both images have the same Kubernetes: new machines are enough.
 */
describe('kill -9 of the conductor that upgrades', () => {
  let on: Processes;
  let uuid: string;
  let steps: StepTimes;
  let whole: unknown;
  const templates = ['prebuilt', 'stock'];
  const hit: (string | null)[] = [];
  let turn = 0;

  before(async () => {
    on = await Processes.start();
    const network_driver = 'calico';
    const common = {
      coe: 'kubernetes',
      network_driver,
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
    };
    await on.ask('POST', '/clustertemplates', { ...common, name: 'prebuilt', image_id: 'ubuntu-24.04-kube-v1.36.4' });
    await on.ask('POST', '/clustertemplates', {
      ...common,
      name: 'stock',
      image_id: 'debian-13',
      labels: { kube_tag: 'v1.36.4' },
    });
    uuid = await on.create('k1');
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    whole = counted(await on.inventory(), {});
    await upgrade();
    await assertWhole('undisturbed');
    steps = (await on.stepTimes(uuid, 'upgrade')).filter(({ ms }) => ms > 300);
  });
  after(() => on?.stop());

  const upgrade = async (): Promise<void> => {
    const cluster_template = templates[++turn % templates.length];
    await on.ask('POST', `/clusters/${uuid}/actions/upgrade`, { cluster_template, max_batch_size: 1 });
  };
  async function assertWhole(how: string): Promise<void> {
    const cluster = await on.settled(uuid, LIMIT_SECONDS);
    assert.deepEqual([cluster.status, cluster.status_reason], ['UPDATE_COMPLETE', null], how);
    assert.deepEqual(counted(await on.inventory(), {}), whole, how);
    const { rows } = await on.database.query<{ images: number; nodes: number; ready: number }>(
      `SELECT count(DISTINCT facts ->> 'imageId')::int AS images, count(*)::int AS nodes, count(ready_at)::int AS ready
       FROM nodes WHERE cluster_uuid = $1 AND leaving_since IS NULL`,
      [uuid],
    );
    assert.deepEqual(rows, [{ images: 1, nodes: 2, ready: 2 }], how);
  }

  for (let n = 0; n < MOMENTS; n++) {
    it(`at ${n + 1}/${MOMENTS}: another one goes on, nothing is made twice, nothing is left`, async () => {
      const moment = moments(steps, MOMENTS)[n];
      assert.ok(moment);
      await upgrade();
      const { holder, step } = await on.reach(uuid, moment.step, moment.ms);
      hit.push(holder && step);
      if (holder) await on.installation.killAndRestart(holder);
      await assertWhole(`killed ${holder} in ${step}`);
    });
  }

  it('has hit a conductor at work nearly each time, with the masters and with the workers', () => {
    assert.ok(hit.filter((step) => step !== null).length >= MOMENTS - 1, hit.join());
    for (const step of ['control-plane', 'workers']) assert.ok(hit.includes(step), hit.join());
  });

  it('leaves a cluster that can be deleted', async () => {
    await on.askDelete(uuid);
    await on.assertGone(uuid);
  });

  it('no secret is in the logs', () => on.refuseSecretsInLogs());
});
