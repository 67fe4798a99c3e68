import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NodeEntity } from '#libs/db';
import { TestInstallation } from './installation.js';

const ARCHIVES = {
  kube_tarball_url: 'https://mirror.example/kubernetes-node-linux-amd64.tar.gz',
  kube_tarball_sha256: 'a'.repeat(64),
  cni_tarball_url: 'https://mirror.example/cni-plugins-linux-amd64.tgz',
  cni_tarball_sha256: 'b'.repeat(64),
};

describe('clusters on systems that read Ignition', () => {
  let site: TestInstallation;
  before(async () => {
    site = await TestInstallation.start();
  });
  after(() => site.close());

  /** The guest of a Flatcar or Fedora CoreOS image starts nothing that is not Ignition. */
  async function made(template: string, overrides: object): Promise<string> {
    const uuid = await site.create({ cluster_template_id: template, ...overrides });
    const cluster = await site.until(uuid, (one) => one?.status !== 'CREATE_IN_PROGRESS');
    assert.deepEqual([cluster?.status, cluster?.status_reason], ['CREATE_COMPLETE', null]);
    return uuid;
  }

  async function gone(uuid: string): Promise<void> {
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (one) => one === null || one.status === 'DELETE_FAILED'), null);
  }

  it('Flatcar with Kubernetes in it: several masters, volumes, and a group of stock Debian nodes beside it', async () => {
    const before = await site.inventory();
    const template = await site.template({
      name: 'flatcar',
      image_id: 'flatcar-4459-kube-v1.36.4',
      docker_volume_size: 5,
      labels: { etcd_volume_size: '2', boot_volume_size: '10' },
    });
    const uuid = await made(template, { name: 'f1', master_count: 3, node_count: 1, master_lb_enabled: true });
    await site.request('POST', `/clusters/${uuid}/nodegroups`, { name: 'stock', image_id: 'debian-13', node_count: 1 });
    const cluster = await site.until(uuid, (one) => one?.status !== 'UPDATE_IN_PROGRESS');
    assert.deepEqual([cluster?.status, cluster?.status_reason], ['UPDATE_COMPLETE', null]);
    const nodes = await site.database.source.getRepository(NodeEntity).findBy({ clusterUuid: uuid });
    const systems = nodes.map(({ facts }) => facts?.imageDistro).toSorted();
    assert.deepEqual(systems, ['debian', 'flatcar', 'flatcar', 'flatcar', 'flatcar']);
    await gone(uuid);
    assert.deepEqual(await site.inventory(), before);
  });

  it('stock Fedora CoreOS is refused until something says where Kubernetes is, and then it is made', async () => {
    const template = await site.template({ name: 'coreos', image_id: 'fedora-coreos-43' });
    await assert.rejects(site.create({ cluster_template_id: template, name: 'c1' }), (error: Error & { status?: number }) => {
      assert.equal(error.status, 400);
      assert.match(error.message, /The image \(fedora-coreos\) has no Kubernetes .*kube_tarball_url/);
      return true;
    });
    const odd = await site.template({ name: 'odd', http_proxy: 'http://proxy.example; reboot' });
    await assert.rejects(site.create({ cluster_template_id: odd, name: 'c2' }), /400 .*http_proxy is not http:/);
    const uuid = await made(template, { name: 'c1', node_count: 1, labels: ARCHIVES });
    await gone(uuid);
  });
});
