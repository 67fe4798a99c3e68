import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { KubernetesError, type ClusterClient } from '#libs/kubernetes';
import { ClusterEntity } from '#libs/db';
import { ClusterKube } from '../src/kubernetes/cluster-kube.js';
import { TestInstallation } from './installation.js';

/** Three masters of the sandbox: membership as etcd counts it, asked for through their own pods. */
describe('the etcd of a cluster', () => {
  let site: TestInstallation;
  let row: ClusterEntity;
  let uuid: string;
  before(async () => {
    site = await TestInstallation.start();
    const template = await site.template({ master_lb_enabled: true });
    uuid = await site.create({ cluster_template_id: template, master_count: 3, node_count: 0 });
    const cluster = await site.until(uuid, (one) => /_(COMPLETE|FAILED)$/.test(one?.status ?? ''));
    assert.equal(cluster?.status_reason, null);
    row = await site.parts.source.manager.findOneByOrFail(ClusterEntity, { uuid });
  });
  after(async () => {
    await site?.close();
  });

  /** The load balancer still leads to API servers whose etcd is out, as long as their machines stand: another line, another server. */
  async function ask<T>(call: (kube: ClusterClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const kube = await new ClusterKube(site.parts.secrets).connect(row, 10);
      try {
        return await call(kube);
      } catch (error) {
        const isOut = error instanceof KubernetesError && /connection refused|did not open/.test(error.message);
        if (!isOut || attempt > 12) throw error;
      } finally {
        await kube.close();
      }
    }
  }

  it('has a voting member for each master, one of which leads', async () => {
    const members = await ask((kube) => kube.etcdMembers());
    assert.deepEqual(members.map((member) => member.name.replace(/^.*-(master-\d)$/, '$1')).toSorted(), [
      'master-0',
      'master-1',
      'master-2',
    ]);
    assert.ok(members.every((member) => member.answers && !member.learner && /^[0-9a-f]{16}$/.test(member.id)));
    assert.equal(members.filter((member) => member.leads).length, 1);
  });

  it('tells nodes that join which version to be made with', async () => {
    assert.equal(await ask((kube) => kube.setClusterVersion('v1.36.9')), true);
    assert.equal(await ask((kube) => kube.setClusterVersion('v1.36.9')), false);
    assert.equal(await ask((kube) => kube.setKubeProxyVersion('v1.36.9')), true);
    assert.equal(await ask((kube) => kube.setKubeProxyVersion('v1.36.9')), false);
  });

  it('passes its leadership on and lets a member go, once', async () => {
    const leader = (await ask((kube) => kube.etcdMembers())).find((member) => member.leads);
    assert.ok(leader);
    const of = { nodeName: leader.name, address: null };
    assert.equal(await ask((kube) => kube.removeEtcdMember(of)), true);
    assert.equal(await ask((kube) => kube.removeEtcdMember(of)), false);
    const left = await ask((kube) => kube.etcdMembers());
    assert.equal(left.length, 2);
    assert.equal(left.filter((member) => member.leads).length, 1);
  });
});
