import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClusterAddonEntity, OperationEntity } from '#libs/db';
import { FIELD_MANAGER } from '#libs/addons';
import { isConflict, isNotFound, type KubernetesObject } from '#libs/kubernetes';
import { TestInstallation } from './installation.js';

const METRICS = 'metrics-server';

/** Add-ons through the API, on simulated guests whose API server takes server-side apply. */
describe('the add-ons of a cluster', () => {
  let site: TestInstallation;
  let uuid: string;
  before(async () => {
    site = await TestInstallation.start();
    const template = await site.template({ network_driver: 'calico', volume_driver: 'cinder' });
    uuid = await site.create({ cluster_template_id: template, node_count: 1 });
    const cluster = await site.until(uuid, (one) => one?.status !== 'CREATE_IN_PROGRESS');
    assert.deepEqual([cluster?.status, cluster?.status_reason], ['CREATE_COMPLETE', null]);
  });
  after(() => site.close());

  const addon = async (name: string): Promise<ClusterAddonEntity> =>
    site.parts.source.manager.findOneByOrFail(ClusterAddonEntity, { clusterUuid: uuid, name });

  async function apply(object: KubernetesObject): Promise<KubernetesObject> {
    const [applied] = await site.withKube(uuid, (kube) => kube.apply(object, FIELD_MANAGER));
    assert.ok(applied);
    return applied;
  }

  /** Until the newest operation has ended; it must have gone well. */
  async function done(kind: string): Promise<void> {
    for (let look = 0; look < 600; look++) {
      const [newest] = await site.parts.source.manager.find(OperationEntity, {
        where: { clusterUuid: uuid },
        order: { id: 'DESC' },
        take: 1,
      });
      if (newest?.kind === kind && newest.status === 'complete') return;
      assert.ok(!newest || !['failed', 'aborted'].includes(newest.status), JSON.stringify(newest?.error));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`${kind} has not ended`);
  }

  it('are there when it is complete, each in the version that is wanted', async () => {
    const rows = await site.parts.source.manager.findBy(ClusterAddonEntity, { clusterUuid: uuid });
    const installed = rows.filter(({ status }) => status === 'installed').map(({ name }) => name);
    assert.deepEqual(installed.sort(), [
      'calico',
      'cinder-csi',
      'coredns',
      'keystone-auth',
      METRICS,
      'node-problem-detector',
      'openstack-cloud-controller-manager',
    ]);
    for (const { version, installedVersion, checksum, inventory } of rows.filter(({ enabled }) => enabled)) {
      assert.equal(installedVersion, version);
      assert.match(checksum ?? '', /^[0-9a-f]{64}$/);
      assert.ok(inventory.length > 0);
    }
  });

  it('get another version, go, and come back; the status of the cluster stays', async () => {
    await site.request('PATCH', `/clusters/${uuid}/addons/${METRICS}`, { version: 'v0.8.0' });
    await done('addons');
    assert.deepEqual([(await addon(METRICS)).installedVersion, (await addon(METRICS)).pinned], ['v0.8.0', true]);
    await site.request('PATCH', `/clusters/${uuid}/addons/${METRICS}`, { enabled: false });
    await done('addons');
    const off = await addon(METRICS);
    assert.deepEqual([off.status, off.installedVersion, off.inventory], ['disabled', null, []]);
    // Applied anew it would be a new object: what was there has gone.
    const made = await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: METRICS, namespace: 'kube-system' } });
    assert.equal((made.metadata['labels'] as object | undefined) ?? null, null);
    await site.request('PATCH', `/clusters/${uuid}/addons/${METRICS}`, { enabled: true, version: 'default' });
    await done('addons');
    assert.equal((await addon(METRICS)).installedVersion, 'v0.8.1');
    assert.equal((await site.cluster(uuid))?.status, 'CREATE_COMPLETE');
  });

  it('act by the cluster’s newest credential', async () => {
    const name = 'openstack-cloud-controller-manager';
    const before = await addon(name);
    await site.request('PATCH', `/credentials/${uuid}`);
    await done('rotate-credential');
    const after = await addon(name);
    assert.equal(after.installedVersion, before.installedVersion);
    assert.notEqual(after.checksum, before.checksum, 'its pods carry the trust that they act by');
  });

  it('a field that no kind has is refused by the cluster', async () => {
    const wrong = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'kube-system' }, datum: {} };
    await assert.rejects(
      apply(wrong),
      (error) => !isConflict(error) && !isNotFound(error) && /unknown field "datum"/.test(String(error)),
    );
  });
});
